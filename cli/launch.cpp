#include "cli/launch.hpp"

#include "cli/checkpoint_command.hpp"
#include "cli/job_terminal.hpp"
#include "cli/signal_inbox.hpp"
#include "cli/voice.hpp"
#include "cli/watch.hpp"

#include <linx/spawn.hpp>

#include <unistd.h>

namespace linx::cli {

namespace {

/// One launch from its signals to its exit code. Its members die in the right order: the terminal is
/// taken back before the signals are let through.
class Launching {
public:
    Launching(Request request, SignalInbox inbox)
        : request_(std::move(request)), inbox_(std::move(inbox)), terminal_(terminal_for(request_.spec)) {}

    int run() {
        arrange();
        auto held = spawn();
        if (!held) {
            return fail(held.error());
        }
        if (request_.at_checkpoint) {
            if (const auto code = run_checkpoint_command(request_, *held, inbox_, terminal_)) {
                return *code;
            }
        }
        // Given by us while the child is parked, not taken by the child: the command at the checkpoint
        // had it before, and linx may have been put into the background meanwhile.
        terminal_.offer(held->host_pid());
        auto process = std::move(*held).proceed(patience());
        if (!process) {
            return fail(process.error());
        }
        return watch(*process);
    }

private:
    static JobTerminal terminal_for(const ProcessSpec& spec) {
        return spec.leads == Leads::session ? JobTerminal{} : JobTerminal::open();
    }

    /// Job control, as far as it is the spec's.
    void arrange() {
        ProcessSpec& spec = request_.spec;
        if (spec.leads != Leads::session) {
            spec.leads = Leads::process_group;
        }
        spec.ignored_signals = inbox_.ignored();
    }

    Patience patience() const { return {.timeout = {}, .cancel = inbox_.fd()}; }

    Result<Held> spawn() {
        auto plan = LINX_TRY(request_.target ? linx::plan_enter(*request_.target, request_.spec)
                                             : linx::plan(request_.spec));
        return linx::spawn(std::move(plan), patience());
    }

    int fail(const Error& error) {
        terminal_.take_back();
        if (error.errnum == ECANCELED) {
            if (const auto letter = inbox_.next()) {
                complain("aborted by SIG" + signal_name(letter->signum) + " before the command ran");
                return exit_by_signal + letter->signum;
            }
        }
        complain(error);
        if (error.stage != Stage::execve) {
            return exit_failed;
        }
        return error.errnum == ENOENT ? exit_not_found : exit_not_executable;
    }

    int watch(Process& process) {
        Watch watch{process,
                    inbox_,
                    terminal_,
                    {.leads_session = request_.spec.leads == Leads::session, .is_init = request_.spec.init}};
        if (auto done = inbox_.listen(SignalInbox::Listen::everything); !done) {
            return fail(done.error());
        }
        auto sight =
            watch.look({.deadline = deadline_in(request_.timeout), .interruptible = false, .other = {}});
        const bool timed_out = sight && std::holds_alternative<TimedOut>(*sight);
        if (timed_out) {
            sight = end_by_force(watch);
        }
        if (!sight) {
            return fail(sight.error());
        }
        const int code = ended(std::get<ExitStatus>(*sight), watch.passed_on_interrupt());
        return timed_out ? exit_timed_out : code;
    }

    static std::optional<Clock::time_point> deadline_in(std::optional<std::chrono::milliseconds> time) {
        return time ? std::optional{Clock::now() + *time} : std::nullopt;
    }

    Result<Sight> end_by_force(Watch& watch) {
        complain("the command ran longer than " + std::to_string(request_.timeout->count()) +
                 " ms; it is sent SIGTERM");
        watch.signal_group(SIGTERM);
        // A stopped process would see SIGTERM only when continued.
        watch.signal_group(SIGCONT);
        auto sight =
            watch.look({.deadline = deadline_in(request_.kill_grace), .interruptible = false, .other = {}});
        if (!sight || std::holds_alternative<ExitStatus>(*sight)) {
            return sight;
        }
        complain("the command did not end; it is killed");
        watch.signal_group(SIGKILL);
        return watch.look({});
    }

    int ended(const ExitStatus& status, bool passed_on_interrupt) {
        const bool held_terminal = terminal_.take_back();
        const auto* const by = std::get_if<Signaled>(&status.how);
        if (by == nullptr) {
            return status.shell_code();
        }
        if (held_terminal) {
            terminal_.restore_settings();
        }
        if (held_terminal && (by->signum == SIGINT || by->signum == SIGQUIT)) {
            // ^C is for the whole job, which includes the script that called linx.
            inbox_.signal_peers(by->signum);
        }
        if (by->signum == SIGINT && (held_terminal || passed_on_interrupt) && is_called_by_shell()) {
            inbox_.die_of(SIGINT);
        }
        return status.shell_code();
    }

    /// A shell stops its script or its loop at ^C only for a command that died of SIGINT itself; its $? is
    /// 130 either way. Whoever started linx in a session of its own reads the exit code.
    static bool is_called_by_shell() { return ::getsid(::getppid()) == ::getsid(0); }

    Request request_;
    SignalInbox inbox_;
    JobTerminal terminal_;
};

}  // namespace

int launch(Request request) {
    auto inbox = SignalInbox::open();
    if (!inbox) {
        complain(inbox.error());
        return exit_failed;
    }
    return Launching{std::move(request), std::move(*inbox)}.run();
}

}  // namespace linx::cli
