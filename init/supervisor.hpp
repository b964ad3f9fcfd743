/// What happens between the command's start and the init's end.
#pragma once

#include "init/children.hpp"
#include "init/options.hpp"
#include "init/workload.hpp"

#include "child/init_report.hpp"

namespace linx::init {

/// How a process ended.
struct End {
    int code = 0;
    int signum = 0;
    bool core_dumped = false;

    [[nodiscard]] int exit_code() const noexcept { return signum != 0 ? 128 + signum : code; }
};

void report(const Options& options, const child::InitReport& what) noexcept;

/// Tells how the command could not be executed, reaps it, and answers the exit code.
[[nodiscard]] int complain(const Birth& birth, const Options& options) noexcept;

class Supervisor {
public:
    Supervisor(const Options& options, char** envp, bool child_ignored) noexcept
        : options_(options), envp_(envp), child_ignored_(child_ignored) {}

    /// With pid 0 there is no command, as with --pause. Answers the exit code.
    [[nodiscard]] int run(long pid) noexcept;

private:
    /// Milliseconds of CLOCK_MONOTONIC; 0 stands for never.
    using Moment = std::uint64_t;

    void begin(long pid) noexcept;
    [[nodiscard]] Moment next_moment() const noexcept;
    void receive(const std::uint32_t* info, int received) noexcept;
    void pass_on(const std::uint32_t* info, int received) noexcept;
    void look_at_the_clock() noexcept;
    void start_again() noexcept;
    void reap() noexcept;
    void tell_change(long who, int code, int status, const long* usage) noexcept;
    void command_ended(const End& end) noexcept;
    void run_the_clock() noexcept;
    void kill_all() noexcept;
    [[nodiscard]] int finish() noexcept;

    const Options& options_;
    char** envp_;
    bool child_ignored_;
    bool done_ = false;
    /// The command is over, and others may be left.
    bool leaving_ = false;
    bool stopping_ = false;
    bool killed_ = false;
    bool nobody_is_left_ = false;
    /// Ends with a code of its own.
    int own_code_ = -1;
    /// 0 between two commands, and after the last.
    long pid_ = 0;
    End end_{};
    Moment started_ = 0;
    Moment back_off_ = 100;
    Moment restart_at_ = 0;
    Moment kill_at_ = 0;
    Moment hard_cap_ = 0;
    std::array<Moment, 65> held_until_{};
    bool holds_ = false;
    Told told_{};
};

}  // namespace linx::init
