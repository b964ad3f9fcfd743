/// Reads a validated frame, term after term, through ei.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace linx::etf {

/// What stands next, in the words of an error message.
enum class Kind : std::uint8_t { atom, integer, real, binary, list, tuple, map };
[[nodiscard]] const char* words(Kind kind) noexcept;

/// A place in a frame. Each function answers with the term that stands there, if it is of that kind, and
/// goes on behind it; else it stays. After a tuple, a list or a map, its elements follow.
class Reader {
public:
    /// The frame must have passed `validate` and outlive this.
    explicit Reader(std::span<const unsigned char> frame) noexcept;

    [[nodiscard]] Kind kind() const;
    [[nodiscard]] std::optional<std::string> atom();
    /// A whole number that 64 bits hold.
    [[nodiscard]] std::optional<std::int64_t> integer();
    [[nodiscard]] std::optional<std::uint64_t> natural();
    /// A binary as it is, or a charlist (as Erlang's strings are), which is turned into UTF-8.
    [[nodiscard]] std::optional<std::string> text();
    /// A list of whole numbers, however it is encoded.
    [[nodiscard]] std::optional<std::vector<std::int64_t>> integers();
    /// The number of elements, which follow.
    [[nodiscard]] std::optional<std::size_t> tuple();
    /// The number of elements, which follow; the empty tail of a list is stepped over by `end_of_list`.
    [[nodiscard]] std::optional<std::size_t> list();
    void end_of_list(std::size_t count);
    /// The number of pairs; key and value of each follow.
    [[nodiscard]] std::optional<std::size_t> map();
    void skip();
    /// The term that stands here, as a person can read it, cut to a length that fits into a message.
    [[nodiscard]] std::string shown() const;

private:
    [[nodiscard]] unsigned char tag() const;
    [[nodiscard]] std::string latin1();
    [[nodiscard]] std::span<const unsigned char> string_bytes();

    std::span<const unsigned char> frame_;
    const char* buffer_;
    int at_ = 0;
};

}  // namespace linx::etf
