/// Watching a process that linx started: its end, its stops, the signals for it, the clock.
#pragma once

#include "cli/job_terminal.hpp"
#include "cli/signal_inbox.hpp"

#include <linx/process.hpp>
#include <linx/result.hpp>

#include <chrono>
#include <optional>
#include <variant>

namespace linx::cli {

/// The time is up; the process still runs.
struct TimedOut {};
/// A signal came that ends linx; the process still runs.
struct Interrupted {
    int signum = 0;
};
/// The other descriptor became readable; the process still runs.
struct OtherReady {};

using Sight = std::variant<ExitStatus, TimedOut, Interrupted, OtherReady>;

using Clock = std::chrono::steady_clock;

/// What is looked out for, besides the end of the process.
struct Lookout {
    std::optional<Clock::time_point> deadline;
    /// Signals that abort a launch end the watch instead of being forwarded.
    bool interruptible = false;
    std::optional<FdRef> other;
};

/// How a process stands to those that it has started.
struct Standing {
    bool leads_session = false;
    /// It is an init: its child leads a process group of its own, to which it forwards.
    bool is_init = false;
};

/// Watches one process that leads a process group or a session. It behaves as a shell does to a job:
/// a stop is followed, a continuation passed on, the terminal goes back and forth.
class Watch {
public:
    Watch(Process& process, SignalInbox& inbox, JobTerminal& terminal, Standing standing) noexcept
        : process_(process), inbox_(inbox), terminal_(terminal), standing_(standing) {}

    /// Waits until the process has ended or something else of the lookout has happened.
    [[nodiscard]] Result<Sight> look(const Lookout& lookout);
    /// To the whole process group of the process, and to the workload's where an init cannot forward it. Only
    /// until its end was seen: then the number is free.
    void signal_group(int signum) const;
    /// Was ^C sent to linx by the terminal, and passed on?
    [[nodiscard]] bool passed_on_interrupt() const noexcept { return passed_on_interrupt_; }

private:
    [[nodiscard]] Result<std::optional<Sight>> look_once(const Lookout& lookout);
    [[nodiscard]] std::optional<Interrupted> read_signals(bool interruptible);
    void forward(const Letter& letter);
    void signal_children_of_init(int signum) const;
    void follow_stop();
    void stop_as(int signum);
    void resume();

    Process& process_;
    SignalInbox& inbox_;
    JobTerminal& terminal_;
    Standing standing_;
    bool passed_on_interrupt_ = false;
    bool passed_on_stop_ = false;
};

}  // namespace linx::cli
