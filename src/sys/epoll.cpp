#include "sys/epoll.hpp"

#include <algorithm>
#include <limits>

namespace linx::sys {

namespace {

Outcome<void> control(FdRef epoll, int operation, FdRef fd, std::uint32_t events, std::uint64_t data) {
    epoll_event event{.events = events, .data = {.u64 = data}};
    const auto done = checked(::epoll_ctl(epoll.number(), operation, fd.number(), &event));
    return done ? Outcome<void>{} : std::unexpected(done.error());
}

}  // namespace

Outcome<Fd> open_epoll() {
    const auto fd = checked(::epoll_create1(EPOLL_CLOEXEC));
    return fd ? Outcome<Fd>{Fd{*fd}} : std::unexpected(fd.error());
}

Outcome<void> epoll_add(FdRef epoll, FdRef fd, std::uint32_t events, std::uint64_t data) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, data);
}

Outcome<void> epoll_change(FdRef epoll, FdRef fd, std::uint32_t events, std::uint64_t data) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, data);
}

Outcome<void> epoll_remove(FdRef epoll, FdRef fd) {
    return control(epoll, EPOLL_CTL_DEL, fd, 0, 0);
}

Outcome<std::span<epoll_event>> epoll_wait(FdRef epoll, std::span<epoll_event> room,
                                           std::optional<std::chrono::milliseconds> timeout) {
    constexpr std::int64_t longest = std::numeric_limits<int>::max();
    const int wait = timeout ? static_cast<int>(std::clamp<std::int64_t>(timeout->count(), 0, longest)) : -1;
    const auto count =
        checked(::epoll_wait(epoll.number(), room.data(), static_cast<int>(room.size()), wait));
    if (!count && count.error() != EINTR) {
        return std::unexpected(count.error());
    }
    return room.first(static_cast<std::size_t>(count.value_or(0)));
}

}  // namespace linx::sys
