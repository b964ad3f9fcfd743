#include "agent/inlet.hpp"

#include "sys/byte_stream.hpp"

#include <algorithm>
#include <cerrno>

namespace linx::agent {

namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::size_t one_read = 16384;
/// What is kept of the memory that a large frame took.
constexpr std::size_t memory_kept = 65536;

}  // namespace

Inlet::Filled Inlet::fill() {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
    if (bytes_.empty() && bytes_.capacity() > memory_kept) {
        bytes_ = {};
    }
    const std::size_t before = bytes_.size();
    bytes_.resize(before + one_read);
    const auto got = sys::read_some(fd_, std::span(bytes_).subspan(before));
    bytes_.resize(before + got.value_or(0));
    if (!got) {
        return got.error() == EAGAIN ? Filled::nothing : Filled::end;
    }
    skip();
    return *got == 0 ? Filled::end : Filled::some;
}

void Inlet::skip() {
    const std::size_t now = std::min(skipping_, bytes_.size() - begin_);
    begin_ += now;
    skipping_ -= now;
}

std::optional<std::variant<Inlet::Frame, Inlet::TooLong>> Inlet::next() {
    const Frame rest = std::span<const unsigned char>(bytes_).subspan(begin_);
    if (skipping_ > 0 || rest.size() < length_bytes) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) {
        length = length << 8 | rest[i];
    }
    if (length > longest_frame) {
        begin_ += length_bytes;
        skipping_ = length;
        skip();
        return TooLong{length};
    }
    if (rest.size() - length_bytes < length) {
        return std::nullopt;
    }
    begin_ += length_bytes + length;
    return rest.subspan(length_bytes, length);
}

}  // namespace linx::agent
