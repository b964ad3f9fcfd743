/// The signals that linx is sent, read one by one instead of interrupting it.
#pragma once

#include <linx/fd.hpp>
#include <linx/result.hpp>

#include <optional>
#include <vector>

#include <signal.h>
#include <sys/types.h>

namespace linx::cli {

/// A signal that came.
struct Letter {
    int signum = 0;
    /// The kernel sent it: ^C, ^Z, a terminal that hung up, a child.
    bool from_kernel = false;
};

/// Holds back the signals from its making on, and hands them out. What is not listened for yet waits.
class SignalInbox {
public:
    /// While nothing runs yet: the signals that end linx.
    enum class Listen : std::uint8_t {
        aborts,          ///< those that abort a launch: INT, TERM, HUP, QUIT
        aborts_and_job,  ///< also CHLD and CONT, for job control of the command at the checkpoint
        everything,      ///< all that can be forwarded
    };

    [[nodiscard]] static Result<SignalInbox> open();

    /// Readable when a signal that is listened for has come.
    [[nodiscard]] FdRef fd() const noexcept { return fd_.ref(); }
    Result<void> listen(Listen what);
    [[nodiscard]] std::optional<Letter> next();

    /// HUP, INT and QUIT, as far as linx was started with these ignored (nohup, `&` in a script): they
    /// stay ignored here and are to be ignored by the workload.
    [[nodiscard]] const std::vector<int>& ignored() const noexcept { return ignored_; }

    /// Sends a signal to linx's own process group without being hit by it.
    void signal_peers(int signum) const;
    /// Stops linx, or with it its whole process group, as that signal does, and takes the SIGCONT that
    /// continued it out of the inbox. False when there was none: the kernel stops nobody in an orphaned
    /// process group, where nobody could continue it; or another stop came at once and cancelled it.
    [[nodiscard]] bool stop(int signum, bool whole_group) const;

    /// Ends linx by a signal, as its workload ended. Returns when the signal does not end it.
    void die_of(int signum) const;

private:
    SignalInbox(Fd fd, std::vector<int> ignored) noexcept
        : fd_(std::move(fd)), ignored_(std::move(ignored)) {}
    [[nodiscard]] sigset_t signals(Listen what) const;

    Fd fd_;
    std::vector<int> ignored_;
};

}  // namespace linx::cli
