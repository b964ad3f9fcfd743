/// The controlling terminal, lent to a workload and taken back: what a shell does for its jobs.
#pragma once

#include <linx/fd.hpp>

#include <optional>

#include <sys/types.h>
#include <termios.h>

namespace linx::cli {

/// The controlling terminal, if there is one. A workload whose stdin and stdout are terminals gets its
/// foreground at once. Any other one is perhaps part of a pipeline with a pager in it that reads the
/// keyboard: it gets the foreground when it asks, by being stopped with SIGTTIN or SIGTTOU. While the
/// workload has its foreground, whoever started linx waits for it and keeps its hands off; once taken back,
/// it may belong to anybody.
class JobTerminal {
public:
    /// No terminal at all: nothing here does anything.
    JobTerminal() noexcept = default;
    [[nodiscard]] static JobTerminal open();
    JobTerminal(JobTerminal&&) noexcept = default;
    JobTerminal& operator=(JobTerminal&&) noexcept = delete;
    ~JobTerminal() { take_back(); }

    /// Is there a controlling terminal?
    [[nodiscard]] bool is_there() const noexcept { return terminal_.is_open(); }
    /// Does a workload have its foreground from us?
    [[nodiscard]] bool is_lent() const noexcept { return lent_; }
    /// Is linx's own process group in the foreground?
    [[nodiscard]] bool is_ours() const;
    /// At the start of a workload: gives it the foreground, unless it may be part of a pipeline.
    void offer(pid_t group);
    /// Gives the foreground to a process group, if it is ours to give.
    void give(pid_t group);
    /// The same if it had it before, when it goes on after a stop.
    void give_again(pid_t group);
    /// Takes the foreground back if it was lent; says whether it was.
    bool take_back();
    /// The settings as linx found them: a workload that was killed could not put them back.
    void restore_settings() const;

private:
    Fd terminal_;
    pid_t own_group_ = -1;
    bool lent_ = false;
    bool was_lent_ = false;
    std::optional<termios> settings_;
};

}  // namespace linx::cli
