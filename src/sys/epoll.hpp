/// The kernel's readiness queue (`epoll(7)`), level-triggered; one function, one call.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/epoll.h>

namespace linx::sys {

/// A new, close-on-exec epoll descriptor.
[[nodiscard]] Outcome<Fd> open_epoll();
/// Watches a descriptor for these EPOLL* events; `data` comes back with each.
[[nodiscard]] Outcome<void> epoll_add(FdRef epoll, FdRef fd, std::uint32_t events, std::uint64_t data);
[[nodiscard]] Outcome<void> epoll_change(FdRef epoll, FdRef fd, std::uint32_t events, std::uint64_t data);
[[nodiscard]] Outcome<void> epoll_remove(FdRef epoll, FdRef fd);
/// The events that are there, or come within the time (none: for ever); EINTR gives none.
[[nodiscard]] Outcome<std::span<epoll_event>> epoll_wait(FdRef epoll, std::span<epoll_event> room,
                                                         std::optional<std::chrono::milliseconds> timeout);

}  // namespace linx::sys
