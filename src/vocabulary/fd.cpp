#include <linx/fd.hpp>

#include <cerrno>

#include <unistd.h>

namespace linx {

void Fd::reset() noexcept {
    if (number_ < 0) {
        return;
    }
    const int saved_errno = errno;
    ::close(std::exchange(number_, -1));
    errno = saved_errno;
}

}  // namespace linx
