#include "launch/state.hpp"

#include "child/clone.hpp"
#include "launch/cause.hpp"
#include "launch/guard.hpp"
#include "launch/patience.hpp"
#include "launch/verdict.hpp"
#include "sys/message_socket.hpp"
#include "sys/probes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <span>

#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace linx {

namespace {

using launch::Kin;
using program::DraftStep;
using program::LauncherAction;
using program::Subject;

/// The operation that the child or the intermediate performs, if the step is one.
const child::Operation* as_child_operation(const DraftStep& step) {
    const bool is_anothers = step.subject == Subject::scout || step.subject == Subject::init;
    return is_anothers ? nullptr : std::get_if<child::Operation>(&step.what);
}

}  // namespace

LaunchState::LaunchState(std::unique_ptr<LaunchPlan::Compiled> plan)
    : plan_(std::move(plan)), acquisition_(*plan_) {}

LaunchState::~LaunchState() {
    end();
}

Result<std::unique_ptr<LaunchState>> LaunchState::begin(LaunchPlan plan) {
    if (sys::discards_children()) {
        return std::unexpected(
            Error{.stage = Stage::sigchld,
                  .errnum = ECHILD,
                  .detail = {},
                  .hint = "SIGCHLD is ignored (or has SA_NOCLDWAIT): the kernel would throw the exit status "
                          "away; set it to SIG_DFL, or handle it"});
    }
    std::unique_ptr<LaunchState> state{new LaunchState(std::move(plan).take())};
    if (auto begun = state->acquire_and_clone(); !begun) {
        return state->explained(std::move(begun).error());
    }
    return state;
}

/// What the scout was sent for is asked for by the first advance, even where it is back already: whether a
/// launch fails when it starts or when it advances must not depend on who was faster.
Result<void> LaunchState::acquire_and_clone() {
    LINX_TRY(acquisition_.begin());
    return acquisition_.is_complete() ? clone() : Result<void>{};
}

// --- clone ---------------------------------------------------------------------------------------

Result<void> LaunchState::clone() {
    auto pair = sys::message_socket_pair();
    if (!pair) {
        return failed(Stage::socketpair, pair.error());
    }
    theirs_ = std::move(pair->theirs);
    socket_ = std::move(pair->ours);
    acquisition_.table()[child::checkpoint_slot] = theirs_.ref().number();
    const launch::Belongings belongings = LINX_TRY(pack());
    const auto is_clone = [](const DraftStep& step) {
        return step.stage == Stage::clone3 || step.stage == Stage::clone_intermediate;
    };
    const auto clone_step = std::ranges::find_if(plan_->steps, is_clone);
    if (clone_step->stage == Stage::clone_intermediate) {
        if (const auto told = sys::receive_credentials(socket_.ref()); !told) {
            return failed(Stage::socketpair, told.error());
        }
    }
    LINX_TRY(clone_into(*clone_step, belongings.program()));
    cloned_ = true;
    const auto announces = [](const DraftStep& step) {
        const auto* operation = as_child_operation(step);
        const auto* wait = operation != nullptr ? std::get_if<child::AwaitMapped>(operation) : nullptr;
        return wait != nullptr && wait->announce;
    };
    const bool says_when_it_waits = std::ranges::any_of(plan_->steps, announces);
    return child_.exists() && !says_when_it_waits ? begin_map(Subject::child) : Result<void>{};
}

/// The child has a copy of it from the clone on.
Result<launch::Belongings> LaunchState::pack() {
    std::vector<child::Step> steps;
    for (std::size_t i = 0; i < plan_->steps.size(); ++i) {
        if (const auto* operation = as_child_operation(plan_->steps[i])) {
            steps.push_back({*operation});
            plan_index_.push_back(i);
        }
    }
    std::vector<std::string> argv = plan_->command.init;
    argv.insert(argv.end(), plan_->command.argv.begin(), plan_->command.argv.end());
    return launch::Belongings::pack({.steps = steps,
                                     .arena = plan_->arena.bytes(),
                                     .fds = acquisition_.table(),
                                     .argv = argv,
                                     .environment = plan_->command.environment});
}

/// The child shares the launcher's descriptor table until its first step, which comes before its first
/// word (see CloseOthers). Whatever it is to keep stays open here for so long.
void LaunchState::let_go_of_theirs() noexcept {
    theirs_.reset();
    acquisition_.close_all();
}

/// No signal handler of the launcher's may run in the child, and no signal may be lost: all are
/// blocked from before the clone, and in the child until just before exec.
Result<void> LaunchState::clone_into(const DraftStep& step, const child::Program& program) {
    const auto& how = std::get<program::Clone>(std::get<LauncherAction>(step.what));
    const int cgroup = how.cgroup ? plan_->owned[*how.cgroup].ref().number() : -1;
    const sys::AllSignalsBlocked blocked;
    if (blocked.error() != 0) {
        return failed(Stage::sigprocmask, blocked.error());
    }
    // Where there is no close_range, the child cannot get a table of its own that cheaply.
    const std::uint64_t shared = sys::probe_close_range() == 0 ? CLONE_FILES : 0;
    const child::CloneAnswer answer =
        child::clone_and_run({.flags = how.flags | shared, .cgroup = cgroup}, program);
    if (answer.pid < 0) {
        return failed(step.stage, static_cast<int>(-answer.pid), step.detail);
    }
    Kin& born = step.stage == Stage::clone_intermediate ? intermediate_ : child_;
    born = Kin{Fd{answer.pidfd}, static_cast<pid_t>(answer.pid)};
    return {};
}

// --- map -----------------------------------------------------------------------------------------

Result<void> LaunchState::begin_map(Subject subject) {
    if (ending_ || !launch::Mapping::has_steps(plan_->steps, subject)) {
        mapped_ = subject == Subject::child;
        return {};
    }
    const Kin& who = subject == Subject::child ? child_ : intermediate_;
    mapping_.emplace(plan_->steps, subject, who);
    return continue_map();
}

Result<void> LaunchState::continue_map() {
    auto done = mapping_->advance();
    if (!done) {
        return blame(std::move(done).error());
    }
    if (!*done) {
        return {};
    }
    mapping_.reset();
    mapped_ = child_.exists();
    return send(child::Order::mapped, Stage::await_mapped);
}

/// Orders are read one by one, so the last one may wait in the socket: the child goes through its checkpoint
/// without waiting for us. But nobody else may be there to read it.
Result<void> LaunchState::hurry() {
    if (!goes_on_ || has_proceed_ || !mapped_ || intermediate_.exists()) {
        return {};
    }
    has_proceed_ = true;
    return send(child::Order::proceed, Stage::proceed);
}

Result<void> LaunchState::send(child::Order order, Stage stage) {
    const child::Command command{order};
    const auto sent = sys::send_record(socket_.ref(), std::as_bytes(std::span(&command, 1)));
    if (!sent) {
        return blame({.stage = stage, .errnum = sent.error(), .detail = {}, .hint = {}});
    }
    return {};
}

/// A child that has failed has said so before it ended, and a file of /proc that has gone with it, or
/// a socket that it closed, says less.
std::unexpected<Error> LaunchState::blame(Error error) {
    if (auto heard = receive_all(); !heard) {
        return std::unexpected(std::move(heard).error());
    }
    const Kin& kin = child_.exists() ? child_ : intermediate_;
    if (kin.exists() && (closed_ || kin.has_ended())) {
        return std::unexpected(launch::death_of(kin));
    }
    return std::unexpected(std::move(error));
}

// --- what the child says -------------------------------------------------------------------------

/// What an init says after *executed* is for the Process.
Result<bool> LaunchState::receive_all() {
    bool any = false;
    while (!closed_ && !executed_) {
        child::InitReport report;  // or the shorter Record, of a child that is no init yet
        auto received = sys::receive_record(socket_.ref(), std::as_writable_bytes(std::span(&report, 1)));
        if (!received && received.error() == EAGAIN) {
            return any;
        }
        // It ended without having read what was sent to it. This is told once, and before its own last
        // words, which are still there.
        if (!received && received.error() == ECONNRESET) {
            continue;
        }
        if (!received) {
            return failed(Stage::checkpoint, received.error());
        }
        closed_ = received->length == 0;
        if (closed_) {
            break;
        }
        any = true;
        let_go_of_theirs();
        const bool unknown = received->sender != 0 && received->sender != intermediate_.pid();
        if (unknown && !child_.exists()) {
            LINX_TRY(adopt(received->sender, Fd{}));
        }
        if (received->length == sizeof(report)) {
            LINX_TRY(handle(report));
            continue;
        }
        child::Record record;
        std::memcpy(static_cast<void*>(&record), &report, sizeof(record));
        LINX_TRY(handle(record, std::move(received->fd)));
        if (record.tell == child::Tell::ready) {
            break;  // whatever comes behind it is news of the way to exec
        }
    }
    return any;
}

Result<void> LaunchState::handle(const child::Record& record, Fd fd) {
    switch (record.tell) {
        case child::Tell::waiting:
            return begin_map(child_.exists() ? Subject::child : Subject::intermediate);
        case child::Tell::cloned:
            return child_.exists() ? Result<void>{} : adopt(record.pid, std::move(fd));
        case child::Tell::ready:
            ready_ = true;
            child_pid_ = record.pid;
            return {};
        case child::Tell::failed:
            return record.step < plan_index_.size()
                       ? std::unexpected(error_of(record, plan_->steps[plan_index_[record.step]]))
                       : failed(Stage::checkpoint, EPROTO);
        case child::Tell::aborted:
            return {};
        case child::Tell::opened:
            break;
    }
    return failed(Stage::checkpoint, EPROTO);
}

Result<void> LaunchState::handle(const child::InitReport& report) {
    if (plan_->has_init() && report.tell == child::InitTell::failed) {
        child_.let_end_and_reap();  // by itself: it has a child of its own to reap before
        return std::unexpected(error_of(report.record, plan_->steps.back()));
    }
    executed_ = plan_->has_init() && report.tell == child::InitTell::executed;
    return executed_ ? Result<void>{} : failed(Stage::checkpoint, EPROTO);
}

/// The workload's pidfd came beside the intermediate's report, unless there was no descriptor free
/// for it, or the intermediate was killed before it could report and the workload speaks for itself.
/// The pid, vouched for by the kernel, will do then: the workload is our child, and its number is
/// kept until we reap it.
Result<void> LaunchState::adopt(pid_t pid, Fd pidfd) {
    if (!pidfd.is_open()) {
        auto opened = sys::pidfd_open(pid);
        if (!opened) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
            return failed(Stage::clone_workload, opened.error(), "the pidfd of the workload");
        }
        pidfd = std::move(*opened);
    }
    child_ = Kin{std::move(pidfd), pid};
    return begin_map(Subject::child);
}

Error LaunchState::error_of(const child::Record& record, const DraftStep& step) const {
    Error error{.stage = step.stage, .errnum = record.errnum, .detail = step.detail, .hint = {}};
    launch::add_childs_word(error, record);
    const auto* operation = std::get_if<child::Operation>(&step.what);
    const auto* execute = operation != nullptr ? std::get_if<child::Execute>(operation) : nullptr;
    if (execute != nullptr && record.cause != child::Cause::unknown) {
        const child::Program program{.arena = plan_->arena.data()};
        const auto* candidates = program.list<child::Text>(execute->candidates);
        error.detail =
            plan_->arena.view(candidates[std::min(record.candidate, execute->candidates.count - 1)]);
    }
    return error;
}

/// A process that ended may have said why just before: the socket is asked once more.
Result<void> LaunchState::check_deaths() {
    if (intermediate_.exists() && intermediate_.has_ended()) {
        LINX_TRY(receive_all());
        if (!child_.exists()) {
            return std::unexpected(launch::death_of(intermediate_));
        }
        (void)intermediate_.try_reap();
    }
    if (child_.exists() && child_.has_ended()) {
        LINX_TRY(receive_all());
        if (!ready_) {
            return std::unexpected(launch::death_of(child_));
        }
    }
    return {};
}

// --- the faces' verbs ----------------------------------------------------------------------------

Result<bool> LaunchState::step_to_checkpoint() {
    unwatch_what_changes();
    if (!cloned_) {
        if (!LINX_TRY(acquisition_.advance())) {
            return false;
        }
        LINX_TRY(clone());
    }
    if (mapping_) {
        LINX_TRY(continue_map());
    }
    if (!LINX_TRY(receive_all()) || intermediate_.exists()) {
        LINX_TRY(check_deaths());
    }
    LINX_TRY(hurry());
    return ready_ && !intermediate_.exists();
}

Result<bool> LaunchState::step_to_exec() {
    unwatch_what_changes();
    LINX_TRY(receive_all());
    if (plan_->has_init()) {
        return step_to_report();
    }
    const bool ended = !closed_ && child_.has_ended();
    if (!closed_ && !ended) {
        return false;
    }
    if (launch::has_executed(child_)) {
        return true;
    }
    if (!child_.has_ended()) {
        return false;
    }
    LINX_TRY(receive_all());
    return std::unexpected(launch::death_of(child_));
}

/// An init keeps the socket, so there is no end of file: it says so when the workload has executed.
Result<bool> LaunchState::step_to_report() {
    if (!executed_ && child_.has_ended()) {
        LINX_TRY(receive_all());
        return executed_ ? Result<bool>{true} : std::unexpected(launch::death_of(child_));
    }
    return executed_;
}

Result<bool> LaunchState::advance_to_checkpoint() {
    return concluded(step_to_checkpoint());
}

Result<bool> LaunchState::advance_to_exec() {
    return concluded(step_to_exec());
}

/// After a failure nothing is left, and its error is explained; what is not done waits for the next event.
Result<bool> LaunchState::concluded(Result<bool> done) {
    if (!done) {
        auto error = explained(std::move(done).error());
        end();
        return error;
    }
    if (!*done) {
        LINX_TRY(rewatch());
    }
    return done;
}

Result<void> LaunchState::proceed_in_advance() {
    goes_on_ = true;
    auto sent = hurry();
    if (!sent) {
        auto error = explained(std::move(sent).error());
        end();
        return error;
    }
    return {};
}

Result<void> LaunchState::send_proceed() {
    if (has_proceed_) {
        return {};
    }
    has_proceed_ = true;
    auto sent = send(child::Order::proceed, Stage::proceed);
    if (!sent) {
        auto error = explained(std::move(sent).error());
        end();
        return error;
    }
    return {};
}

/// An intermediate that is killed between its clone and its report leaves a workload that nobody
/// knows of. So it is told to end, and the workload with it, and both are heard out: whoever speaks
/// on this socket and is not the intermediate, is the workload.
void LaunchState::hear_out_intermediate() {
    constexpr std::chrono::milliseconds at_most{2000};
    const launch::Deadline deadline{{.timeout = at_most, .cancel = {}}};
    ::shutdown(socket_.ref().number(), SHUT_WR);
    intermediate_.let_end_and_reap();
    let_go_of_theirs();
    const std::array sockets{socket_.ref()};
    while (!closed_ && !child_.exists() && deadline.until_readable(sockets, Stage::abort)) {
        (void)receive_all();
    }
}

/// The socket is shut before the child is killed: a parked child ends by that alone, even where the
/// signal cannot be sent.
void LaunchState::end() noexcept {
    ending_ = true;
    unwatch();
    mapping_.reset();
    if (intermediate_.exists() && !child_.exists()) {
        (void)launch::guarded([this]() -> Result<void> {
            hear_out_intermediate();
            return {};
        });
    }
    if (socket_.is_open()) {
        ::shutdown(socket_.ref().number(), SHUT_RDWR);
    }
    intermediate_.kill_and_reap();
    child_.kill_and_reap();
    // Not before: a number that is free again could become a stranger's, in a table that is still shared.
    let_go_of_theirs();
    acquisition_.end();
    socket_.reset();
    closed_ = true;
}

bool LaunchState::involves(pid_t pid) const noexcept {
    const auto is = [pid](const Kin& kin) { return kin.exists() && kin.pid() == pid; };
    return is(child_) || is(intermediate_) || is(acquisition_.scout()) ||
           (mapping_ && mapping_->involves(pid));
}

std::unexpected<Error> LaunchState::explained(Error error) const {
    launch::find_cause(
        error, {.fresh = plan_->fresh, .caller_is_root = plan_->caller_is_root, .child = child_.pid()});
    return std::unexpected(std::move(error));
}

// --- waiting -------------------------------------------------------------------------------------

std::vector<FdRef> LaunchState::waits_for() const {
    if (!cloned_) {
        return {acquisition_.fd()};
    }
    std::vector<FdRef> fds;
    if (!closed_) {
        fds.push_back(socket_.ref());
    }
    if (const auto helper = mapping_ ? mapping_->fd() : std::nullopt) {
        fds.push_back(*helper);
    }
    if (intermediate_.exists()) {
        fds.push_back(intermediate_.pidfd());
    }
    if (child_.exists()) {
        fds.push_back(child_.pidfd());
    }
    return fds;
}

Result<void> LaunchState::start_watching() {
    LINX_TRY(watch_.open());
    return rewatch();
}

void LaunchState::unwatch() noexcept {
    if (watch_.is_open()) {
        (void)watch_.set({});
    }
}

/// The socket and the child stay what they are until the launch is over.
void LaunchState::unwatch_what_changes() noexcept {
    const bool is_steady = child_.exists() && !intermediate_.exists() && !mapping_ && !closed_;
    if (!is_steady) {
        unwatch();
    }
}

Result<void> LaunchState::rewatch() {
    return watch_.is_open() ? watch_.set(waits_for()) : Result<void>{};
}

}  // namespace linx
