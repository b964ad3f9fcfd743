/// The clone itself. It stands here, and not with the launcher, so that the child's side of it can
/// return into no code but the child's.
#pragma once

#include "child/step.hpp"

#include <cstdint>

namespace linx::child {

struct CloneRequest {
    /// CLONE_NEW*, CLONE_PARENT. CLONE_PIDFD and CLONE_CLEAR_SIGHAND are always added.
    std::uint64_t flags = 0;
    /// A cgroup v2 directory to be born in (CLONE_INTO_CGROUP, Linux 5.7); -1 for the caller's.
    int cgroup = -1;
};

struct CloneAnswer {
    /// The child's pid, or -errno.
    long pid = 0;
    int pidfd = -1;
};

/// Clones the calling thread and runs `program` in the child, whose exit signal is SIGCHLD. The
/// caller blocks all signals before and restores them after. Where `clone3` answers ENOSYS (a
/// seccomp filter from before Linux 5.3), `clone` does what it can: no time namespace, no cgroup.
[[nodiscard]] CloneAnswer clone_and_run(const CloneRequest& request, const Program& program) noexcept;

/// The clone alone: the child comes back with pid 0. For code of this folder.
[[nodiscard]] CloneAnswer clone_here(const CloneRequest& request) noexcept;

}  // namespace linx::child
