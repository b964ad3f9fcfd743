/// The requests' end of the channel: cuts the bytes of fd 3 into frames.
#pragma once

#include <linx/fd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace linx::agent {

inline constexpr std::size_t longest_frame = std::size_t{1} << 20;

class Inlet {
public:
    /// The descriptor must not block.
    explicit Inlet(FdRef fd) noexcept : fd_(fd) {}

    enum class Filled : std::uint8_t { some, nothing, end };
    /// Reads what is there, one read's worth.
    [[nodiscard]] Filled fill();

    /// A frame without its length; valid until the next fill.
    using Frame = std::span<const unsigned char>;
    /// One that is longer than `longest_frame`: its bytes are skipped as they come.
    struct TooLong {
        std::size_t length = 0;
    };
    /// The next whole frame of what was read.
    [[nodiscard]] std::optional<std::variant<Frame, TooLong>> next();

private:
    void skip();

    FdRef fd_;
    std::vector<unsigned char> bytes_;
    std::size_t begin_ = 0;     ///< of what was not given out yet
    std::size_t skipping_ = 0;  ///< bytes still to come of a frame that was too long
};

}  // namespace linx::agent
