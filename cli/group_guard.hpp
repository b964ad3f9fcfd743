/// What becomes of a process group when linx is killed and can no longer do anything about it.
#pragma once

#include <linx/result.hpp>

#include <utility>

#include <sys/types.h>

namespace linx::cli {

/// Kills a process group, all of it, when linx dies. A parent-death signal alone reaches the leader and
/// nothing that the leader has started: the kernel forgets it at each fork. So there is a process, a member
/// of the group, that waits for linx's death and does nothing else. As a member it keeps the group's number
/// from going to another, and what leaves the group leaves its reach. Dropped, it is gone and the group goes
/// on.
class GroupGuard {
public:
    /// On return the guard is in the group, whose leader must live until then.
    [[nodiscard]] static Result<GroupGuard> over(pid_t group);
    GroupGuard(GroupGuard&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    GroupGuard& operator=(GroupGuard&&) noexcept = delete;
    ~GroupGuard();

private:
    explicit GroupGuard(pid_t pid) noexcept : pid_(pid) {}

    pid_t pid_;
};

}  // namespace linx::cli
