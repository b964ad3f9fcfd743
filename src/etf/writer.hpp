/// Writes one frame: its length, and a term, through ei.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <ei.h>

namespace linx::etf {

/// Terms are written in order; after a tuple, list or map header its elements must follow.
class Writer {
public:
    Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer();

    Writer& atom(std::string_view name);
    Writer& boolean(bool value);
    Writer& integer(std::int64_t value);
    Writer& binary(std::string_view bytes);
    Writer& tuple(int arity);
    Writer& map(int pairs);
    /// A list of that many elements; `end_of_list` follows them.
    Writer& list(int count);
    Writer& end_of_list();

    /// The frame, its length in front; empty when there was no memory for it. Valid until the next write.
    [[nodiscard]] std::span<const char> frame();
    /// Ready for another frame in the same memory.
    void restart();

private:
    void check(int answer);

    ei_x_buff buffer_{};
    bool complete_ = true;
};

}  // namespace linx::etf
