#include "launch/kin.hpp"

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/wait.h>

namespace linx::launch {

namespace {

constexpr int end_by_itself_ms = 2000;
constexpr int end_by_kill_ms = 5000;
constexpr int finish_dying_ms = 100;

/// True when the process has ended within that time. EINTR starts the wait again, so that a storm
/// of signals cannot cut it short; the wait is the bound of a bound.
bool ends_within(FdRef pidfd, int milliseconds) noexcept {
    pollfd entry = {.fd = pidfd.number(), .events = POLLIN, .revents = 0};
    int ready = 0;
    do {
        ready = ::poll(&entry, 1, milliseconds);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

std::chrono::microseconds duration(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

Kin& Kin::operator=(Kin&& other) noexcept {
    if (this != &other) {
        kill_and_reap();
        pidfd_ = std::move(other.pidfd_);
        pid_ = other.pid_;
    }
    return *this;
}

sys::Outcome<std::string> Kin::proc() const {
    const auto number = sys::pid_of(pidfd_.ref());
    if (!number) {
        return std::unexpected(number.error());
    }
    return "/proc/" + std::to_string(*number);
}

bool Kin::has_ended() const {
    const auto waited = sys::waitid(pidfd_.ref(), WEXITED | WNOHANG | WNOWAIT);
    return !waited || waited->has_value();
}

void Kin::give_time_to_end() const noexcept {
    (void)ends_within(pidfd_.ref(), finish_dying_ms);
}

sys::Outcome<std::optional<sys::Waited>> Kin::try_reap() {
    auto waited = sys::waitid(pidfd_.ref(), WEXITED | WNOHANG);
    if (!waited || waited->has_value()) {
        pidfd_.reset();
    }
    return waited;
}

void Kin::kill_and_reap() noexcept {
    if (!pidfd_.is_open()) {
        return;
    }
    const auto killed = sys::pidfd_send_signal(pidfd_.ref(), SIGKILL);
    if (!killed && killed.error() == ENOSYS) {
        // A seccomp filter from before Linux 5.1. An unreaped child keeps its number: no stranger is hit,
        // and kill_and_reap is called for nothing else.
        ::kill(pid_, SIGKILL);
    }
    if (ends_within(pidfd_.ref(), end_by_kill_ms)) {
        (void)sys::waitid(pidfd_.ref(), WEXITED | WNOHANG);
    }
    pidfd_.reset();
}

void Kin::let_end_and_reap() noexcept {
    if (pidfd_.is_open()) {
        (void)ends_within(pidfd_.ref(), end_by_itself_ms);
    }
    kill_and_reap();
}

ExitStatus exit_status(const sys::Waited& waited) {
    ExitStatus status{.how = Exited{waited.info.si_status}, .usage = {}};
    if (waited.info.si_code != CLD_EXITED) {
        status.how =
            Signaled{.signum = waited.info.si_status, .core_dumped = waited.info.si_code == CLD_DUMPED};
    }
    status.usage = {.user_time = duration(waited.usage.ru_utime),
                    .system_time = duration(waited.usage.ru_stime),
                    .peak_memory_kib = waited.usage.ru_maxrss};
    return status;
}

}  // namespace linx::launch
