/// Processes by pidfd: pinning, signalling, waiting; and what the calling thread is.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <cstdint>
#include <optional>

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

namespace linx::sys {

/// `pidfd_open(2)`, Linux 5.3. EINVAL for a thread that is not its group's leader.
[[nodiscard]] Outcome<Fd> pidfd_open(pid_t pid);
/// `pidfd_send_signal(2)`, Linux 5.1. Signal 0 asks whether the process is there.
[[nodiscard]] Outcome<void> pidfd_send_signal(FdRef pidfd, int signum);
/// The pid behind a pidfd, as this pid namespace sees it; ESRCH when it was reaped, EINVAL for another kind
/// of descriptor.
[[nodiscard]] Outcome<pid_t> pid_of(FdRef pidfd);

struct Waited {
    siginfo_t info{};
    rusage usage{};
};
/// `waitid(2)` on a pidfd (Linux 5.4), with the resource usage that only the raw call gives. Empty
/// when WNOHANG was asked for and nothing has happened.
[[nodiscard]] Outcome<std::optional<Waited>> waitid(FdRef pidfd, int options);

/// The effective capabilities of the calling thread, bit n for capability n (`capget(2)`).
[[nodiscard]] Outcome<std::uint64_t> effective_capabilities();

/// Would the kernel throw away the exit status of a child (SIGCHLD ignored, SA_NOCLDWAIT)?
[[nodiscard]] bool discards_children() noexcept;

/// Blocks every signal of the calling thread, those that libc keeps for itself too, while it lives.
class AllSignalsBlocked {
public:
    AllSignalsBlocked();
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
    ~AllSignalsBlocked();
    /// The errno of a failed block, or 0.
    [[nodiscard]] int error() const noexcept { return error_; }

private:
    std::uint64_t before_ = 0;
    int error_ = 0;
};

}  // namespace linx::sys
