#include <linx/process.hpp>

#include "launch/guard.hpp"
#include "launch/kin.hpp"
#include "launch/last_words.hpp"
#include "launch/patience.hpp"

#include <array>
#include <cerrno>

#include <sys/wait.h>

namespace linx {

int ExitStatus::shell_code() const noexcept {
    const auto* exited = std::get_if<Exited>(&how);
    return exited != nullptr ? exited->code : 128 + std::get_if<Signaled>(&how)->signum;
}

Process::Process(Fd pidfd, pid_t host_pid, Fd report) noexcept
    : pidfd_(std::move(pidfd)), host_pid_(host_pid), report_(std::move(report)) {}

Process::Process(Process&& other) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        kill_and_reap();
        pidfd_ = std::move(other.pidfd_);
        host_pid_ = other.host_pid_;
        report_ = std::move(other.report_);
        ended_ = other.ended_;
    }
    return *this;
}

Process::~Process() {
    kill_and_reap();
}

void Process::kill_and_reap() noexcept {
    if (pidfd_.is_open() && !ended_) {
        launch::Kin{std::move(pidfd_), host_pid_}.kill_and_reap();
    }
}

Result<void> Process::signal(int signum) const {
    return launch::guarded([this, signum] { return send(signum); });
}

Result<void> Process::send(int signum) const {
    const auto sent = ended_ ? std::unexpected(ESRCH) : sys::pidfd_send_signal(pidfd_.ref(), signum);
    if (!sent) {
        return failed(Stage::signal, sent.error(), "signal " + std::to_string(signum));
    }
    return {};
}

Result<std::optional<ExitStatus>> Process::try_wait() {
    return launch::guarded([this] { return reap(); });
}

Result<std::optional<ExitStatus>> Process::reap() {
    if (ended_) {
        return ended_;
    }
    const auto waited = sys::waitid(pidfd_.ref(), WEXITED | WNOHANG);
    if (!waited) {
        Error error{.stage = Stage::wait, .errnum = waited.error(), .detail = {}, .hint = {}};
        if (waited.error() == ECHILD) {
            error.hint = "it is not, or no longer, a child of this process: somebody else has reaped it";
        }
        return std::unexpected(std::move(error));
    }
    if (*waited) {
        ended_ = launch::exit_status(**waited);
        if (report_.is_open()) {
            ended_->how = launch::last_words(report_.ref()).value_or(ended_->how);
            report_.reset();
        }
    }
    return ended_;
}

Result<ExitStatus> Process::wait(const Patience& patience) {
    const launch::Deadline deadline{patience};
    while (true) {
        if (const auto ended = LINX_TRY(try_wait())) {
            return *ended;
        }
        LINX_TRY(deadline.until_readable(std::array{pidfd_.ref()}, Stage::wait));
    }
}

Result<std::optional<int>> Process::try_wait_stopped() const {
    if (ended_) {
        return std::nullopt;
    }
    const auto waited = sys::waitid(pidfd_.ref(), WSTOPPED | WNOHANG);
    if (!waited) {
        return failed(Stage::wait, waited.error());
    }
    if (!*waited) {
        return std::nullopt;
    }
    return (*waited)->info.si_status;
}

Fd Process::detach() && noexcept {
    return std::move(pidfd_);
}

}  // namespace linx
