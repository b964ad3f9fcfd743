/// A running workload, held by its pidfd.
#pragma once

#include <linx/fd.hpp>
#include <linx/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>

#include <sys/types.h>

namespace linx {

/// How long a blocking call may take, and what else ends it. Default: no end, no way to interrupt.
struct Patience {
    /// The call fails with ETIMEDOUT after this.
    std::optional<std::chrono::milliseconds> timeout{};
    /// The call fails with ECANCELED when this descriptor becomes readable (an eventfd, a pipe, a signalfd).
    std::optional<FdRef> cancel{};
};

/// CPU time and memory of the workload and those of its descendants it has waited for (`getrusage(2)`).
struct Usage {
    std::chrono::microseconds user_time{};
    std::chrono::microseconds system_time{};
    /// Peak resident memory, KiB.
    std::int64_t peak_memory_kib = 0;
};

struct Exited {
    int code = 0;  ///< 0 to 255
};
struct Signaled {
    int signum = 0;
    bool core_dumped = false;
};

/// How a workload ended.
struct ExitStatus {
    std::variant<Exited, Signaled> how{};
    Usage usage;
    /// The exit code a shell would show: the code, or 128 + the signal.
    [[nodiscard]] int shell_code() const noexcept;
};

/// Owns a running workload. Dropping it kills and reaps the workload (what the workload started
/// lives on, but for the members of a pid namespace that it is the init of); `detach` lets it go. With
/// `ProcessSpec::init` it is the init that is killed and reaped, and the kernel kills the workload with it.
class Process {
public:
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    /// For display and for `/proc`; signals and waits go through the pidfd. With `ProcessSpec::init`, the
    /// init's.
    [[nodiscard]] pid_t host_pid() const noexcept { return host_pid_; }
    /// Becomes readable when the workload has ended (`pidfd_open(2)`).
    [[nodiscard]] FdRef pidfd() const noexcept { return pidfd_.ref(); }

    /// Sends a signal (`pidfd_send_signal(2)`). ESRCH once it was reaped; EPERM after it changed its ids.
    /// A pid namespace's init never sees a signal that it has no handler for, but for SIGKILL and SIGSTOP:
    /// the cure is `ProcessSpec::init`, which forwards to the workload.
    Result<void> signal(int signum) const;
    /// Waits for the end and reaps. With `ProcessSpec::init` the end that is told is the workload's, or the
    /// init's own when that was killed. ECHILD: somebody else reaped it (`waitpid(-1)`). ETIMEDOUT,
    /// ECANCELED: see Patience.
    Result<ExitStatus> wait(const Patience& patience = {});
    /// The same without blocking; empty while it runs.
    Result<std::optional<ExitStatus>> try_wait();
    /// The signal that stopped it since the last call, if one did (`WSTOPPED`). Stops do not wake a pidfd:
    /// wait for SIGCHLD.
    Result<std::optional<int>> try_wait_stopped() const;
    /// Gives up ownership: the workload lives on; whoever holds the pidfd reaps it.
    [[nodiscard]] Fd detach() && noexcept;

private:
    friend class LaunchFactory;
    Process(Fd pidfd, pid_t host_pid, Fd report) noexcept;
    void kill_and_reap() noexcept;
    [[nodiscard]] Result<void> send(int signum) const;
    [[nodiscard]] Result<std::optional<ExitStatus>> reap();

    Fd pidfd_;
    pid_t host_pid_ = -1;
    /// From the init, if there is one: how the workload ended.
    Fd report_;
    std::optional<ExitStatus> ended_;
};

}  // namespace linx
