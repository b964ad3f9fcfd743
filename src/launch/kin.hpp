/// A process that a launch has cloned: reaped once, by its owner, whatever happens.
#pragma once

#include "sys/process.hpp"

#include <linx/fd.hpp>
#include <linx/process.hpp>

#include <optional>
#include <string>

namespace linx::launch {

class Kin {
public:
    Kin() noexcept = default;
    Kin(Fd pidfd, pid_t pid) noexcept : pidfd_(std::move(pidfd)), pid_(pid) {}
    Kin(Kin&&) noexcept = default;
    Kin& operator=(Kin&& other) noexcept;
    ~Kin() { kill_and_reap(); }

    [[nodiscard]] bool exists() const noexcept { return pidfd_.is_open(); }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] FdRef pidfd() const noexcept { return pidfd_.ref(); }

    /// Its directory in the /proc that is mounted here, which may be that of another pid namespace and
    /// number it otherwise. ESRCH when it has no number there, or no process any more.
    [[nodiscard]] sys::Outcome<std::string> proc() const;

    /// Is it dead, reaped or not?
    [[nodiscard]] bool has_ended() const;
    /// For one that is known to be dying: waits a tenth of a second at most.
    void give_time_to_end() const noexcept;
    /// Reaps it if it is dead.
    [[nodiscard]] sys::Outcome<std::optional<sys::Waited>> try_reap();
    /// Kills it, waits for its end, and reaps. A process that even SIGKILL does not end within
    /// seconds (it sits in a dead filesystem) is left behind rather than waited for without end.
    void kill_and_reap() noexcept;
    /// Waits for its end on its own for a while, then as above.
    void let_end_and_reap() noexcept;
    /// Gives the pidfd away.
    [[nodiscard]] Fd release() noexcept { return std::move(pidfd_); }

private:
    Fd pidfd_;
    pid_t pid_ = -1;
};

/// The shape in which the library tells of an end.
[[nodiscard]] ExitStatus exit_status(const sys::Waited& waited);

}  // namespace linx::launch
