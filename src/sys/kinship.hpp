/// Whose child a process is, as /proc says; and what a process that takes over orphans needs.
#pragma once

#include "sys/outcome.hpp"

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace linx::sys {

/// Some fields of `/proc/PID/stat` (`proc(5)`).
struct ProcessStatus {
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    /// Clock ticks since boot: with its pid, it names a process for good.
    std::uint64_t start_time = 0;
    bool is_zombie = false;
};
/// ESRCH or ENOENT when there is no such process.
[[nodiscard]] Outcome<ProcessStatus> status_of_process(pid_t pid);

/// The children of all threads of a process (`/proc/PID/task/TID/children`, CONFIG_PROC_CHILDREN). ENOENT
/// where the process is gone, or the kernel has no such file.
[[nodiscard]] Outcome<std::vector<pid_t>> children_of(pid_t pid);
/// Every pid in /proc.
[[nodiscard]] Outcome<std::vector<pid_t>> all_processes();

/// Orphaned descendants become children of the caller (`PR_SET_CHILD_SUBREAPER`).
[[nodiscard]] Outcome<void> become_subreaper();
/// No process of another user, and none of a workload's, can look inside the caller (`PR_SET_DUMPABLE`).
[[nodiscard]] Outcome<void> hide_from_ptrace();

/// A child that has ended and waits to be reaped, which this does not do; empty when there is none.
/// ECHILD when there are no children at all.
[[nodiscard]] Outcome<std::optional<pid_t>> peek_ended_child();
/// Reaps a child that has ended.
[[nodiscard]] Outcome<void> reap_child(pid_t pid);

}  // namespace linx::sys
