/// The checkpoint as a type: a child that is cloned, prepared, and waits before its exec.
#pragma once

#include <linx/fd.hpp>
#include <linx/process.hpp>
#include <linx/result.hpp>

#include <memory>
#include <variant>

namespace linx {

/// The work goes on: poll `fd()`, then call `advance()` again.
struct Pending {};

class LaunchState;

/// A child on its way from the checkpoint to exec. Dropping it kills and reaps the child.
class Proceeding {
public:
    Proceeding(Proceeding&&) noexcept;
    Proceeding& operator=(Proceeding&&) noexcept;
    ~Proceeding();

    /// Readable when `advance` can do something. The same descriptor during its whole life.
    [[nodiscard]] FdRef fd() const noexcept;
    /// Never blocks. After a Process or an Error it must not be called again.
    [[nodiscard]] Result<std::variant<Pending, Process>> advance();
    /// As `Launch::involves`.
    [[nodiscard]] bool involves(pid_t pid) const noexcept;

private:
    friend class LaunchFactory;
    explicit Proceeding(std::unique_ptr<LaunchState> state) noexcept;
    std::unique_ptr<LaunchState> state_;
};

/// A child parked at the checkpoint: it has its pid and its namespaces, and has not run one
/// instruction of its program. Dropping it kills and reaps it.
class Held {
public:
    Held(Held&&) noexcept;
    Held& operator=(Held&&) noexcept;
    ~Held();

    /// The child's pid, as the launcher sees it.
    [[nodiscard]] pid_t host_pid() const noexcept;
    /// The child's pid, as it sees itself: 1 in a fresh pid namespace.
    [[nodiscard]] pid_t child_pid() const noexcept;
    [[nodiscard]] FdRef pidfd() const noexcept;
    /// Readable when the child died while it waited (somebody killed it): then proceed fails and abort
    /// succeeds.
    [[nodiscard]] FdRef checkpoint_fd() const noexcept;

    /// Lets the child seal itself and execute its program. A failure of a later step, execve's
    /// included, is the Error; the child is gone then. The exec is known by end of file on the
    /// checkpoint socket: a process that another thread of yours forked in the instant of the clone,
    /// and that never executes anything, holds a copy of it and delays the answer. Patience ends that.
    [[nodiscard]] Result<Process> proceed(const Patience& patience = {}) &&;
    /// The same without blocking.
    [[nodiscard]] Result<Proceeding> start_proceed() &&;
    /// Kills and reaps the child; its program never ran.
    Result<void> abort() &&;

private:
    friend class LaunchFactory;
    explicit Held(std::unique_ptr<LaunchState> state) noexcept;
    std::unique_ptr<LaunchState> state_;
};

}  // namespace linx
