#include "cli/checkpoint_command.hpp"

#include "cli/group_guard.hpp"
#include "cli/voice.hpp"
#include "cli/watch.hpp"

#include <linx/spawn.hpp>

#include <cerrno>

namespace linx::cli {

namespace {

constexpr std::string_view subject = "the command at the checkpoint ";

/// The command as it runs. The guard is of no use any more when the command has ended.
struct Guarded {
    GroupGuard guard;
    Process process;
};

Result<Guarded> start_command(const Request& request, const Held& held, const SignalInbox& inbox,
                              JobTerminal& terminal) {
    ProcessSpec spec;
    spec.argv = {"/bin/sh", "-c", *request.at_checkpoint};
    spec.environment.changes.emplace_back("LINX_PID", std::to_string(held.host_pid()));
    spec.leads = Leads::process_group;
    spec.parent_death_signal = SIGKILL;
    spec.ignored_signals = inbox.ignored();
    const Patience patience{.timeout = request.checkpoint_timeout, .cancel = inbox.fd()};
    Held command = LINX_TRY(linx::spawn(spec, patience));
    // While the command is parked: there is no moment at which it runs unguarded.
    GroupGuard guard = LINX_TRY(GroupGuard::over(command.host_pid()));
    // It may ask the user something.
    terminal.offer(command.host_pid());
    Process process = LINX_TRY(std::move(command).proceed(patience));
    return Guarded{.guard = std::move(guard), .process = std::move(process)};
}

/// Its end: empty for success.
std::optional<int> judge(const ExitStatus& status, const SignalInbox& inbox, bool held_terminal) {
    if (const auto* const by = std::get_if<Signaled>(&status.how)) {
        complain(std::string(subject) + "was killed by SIG" + signal_name(by->signum) +
                 "; the launch is aborted");
        if (held_terminal && by->signum == SIGINT) {
            inbox.signal_peers(SIGINT);
            return exit_by_signal + SIGINT;
        }
        return exit_failed;
    }
    const int code = std::get<Exited>(status.how).code;
    if (code == 0) {
        return std::nullopt;
    }
    complain(std::string(subject) + "failed with exit code " + std::to_string(code) +
             "; the launch is aborted");
    return exit_failed;
}

int timed_out(const Request& request) {
    complain("the checkpoint timeout of " + std::to_string(request.checkpoint_timeout->count()) +
             " ms has elapsed; " + std::string(subject) + "is killed, the launch is aborted");
    return exit_failed;
}

int interrupted(int signum) {
    complain("aborted by SIG" + signal_name(signum) + " at the checkpoint");
    return exit_by_signal + signum;
}

/// A signal or the end of the time, before it ran: seen as such, not as a failure to launch it.
int not_started(const Error& error, const Request& request, SignalInbox& inbox) {
    if (error.errnum == ECANCELED) {
        if (const auto letter = inbox.next()) {
            return interrupted(letter->signum);
        }
    }
    // Of these two stages it is our own clock's; of execve it is what a filesystem of the network says.
    const bool waited = error.stage == Stage::checkpoint || error.stage == Stage::proceed;
    if (error.errnum == ETIMEDOUT && waited && request.checkpoint_timeout) {
        return timed_out(request);
    }
    complain(error);
    return exit_failed;
}

struct Judging {
    const Request& request;
    const SignalInbox& inbox;
    bool held_terminal;

    std::optional<int> operator()(const ExitStatus& status) const {
        return judge(status, inbox, held_terminal);
    }
    std::optional<int> operator()(TimedOut) const { return timed_out(request); }
    std::optional<int> operator()(Interrupted by) const { return interrupted(by.signum); }
    std::optional<int> operator()(OtherReady) const {
        complain("the child died at the checkpoint; " + std::string(subject) + "was killed");
        return exit_failed;
    }
};

}  // namespace

std::optional<int> run_checkpoint_command(const Request& request, const Held& held, SignalInbox& inbox,
                                          JobTerminal& terminal) {
    Lookout lookout{.deadline = {}, .interruptible = true, .other = held.checkpoint_fd()};
    if (request.checkpoint_timeout) {
        lookout.deadline = Clock::now() + *request.checkpoint_timeout;
    }
    auto command = start_command(request, held, inbox, terminal);
    if (!command) {
        return not_started(command.error(), request, inbox);
    }
    Watch watch{command->process, inbox, terminal, {}};
    if (auto done = inbox.listen(SignalInbox::Listen::aborts_and_job); !done) {
        complain(done.error());
        return exit_failed;
    }
    const auto sight = watch.look(lookout);
    if (!sight) {
        complain(sight.error());
        return exit_failed;
    }
    if (!std::holds_alternative<ExitStatus>(*sight)) {
        watch.signal_group(SIGKILL);  // what it started, too; the command itself is reaped when dropped
    }
    const bool held_terminal = terminal.take_back();
    // Its SIGCHLD has done its work; left in the inbox, it would abort the launch.
    if (auto done = inbox.listen(SignalInbox::Listen::aborts); !done) {
        complain(done.error());
        return exit_failed;
    }
    return std::visit(Judging{request, inbox, held_terminal}, *sight);
}

}  // namespace linx::cli
