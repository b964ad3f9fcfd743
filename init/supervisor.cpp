#include "init/supervisor.hpp"

#include "init/line.hpp"
#include "init/terminal.hpp"
#include "init/wire.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>

#include <linux/wait.h>
#include <sys/socket.h>

namespace linx::init {

using child::raw;

namespace {

constexpr std::uint64_t all_signals = ~std::uint64_t{0};
constexpr std::uint64_t longest_back_off = 10'000;
/// The clock restarts at each exit, but a chain of them must not go on for ever.
constexpr std::uint64_t most_graces = 4;

std::uint64_t now() noexcept {
    long time[2] = {};
    raw(SYS_clock_gettime, CLOCK_MONOTONIC, time);
    return static_cast<std::uint64_t>(time[0] * 1000 + time[1] / 1'000'000) + 1;
}

[[noreturn]] void end_by(int signum) noexcept {
    const std::uint64_t nothing[4] = {};
    const std::uint64_t no_core[2] = {};
    raw(SYS_prlimit64, 0, 4, no_core, nullptr);  // RLIMIT_CORE
    raw(SYS_rt_sigaction, signum, nothing, nullptr, mask_bytes);
    raw(SYS_rt_sigprocmask, set_mask, nothing, nullptr, mask_bytes);
    raw(SYS_kill, raw(SYS_getpid), signum);
    child::raw_exit(128 + signum);
}

bool is_job_control(int signum) noexcept {
    return signum == SIGTSTP || signum == SIGTTIN || signum == SIGTTOU;
}

}  // namespace

void report(const Options& options, const child::InitReport& what) noexcept {
    if (options.report_fd >= 0) {
        raw(SYS_sendto, options.report_fd, &what, sizeof(what), MSG_NOSIGNAL, nullptr, 0);
    }
}

int complain(const Birth& birth, const Options& options) noexcept {
    child::InitReport failed{.tell = child::InitTell::failed};
    failed.record = birth.failure;
    if (birth.pid < 0) {
        failed.record.errnum = static_cast<std::int32_t>(-birth.pid);
    } else {
        raw(SYS_wait4, birth.pid, nullptr, __WALL, nullptr);
    }
    report(options, failed);
    if (options.report_fd >= 0) {
        return child::failed_code;
    }
    Line line;
    line << options.prefix << options.command[0];
    if (birth.pid < 0) {
        (line << ": cannot be started\n").write(2);
        return child::failed_code;
    }
    if (birth.failure.step != executing) {
        (line << (birth.failure.step == changing_user ? ": cannot become that user or group, errno "
                                                      : ": cannot change to that directory, errno ")
              << birth.failure.errnum << "\n")
            .write(2);
        return child::failed_code;
    }
    const bool missing = birth.failure.errnum == ENOENT;
    (line << (missing ? ": not found\n" : ": cannot be executed\n")).write(2);
    return options.exec_codes[missing ? 0 : birth.failure.errnum == EACCES ? 1 : 2];
}

int Supervisor::run(long pid) noexcept {
    if (pid != 0) {
        begin(pid);
    }
    while (!done_) {
        const Moment next = next_moment();
        const Moment moment = now();
        const Moment left = next > moment ? next - moment : 0;
        const long timeout[2] = {static_cast<long>(left / 1000), static_cast<long>(left % 1000 * 1'000'000)};
        std::uint32_t info[32] = {};
        const long received =
            raw(SYS_rt_sigtimedwait, &all_signals, info, next == 0 ? nullptr : timeout, mask_bytes);
        if (received > 0) {
            receive(info, static_cast<int>(received));
        }
        look_at_the_clock();
    }
    return finish();
}

void Supervisor::begin(long pid) noexcept {
    pid_ = pid;
    started_ = now();
    if (options_.status_fd >= 0) {
        (Line{} << R"({"event":"start","pid":)" << pid << "}\n").write(options_.status_fd);
    }
    if (options_.verbose) {
        (Line{} << options_.prefix << "started process " << pid << "\n").write(2);
    }
}

Supervisor::Moment Supervisor::next_moment() const noexcept {
    Moment next = 0;
    const auto earlier = [&next](Moment moment) {
        next = moment != 0 && (next == 0 || moment < next) ? moment : next;
    };
    earlier(kill_at_);
    earlier(restart_at_);
    for (std::size_t i = 0; holds_ && i < held_until_.size(); ++i) {
        earlier(held_until_[i]);
    }
    return next;
}

void Supervisor::receive(const std::uint32_t* info, int received) noexcept {
    const auto index = static_cast<std::size_t>(received);
    const bool asks_to_end = received == SIGTERM || received == SIGINT;
    if (received == SIGCHLD) {
        reap();
    } else if (options_.pause) {
        done_ = asks_to_end;
        own_code_ = 0;
    } else if (options_.delay_ms[index] != 0) {
        // One that comes again while it is held is the same one.
        holds_ = true;
        held_until_[index] = held_until_[index] == 0 ? now() + options_.delay_ms[index] : held_until_[index];
    } else {
        pass_on(info, received);
    }
}

/// A value can be queued to one process only: it goes to the command.
void Supervisor::pass_on(const std::uint32_t* info, int received) noexcept {
    const int signum = options_.rewrite[static_cast<std::size_t>(received)];
    const int code = static_cast<std::int32_t>(info[2]);
    if (options_.verbose) {
        (Line{} << options_.prefix << "signal " << received << " becomes " << signum << "\n").write(2);
    }
    stopping_ = stopping_ || received == SIGTERM || received == SIGINT || received == SIGQUIT;
    if (received == SIGTERM && options_.has_grace) {
        run_the_clock();
    }
    if (pid_ == 0) {
        done_ = done_ || (stopping_ && !leaving_);
        if (leaving_ && signum != 0) {
            tell_children(signum, nullptr);
        }
        return;
    }
    if (received == SIGCONT) {
        hand_foreground_on(options_, pid_);
    }
    if (signum == 0 || came_to_both(options_, pid_, received, code)) {
        return;
    }
    if (code == SI_QUEUE && signum == received) {
        raw(SYS_rt_sigqueueinfo, pid_, signum, info);
    } else {
        raw(SYS_kill, options_.to_group ? -pid_ : pid_, signum);
    }
    if (options_.stops_itself && is_job_control(received) && signum == SIGSTOP) {
        raw(SYS_kill, raw(SYS_getpid), SIGSTOP);
    }
}

void Supervisor::look_at_the_clock() noexcept {
    const auto passed = [moment = now()](Moment due) { return due != 0 && due <= moment; };
    for (std::size_t i = 0; holds_ && i < held_until_.size(); ++i) {
        if (passed(held_until_[i])) {
            held_until_[i] = 0;
            const std::uint32_t nobodys[32] = {};
            pass_on(nobodys, static_cast<int>(i));
        }
    }
    if (passed(kill_at_)) {
        kill_all();
    }
    if (!done_ && passed(restart_at_)) {
        start_again();
    }
}

void Supervisor::start_again() noexcept {
    restart_at_ = 0;
    const Birth birth = start_workload(options_, envp_, child_ignored_);
    if (birth.executed) {
        begin(birth.pid);
        return;
    }
    own_code_ = complain(birth, options_);
    done_ = true;
}

/// Looks before it reaps: after that, the number and the group may be another's.
void Supervisor::reap() noexcept {
    constexpr int all_changes = WEXITED | WSTOPPED | WCONTINUED;
    constexpr int continued = 6;  // CLD_CONTINUED; up to 3 are ends
    constexpr int ends = 3;
    bool somebody_ended = false;
    while (true) {
        std::uint32_t info[32] = {};
        const long looked =
            raw(SYS_waitid, 0, 0, info, WNOHANG | WNOWAIT | __WALL | all_changes, nullptr);  // P_ALL
        const long who = static_cast<std::int32_t>(info[4]);
        const int code = static_cast<std::int32_t>(info[2]);
        if (looked < 0 || who == 0) {
            nobody_is_left_ = looked == -ECHILD;
            done_ = done_ || (leaving_ && nobody_is_left_);
            break;
        }
        const bool command_is_over = who == pid_ && code <= ends;
        const bool group_alone = options_.has_grace && !options_.waits_for_all &&
                                 options_.lead != Lead::nothing && options_.restart == Restart::never &&
                                 !sees_children();
        if (command_is_over && (options_.terminates_group || group_alone)) {
            raw(SYS_kill, -pid_, SIGTERM);
        }
        long usage[18] = {};
        const int change = code <= ends ? WEXITED : code == continued ? WCONTINUED : WSTOPPED;
        raw(SYS_waitid, 1, who, info, WNOHANG | __WALL | change, usage);  // P_PID
        somebody_ended = somebody_ended || code <= ends;
        tell_change(who, code, static_cast<std::int32_t>(info[6]), usage);
    }
    if (leaving_ && somebody_ended && kill_at_ != 0) {
        tell_children(SIGTERM, &told_);
        run_the_clock();
    }
}

void Supervisor::tell_change(long who, int code, int status, const long* usage) noexcept {
    constexpr int exited = 1;
    constexpr int dumped = 3;
    constexpr int continued = 6;
    const bool ended = code <= dumped;
    if (options_.verbose && ended) {
        (Line{} << options_.prefix << "reaped process " << who << (code == exited ? ", code " : ", signal ")
                << status << "\n")
            .write(2);
    }
    if (who != pid_) {
        return;
    }
    if (options_.status_fd >= 0) {
        Line line;
        line << R"({"event":")"
             << (ended               ? "end"
                 : code == continued ? "continue"
                                     : "stop")
             << R"(","pid":)" << who << (code == exited ? R"(,"code":)" : R"(,"signal":)") << status;
        if (ended) {
            line << R"(,"user_us":)" << usage[0] * 1'000'000 + usage[1] << R"(,"system_us":)"
                 << usage[2] * 1'000'000 + usage[3] << R"(,"max_rss_kib":)" << usage[4];
        }
        (line << "}\n").write(options_.status_fd);
    }
    if (ended) {
        command_ended({.code = code == exited ? status : 0,
                       .signum = code == exited ? 0 : status,
                       .core_dumped = code == dumped});
    } else if (code != continued) {
        stop_with(options_, pid_, status);
    }
}

void Supervisor::command_ended(const End& end) noexcept {
    const long pid = pid_;
    end_ = end;
    pid_ = 0;
    take_foreground_back(pid);
    const bool again = options_.restart == Restart::always ||
                       (options_.restart == Restart::on_failure && end.exit_code() != 0);
    if (again && !stopping_) {
        back_off_ = now() - started_ > longest_back_off ? 100 : back_off_;
        restart_at_ = now() + back_off_;
        back_off_ = back_off_ * 2 < longest_back_off ? back_off_ * 2 : longest_back_off;
        return;
    }
    child::InitReport ended{.tell = child::InitTell::ended, .pid = static_cast<std::int32_t>(pid)};
    ended.status = end.signum != 0 ? end.signum : end.code;
    ended.by_signal = end.signum != 0;
    ended.core_dumped = end.core_dumped;
    report(options_, ended);
    leaving_ = true;
    if (options_.waits_for_all && !killed_) {
        return;
    }
    if (options_.has_grace && !killed_) {
        tell_children(SIGTERM, &told_);
        run_the_clock();
        return;
    }
    done_ = true;
}

void Supervisor::run_the_clock() noexcept {
    const Moment moment = now();
    hard_cap_ = hard_cap_ == 0 ? moment + most_graces * options_.grace_ms : hard_cap_;
    const Moment next = moment + options_.grace_ms;
    kill_at_ = next < hard_cap_ ? next : hard_cap_;
}

void Supervisor::kill_all() noexcept {
    kill_at_ = 0;
    killed_ = true;
    if (pid_ == 0) {
        done_ = true;
        return;
    }
    raw(SYS_kill, options_.lead == Lead::nothing ? pid_ : -pid_, SIGKILL);
    raw(SYS_kill, pid_, SIGKILL);
}

int Supervisor::finish() noexcept {
    if (!nobody_is_left_) {
        leave_nobody(options_);
    }
    if (own_code_ >= 0) {
        return own_code_;
    }
    if (end_.signum != 0 && options_.exits_as_signal) {
        end_by(end_.signum);
    }
    return options_.exit_codes[static_cast<std::size_t>(end_.exit_code())];
}

}  // namespace linx::init
