#include "agent/session.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

namespace linx::agent {

Session::Session(std::int64_t id, const LaunchOrder& order, bool has_pid_namespace, Desk& desk)
    : id_(id),
      has_pid_namespace_(has_pid_namespace),
      desk_(desk),
      policy_(order.orphan_policy),
      checkpoint_timeout_(order.checkpoint_timeout),
      goes_on_(order.auto_proceed) {}

Session::~Session() {
    unwatch();
}

// --- the way to the end --------------------------------------------------------------------------

void Session::begin(Result<Launch> launch) {
    if (!launch) {
        tell(Failed{std::move(launch).error()});
        return;
    }
    stage_.emplace<Launch>(std::move(*launch));
    watch(std::get<Launch>(stage_).fd());
    if (goes_on_ && !has_ended()) {
        hurry();
    }
}

void Session::on_readable() {
    if (std::holds_alternative<Launch>(stage_)) {
        advance_launch();
    } else if (std::holds_alternative<Held>(stage_)) {
        release();  // the child died while it waited: going on says how
    } else if (std::holds_alternative<Proceeding>(stage_)) {
        advance_proceeding();
    } else if (std::holds_alternative<Process>(stage_)) {
        look_at_workload();
    }
}

/// It is known to go on: it need not wait for us at its checkpoint.
void Session::hurry() {
    if (auto told = std::get<Launch>(stage_).proceed(); !told) {
        end(Failed{std::move(told).error()});
    }
}

void Session::advance_launch() {
    auto next = std::get<Launch>(stage_).advance();
    if (!next) {
        end(Failed{std::move(next).error()});
    } else if (auto* held = std::get_if<Held>(&*next)) {
        park(std::move(*held));
    }
}

void Session::park(Held held) {
    host_pid_ = held.host_pid();
    tell(Spawned{*host_pid_});
    tell(Ready{held.host_pid(), held.child_pid()});
    if (goes_on_) {
        stage_.emplace<Held>(std::move(held));
        release();
        return;
    }
    unwatch();
    stage_.emplace<Held>(std::move(held));
    watch(std::get<Held>(stage_).checkpoint_fd());
    if (checkpoint_timeout_ && !has_ended()) {
        checkpoint_deadline_ = Clock::now() + *checkpoint_timeout_;
        desk_.wake_at(id_, *checkpoint_deadline_);
    }
}

/// A launch that goes on at once is watched by the same descriptor before and after.
void Session::release() {
    checkpoint_deadline_.reset();
    auto proceeding = std::move(std::get<Held>(stage_)).start_proceed();
    if (!proceeding) {
        end(Failed{std::move(proceeding).error()});
        return;
    }
    stage_.emplace<Proceeding>(std::move(*proceeding));
    const FdRef fd = std::get<Proceeding>(stage_).fd();
    if (watched_.number() != fd.number()) {
        unwatch();
        watch(fd);
    }
}

void Session::advance_proceeding() {
    auto next = std::get<Proceeding>(stage_).advance();
    if (!next) {
        end(Failed{std::move(next).error()});
    } else if (auto* process = std::get_if<Process>(&*next)) {
        run(std::move(*process));
    }
}

void Session::run(Process process) {
    unwatch();
    stage_.emplace<Process>(std::move(process));
    tell(Running{});
    if (leaves_) {
        discard();
        return;
    }
    Process& workload = std::get<Process>(stage_);
    for (const int number : std::exchange(signals_, {})) {
        (void)workload.signal(number);  // it was answered for when it was taken
    }
    if (kill_deadline_) {
        begin_to_kill(workload);
    }
    watch(workload.pidfd());
}

/// It has ended: its descriptor says nothing else. Its descendants are found by its number, which is its own
/// until it is reaped.
void Session::look_at_workload() {
    if (kill_deadline_ && !has_pid_namespace_) {
        desk_.kill_descendants_of(id_);
    }
    auto status = std::get<Process>(stage_).try_wait();
    if (status && !*status) {
        return;
    }
    if (!status) {
        end(Failed{std::move(status).error()});
    } else {
        end(Ended{**status});
    }
}

/// What it holds is killed and reaped with the stage that it was in.
void Session::end(const Event& event) {
    discard();
    tell(event);
}

void Session::discard() {
    unwatch();
    auto* const process = std::get_if<Process>(&stage_);
    if (process != nullptr && leaves_) {
        (void)std::move(*process).detach();
    }
    stage_.emplace<Over>();
}

// --- commands ------------------------------------------------------------------------------------

Result<void> Session::proceed() {
    if (std::holds_alternative<Launch>(stage_) && !goes_on_) {
        goes_on_ = true;
        hurry();
        return {};
    }
    if (std::holds_alternative<Held>(stage_)) {
        release();
        return {};
    }
    return failed(Stage::proceed, EALREADY, "it has passed the checkpoint, or is about to");
}

Result<void> Session::abort() {
    const bool can_be =
        (std::holds_alternative<Launch>(stage_) && !goes_on_) || std::holds_alternative<Held>(stage_);
    if (!can_be) {
        return failed(Stage::abort, EALREADY, "it has passed the checkpoint");
    }
    end(Aborted{});
    return {};
}

Result<void> Session::signal(int number) {
    if (auto* process = std::get_if<Process>(&stage_)) {
        return process->signal(number);
    }
    signals_.push_back(number);
    return {};
}

void Session::kill(std::chrono::milliseconds grace) {
    if (abort()) {
        return;
    }
    const auto deadline = Clock::now() + grace;
    const bool is_first = !kill_deadline_;
    if (is_first || deadline < *kill_deadline_) {
        kill_deadline_ = deadline;
        desk_.wake_at(id_, deadline);
    }
    auto* const process = std::get_if<Process>(&stage_);
    if (process != nullptr && is_first) {
        begin_to_kill(*process);
    }
}

void Session::begin_to_kill(Process& workload) {
    if (!has_pid_namespace_) {
        desk_.remember_descendants_of(id_);
    }
    (void)workload.signal(SIGTERM);
}

void Session::orphan() {
    is_heard_ = false;
    if (const auto* kill_after = std::get_if<KillAfter>(&policy_)) {
        kill(kill_after->grace);
    } else if (!goes_on_) {
        (void)abort();  // nobody is left who could let it go on
    }
}

void Session::leave() {
    leaves_ = is_kept();
    orphan();
    if (std::holds_alternative<Process>(stage_) && leaves_) {
        discard();
    }
}

void Session::on_time(Clock::time_point now) {
    if (checkpoint_deadline_ && now >= *checkpoint_deadline_) {
        end(Failed{
            {.stage = Stage::checkpoint,
             .errnum = ETIMEDOUT,
             .detail = "nobody let it go on within " + std::to_string(checkpoint_timeout_->count()) + " ms",
             .hint = {}}});
    } else if (kill_deadline_ && now >= *kill_deadline_ && !has_struck_) {
        strike();
    }
}

/// The grace is over. A launch that was told to go on in advance may have run its program for long, and with
/// descendants: only the news of it wait.
void Session::strike() {
    if (std::holds_alternative<Launch>(stage_)) {
        advance_launch();
    }
    if (std::holds_alternative<Proceeding>(stage_)) {
        advance_proceeding();
    }
    if (std::holds_alternative<Launch>(stage_) || std::holds_alternative<Proceeding>(stage_)) {
        if (host_pid_ && !has_pid_namespace_) {
            desk_.kill_descendants_of(id_);  // it may have executed since we looked
        }
        end(Aborted{});
    } else if (auto* process = std::get_if<Process>(&stage_)) {
        has_struck_ = true;
        if (!has_pid_namespace_) {
            desk_.kill_descendants_of(id_);
        }
        (void)process->signal(SIGKILL);
    }
}

// --- what it is ----------------------------------------------------------------------------------

bool Session::involves(pid_t pid) const noexcept {
    const auto* const launch = std::get_if<Launch>(&stage_);
    return launch != nullptr && launch->involves(pid);
}

void Session::watch(FdRef fd) {
    if (auto watched = desk_.watch(id_, fd); !watched) {
        end(Failed{std::move(watched).error()});
        return;
    }
    watched_ = fd;
}

void Session::unwatch() {
    if (watched_.number() >= 0) {
        desk_.unwatch(std::exchange(watched_, FdRef{-1}));
    }
}

void Session::tell(const Event& event) {
    if (is_heard_) {
        desk_.tell(id_, event);
    }
}

}  // namespace linx::agent
