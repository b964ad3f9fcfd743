#include "launch/watch.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/epoll.h>

namespace linx::launch {

Result<void> Watch::open() {
    if (epoll_.is_open()) {
        return {};
    }
    epoll_ = Fd{::epoll_create1(EPOLL_CLOEXEC)};
    return epoll_.is_open() ? Result<void>{} : failed(Stage::epoll, errno);
}

/// Descriptors come, go, and come again under the same number, so the set is made anew each time. It is
/// emptied before any of them is closed: a process that was forked meanwhile may hold a copy, and what
/// is closed here only would stay in the set, readable for ever.
Result<void> Watch::set(std::span<const FdRef> fds) {
    if (std::ranges::equal(fds, watched_, {}, &FdRef::number)) {
        return {};
    }
    for (const int number : watched_) {
        ::epoll_ctl(epoll_.ref().number(), EPOLL_CTL_DEL, number, nullptr);
    }
    watched_.clear();
    for (const FdRef fd : fds) {
        epoll_event event = {.events = EPOLLIN, .data = {.fd = fd.number()}};
        if (::epoll_ctl(epoll_.ref().number(), EPOLL_CTL_ADD, fd.number(), &event) < 0) {
            return failed(Stage::epoll, errno);
        }
        watched_.push_back(fd.number());
    }
    return {};
}

}  // namespace linx::launch
