#include "launch/patience.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>

namespace linx::launch {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_fds = 8;

timespec remaining(Clock::time_point end) {
    const auto left = std::max(Clock::duration::zero(), end - Clock::now());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    return {.tv_sec = seconds.count(),
            .tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
}

}  // namespace

Deadline::Deadline(const Patience& patience) : cancel_(patience.cancel) {
    // A timeout beyond the clock's own end is none.
    const auto now = Clock::now();
    if (patience.timeout && *patience.timeout < std::chrono::duration_cast<std::chrono::milliseconds>(
                                                    Clock::time_point::max() - now)) {
        end_ = now + *patience.timeout;
    }
}

Result<void> Deadline::until_readable(std::span<const FdRef> fds, Stage stage) const {
    std::array<pollfd, most_fds + 1> entries{};
    nfds_t count = 0;
    for (const FdRef fd : fds) {
        entries[count++] = {.fd = fd.number(), .events = POLLIN, .revents = 0};
    }
    const nfds_t own = count;
    if (cancel_) {
        entries[count++] = {.fd = cancel_->number(), .events = POLLIN, .revents = 0};
    }
    while (true) {
        const timespec left = end_ ? remaining(*end_) : timespec{};
        const int ready = ::ppoll(entries.data(), count, end_ ? &left : nullptr, nullptr);
        if (ready < 0 && errno != EINTR) {
            return failed(stage, errno);
        }
        if (ready == 0) {
            return failed(stage, ETIMEDOUT);
        }
        if (ready > 0 && cancel_ && entries[own].revents != 0) {
            return failed(stage, ECANCELED);
        }
        if (ready > 0) {
            return {};
        }
    }
}

}  // namespace linx::launch
