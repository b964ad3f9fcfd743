#include "agent/outlet.hpp"

#include "sys/byte_stream.hpp"

#include <cerrno>
#include <utility>

namespace linx::agent {

void Outlet::put(std::span<const char> frame) {
    bytes_.insert(bytes_.end(), frame.begin(), frame.end());
}

void Outlet::put_before(std::size_t mark, std::span<const char> frame) {
    bytes_.insert(bytes_.begin() + static_cast<std::ptrdiff_t>(mark), frame.begin(), frame.end());
}

Outlet::Flushed Outlet::flush() {
    constexpr std::size_t memory_kept = 65536;
    while (waiting() > 0) {
        const auto put = sys::write_some(fd_, std::span<const char>(bytes_).subspan(begin_));
        if (!put) {
            return put.error() == EAGAIN ? Flushed::blocked : Flushed::broken;
        }
        begin_ += *put;
        // A reader that never quite catches up must not make what was read long ago pile up.
        if (begin_ > memory_kept && begin_ > waiting()) {
            bytes_.erase(bytes_.begin(),
                         bytes_.begin() + static_cast<std::ptrdiff_t>(std::exchange(begin_, 0)));
        }
    }
    bytes_.clear();
    begin_ = 0;
    if (bytes_.capacity() > memory_kept) {
        bytes_.shrink_to_fit();
    }
    return Flushed::all;
}

}  // namespace linx::agent
