#include "sys/byte_stream.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace linx::sys {

Outcome<void> set_private_and_nonblocking(FdRef fd) {
    const auto flags = checked(::fcntl(fd.number(), F_GETFL));
    if (!flags || ::fcntl(fd.number(), F_SETFL, *flags | O_NONBLOCK) < 0 ||
        ::fcntl(fd.number(), F_SETFD, FD_CLOEXEC) < 0) {
        return std::unexpected(errno);
    }
    return {};
}

Outcome<std::size_t> read_some(FdRef fd, std::span<unsigned char> room) {
    for (;;) {
        const ssize_t got = ::read(fd.number(), room.data(), room.size());
        if (got >= 0) {
            return static_cast<std::size_t>(got);
        }
        if (errno != EINTR) {
            return std::unexpected(errno);
        }
    }
}

Outcome<std::size_t> write_some(FdRef fd, std::span<const char> bytes) {
    for (;;) {
        const ssize_t put = ::write(fd.number(), bytes.data(), bytes.size());
        if (put >= 0) {
            return static_cast<std::size_t>(put);
        }
        if (errno != EINTR) {
            return std::unexpected(errno);
        }
    }
}

}  // namespace linx::sys
