/// Launching: from a spec to a child at the checkpoint, blocking or driven by your own event loop.
#pragma once

#include <linx/held.hpp>
#include <linx/plan.hpp>
#include <linx/process.hpp>
#include <linx/result.hpp>
#include <linx/spec.hpp>

#include <memory>
#include <variant>

namespace linx {

/// A launch under way. Dropping it kills and reaps whatever it has cloned.
class Launch {
public:
    Launch(Launch&&) noexcept;
    Launch& operator=(Launch&&) noexcept;
    ~Launch();

    /// Readable when `advance` can do something. The same descriptor during its whole life.
    [[nodiscard]] FdRef fd() const noexcept;
    /// Never blocks; but when the launch has failed, what it has cloned is killed and waited for: an
    /// instant, and seconds at most for a process that even SIGKILL does not end. After a Held or an
    /// Error it must not be called again.
    [[nodiscard]] Result<std::variant<Pending, Held>> advance();
    /// Says *proceed* in advance: the child does not stop at its checkpoint, and `advance` leads to a Held
    /// all the same, whose child may have executed its program already. After an Error the launch is over.
    [[nodiscard]] Result<void> proceed();
    /// Is this one of the processes that the launch has cloned and will reap? For a program that reaps
    /// orphans too (a subreaper, an init): it looks with `waitid(WNOWAIT)` and leaves these alone.
    [[nodiscard]] bool involves(pid_t pid) const noexcept;

private:
    friend class LaunchFactory;
    explicit Launch(std::unique_ptr<LaunchState> state) noexcept;
    std::unique_ptr<LaunchState> state_;
};

/// Starts a launch and returns at once. What takes no waiting is done here and may fail here: a plain
/// launch has cloned already. A file that cannot be opened is always an error of `advance`.
/// The descriptors that the workload inherits or is given must stay as they are until the launch is held.
/// Where it opens files (StdioFile), the calling thread must live until the launch is held: the process
/// that opens them ends with the thread that started it.
/// The caller's SIGCHLD must not be ignored, nor have SA_NOCLDWAIT (Stage::sigchld): the kernel would
/// throw the exit status away.
[[nodiscard]] Result<Launch> start(const ProcessSpec& spec);
[[nodiscard]] Result<Launch> start(LaunchPlan plan);

/// Launches up to the checkpoint and blocks until the child is there, or the launch has failed.
[[nodiscard]] Result<Held> spawn(const ProcessSpec& spec, const Patience& patience = {});
[[nodiscard]] Result<Held> spawn(LaunchPlan plan, const Patience& patience = {});

/// The same inside the namespaces of a living process.
[[nodiscard]] Result<Launch> start_enter(const Target& target, const ProcessSpec& spec);
[[nodiscard]] Result<Held> enter(const Target& target, const ProcessSpec& spec,
                                 const Patience& patience = {});

}  // namespace linx
