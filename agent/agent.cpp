#include "agent/agent.hpp"

#include "sys/byte_stream.hpp"
#include "sys/epoll.hpp"
#include "sys/signals.hpp"

#include <linx/spawn.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <string>
#include <string_view>

#include <sys/utsname.h>
#include <unistd.h>

namespace linx::agent {

namespace {

// What a descriptor of the loop is; other numbers are ids of sessions.
constexpr std::uint64_t from_requests = ~std::uint64_t{0};
constexpr std::uint64_t from_events = from_requests - 1;
constexpr std::uint64_t from_signals = from_requests - 2;
constexpr std::uint64_t from_vm = from_requests - 3;

/// A VM that asks faster than it listens waits, instead of growing the agent.
constexpr std::size_t too_much_waiting = std::size_t{1} << 20;

/// `6.18.0-13-cloud-amd64`: what is no number is 0.
std::array<int, 3> kernel_version() {
    utsname names{};
    std::array<int, 3> version{};
    if (::uname(&names) != 0) {
        return version;
    }
    std::string_view text = names.release;
    for (int& part : version) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
        text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(end - text.data()) + 1));
    }
    return version;
}

Namespaces namespaces_of_the_kernel() {
    Namespaces set;
    for (const Namespace kind : every_namespace) {
        const std::string path = "/proc/self/ns/" + std::string(proc_name(kind));
        if (::access(path.c_str(), F_OK) == 0) {
            set.insert(kind);
        }
    }
    return set;
}

/// Not the agent's own faults, nor what nobody can ignore, nor what it waits for.
bool can_be_ignored(int number) {
    constexpr std::array not_these{SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGBUS,
                                   SIGFPE,  SIGILL,  SIGABRT, SIGTRAP, SIGSYS};
    constexpr int past_the_last_ordinary_one = 32;  // and from there to SIGRTMIN, the C library's own
    return std::ranges::find(not_these, number) == not_these.end() &&
           (number < past_the_last_ordinary_one || number >= SIGRTMIN);
}

Result<void> needs(const sys::Outcome<void>& done, const char* what) {
    return done ? Result<void>{} : failed(Stage::agent_start, done.error(), what);
}

}  // namespace

Agent::Agent(Fd in, Fd out, Fd vm)
    : in_(std::move(in)), out_(std::move(out)), vm_(std::move(vm)), inlet_(in_.ref()), outlet_(out_.ref()) {}

// --- set-up --------------------------------------------------------------------------------------

Result<void> Agent::set_up() {
    LINX_TRY(needs(sys::set_private_and_nonblocking(in_.ref()), "fd 3"));
    LINX_TRY(needs(sys::set_private_and_nonblocking(out_.ref()), "fd 4"));
    LINX_TRY(needs(sys::become_subreaper(), "subreaper"));
    LINX_TRY(needs(sys::hide_from_ptrace(), "dumpable"));
    // The end of file on fd 3 is the one end: a container's stop may send SIGTERM to every process.
    for (int number = 1; number <= SIGRTMAX; ++number) {
        if (can_be_ignored(number)) {
            LINX_TRY(needs(sys::ignore_signal(number), "signals"));
        }
    }
    LINX_TRY(needs(sys::default_signal(SIGCHLD), "SIGCHLD"));
    return set_up_loop();
}

Result<void> Agent::set_up_loop() {
    sigset_t child_ends;
    ::sigemptyset(&child_ends);
    ::sigaddset(&child_ends, SIGCHLD);
    LINX_TRY(needs(sys::block_signals(child_ends), "SIGCHLD"));
    auto epoll = sys::open_epoll();
    auto signals = sys::open_signalfd(child_ends);
    if (!epoll || !signals) {
        return failed(Stage::agent_start, !epoll ? epoll.error() : signals.error(), "the event loop");
    }
    epoll_ = std::move(*epoll);
    signals_ = std::move(*signals);
    LINX_TRY(needs(sys::epoll_add(epoll_.ref(), in_.ref(), EPOLLIN, from_requests), "fd 3"));
    LINX_TRY(needs(sys::epoll_add(epoll_.ref(), out_.ref(), 0, from_events), "fd 4"));
    LINX_TRY(needs(sys::epoll_add(epoll_.ref(), signals_.ref(), EPOLLIN, from_signals), "signals"));
    if (vm_.is_open()) {
        LINX_TRY(needs(sys::epoll_add(epoll_.ref(), vm_.ref(), EPOLLIN, from_vm), "the VM's pidfd"));
    }
    raise_file_limit();
    return {};
}

/// Each session takes descriptors; its workload gets the limit that the agent was born with.
void Agent::raise_file_limit() {
    raised_files_ =
        ::getrlimit(RLIMIT_NOFILE, &files_before_) == 0 && files_before_.rlim_cur < files_before_.rlim_max;
    if (raised_files_) {
        const rlimit all{.rlim_cur = files_before_.rlim_max, .rlim_max = files_before_.rlim_max};
        raised_files_ = ::setrlimit(RLIMIT_NOFILE, &all) == 0;
    }
}

// --- the loop ------------------------------------------------------------------------------------

Result<void> Agent::run() {
    LINX_TRY(set_up());
    write(writer_, Hello{.version = LINX_VERSION,
                         .pid = ::getpid(),
                         .kernel = kernel_version(),
                         .namespaces = namespaces_of_the_kernel()});
    outlet_.put(writer_.frame());
    flush();
    while (!leaves_ || !sessions_.empty()) {
        LINX_TRY(wait_and_serve());
    }
    sweep();
    return {};
}

Result<void> Agent::wait_and_serve() {
    std::array<epoll_event, 64> room{};
    knows_orphans_ = false;
    const auto events = sys::epoll_wait(epoll_.ref(), room, time_to_next_alarm());
    if (!events) {
        return failed(Stage::epoll, events.error());
    }
    for (const epoll_event& event : *events) {
        serve(event.data.u64, event.events);
    }
    fire_alarms();
    if (has_orphans_to_reap_) {
        reap_orphans();
    }
    flush();
    return {};
}

void Agent::serve(std::uint64_t source, std::uint32_t readiness) {
    if (source == from_requests) {
        take_requests();
    } else if (source == from_events) {
        if ((readiness & EPOLLERR) != 0) {  // nobody reads: epoll would say so again and again
            (void)sys::epoll_remove(epoll_.ref(), out_.ref());
            leave();
        }
        flush();
    } else if (source == from_signals) {
        take_signals();
    } else if (source == from_vm) {
        leave();
    } else {
        touch(static_cast<std::int64_t>(source), [](Session& session) { session.on_readable(); });
    }
}

void Agent::flush() {
    const bool waited = waits_to_write_;
    const auto flushed = outlet_.flush();
    if (flushed == Outlet::Flushed::broken) {
        leave();
        return;
    }
    waits_to_write_ = flushed == Outlet::Flushed::blocked;
    if (waits_to_write_ != waited) {
        (void)sys::epoll_change(epoll_.ref(), out_.ref(), waits_to_write_ ? EPOLLOUT : 0U, from_events);
    }
    const bool may_read = outlet_.waiting() < too_much_waiting;
    if (may_read != reads_ && !leaves_) {
        reads_ = may_read;
        (void)sys::epoll_change(epoll_.ref(), in_.ref(), reads_ ? EPOLLIN : 0U, from_requests);
    }
}

// --- requests ------------------------------------------------------------------------------------

void Agent::take_requests() {
    if (leaves_) {
        return;
    }
    const auto filled = inlet_.fill();
    while (const auto next = inlet_.next()) {
        if (const auto* frame = std::get_if<Inlet::Frame>(&*next)) {
            take(*frame);
            continue;
        }
        const std::size_t length = std::get<Inlet::TooLong>(*next).length;
        refuse({.id = {},
                .ref = {},
                .error = {.stage = Stage::protocol,
                          .errnum = EMSGSIZE,
                          .detail = "a frame of " + std::to_string(length) + " bytes (1 MiB at most)",
                          .hint = {}}});
    }
    if (filled == Inlet::Filled::end) {
        leave();
    }
}

void Agent::take(Inlet::Frame frame) {
    auto request = read_request(frame);
    if (request) {
        perform(std::move(*request));
    } else {
        refuse(request.error());
    }
}

/// A session that lives goes on: what was not understood is answered like a command that failed. A
/// session that was to begin has ended with this.
void Agent::refuse(const Misunderstood& what) {
    const std::int64_t id = what.id.value_or(0);
    if (id != 0 && what.ref && sessions_.contains(id)) {
        reply(id, *what.ref, std::unexpected(what.error));
    } else {
        tell(sessions_.contains(id) ? 0 : id, Failed{what.error});
    }
}

void Agent::perform(Request request) {
    if (std::holds_alternative<Ping>(request.command)) {
        reply(0, request.ref, {});
        return;
    }
    auto* const spawn = std::get_if<Spawn>(&request.command);
    auto* const enter = std::get_if<Enter>(&request.command);
    if (spawn != nullptr || enter != nullptr) {
        launch(request.id, std::move(spawn != nullptr ? spawn->order : enter->order),
               enter != nullptr ? std::optional{enter->target} : std::nullopt);
        return;
    }
    const auto found = sessions_.find(request.id);
    if (found == sessions_.end()) {
        reply(request.id, request.ref,
              failed(Stage::session, ESRCH, "there is no session " + std::to_string(request.id)));
        return;
    }
    touch(request.id, [this, &request](Session& session) {
        // The answer comes before the event that the command leads to.
        const std::size_t mark = outlet_.mark();
        write_reply(writer_, request.id, request.ref, command(session, request.command));
        outlet_.put_before(mark, writer_.frame());
    });
}

Result<void> Agent::command(Session& session, const Command& what) {
    if (std::holds_alternative<Proceed>(what)) {
        return session.proceed();
    }
    if (std::holds_alternative<Abort>(what)) {
        return session.abort();
    }
    if (const auto* signal = std::get_if<Signal>(&what)) {
        return session.signal(signal->number);
    }
    if (const auto* kill = std::get_if<Kill>(&what)) {
        session.kill(kill->grace);
    } else if (std::holds_alternative<Orphan>(what)) {
        session.orphan();
    }
    return {};
}

void Agent::reply(std::int64_t id, std::int64_t ref, const Result<void>& answer) {
    write_reply(writer_, id, ref, answer);
    outlet_.put(writer_.frame());
}

void Agent::launch(std::int64_t id, LaunchOrder order, std::optional<pid_t> target) {
    if (sessions_.contains(id)) {
        tell(0, Failed{{.stage = Stage::session,
                        .errnum = EEXIST,
                        .detail = "there is a session " + std::to_string(id) + " already",
                        .hint = {}}});
        return;
    }
    ProcessSpec& spec = order.spec;
    spec.leads = Leads::session;
    if (std::holds_alternative<KillAfter>(order.orphan_policy)) {
        spec.parent_death_signal = SIGKILL;
    } else {
        has_kept_any_ = true;
    }
    const auto is_files = [](const Rlimit& limit) { return limit.resource == RLIMIT_NOFILE; };
    if (raised_files_ && std::ranges::none_of(spec.rlimits, is_files)) {
        spec.rlimits.push_back({RLIMIT_NOFILE, files_before_.rlim_cur, files_before_.rlim_max});
    }
    const bool has_pid_namespace = !target && spec.namespaces && spec.namespaces->contains(Namespace::pid);
    auto session = std::make_unique<Session>(id, order, has_pid_namespace, *this);
    sessions_.emplace(id, std::move(session));
    launching_.insert(id);
    const auto joins_pid = [](const Join& join) { return join.kind == Namespace::pid; };
    if (target || std::ranges::any_of(spec.join, joins_pid)) {
        entered_.insert(id);
    }
    ++sessions_ever_;
    heap_.close();
    touch(id, [&](Session& begun) {
        begun.begin(target ? linx::start_enter(*target, spec) : linx::start(spec));
    });
}

/// Does something to a session, if it is there, and forgets it when it has ended.
void Agent::touch(std::int64_t id, const std::function<void(Session&)>& what) {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        return;
    }
    Session& session = *found->second;
    what(session);
    if (const auto pid = session.host_pid()) {
        launching_.erase(id);
        by_pid_[*pid] = id;
    }
    if (session.has_ended()) {
        by_pid_.erase(session.host_pid().value_or(0));
        launching_.erase(id);
        families_.erase(id);
        entered_.erase(id);
        sessions_.erase(id);
    }
}

// --- what sessions ask for -----------------------------------------------------------------------

void Agent::tell(std::int64_t id, const Event& event) {
    write(writer_, id, event);
    outlet_.put(writer_.frame());
}

Result<void> Agent::watch(std::int64_t id, FdRef fd) {
    const auto added = sys::epoll_add(epoll_.ref(), fd, EPOLLIN, static_cast<std::uint64_t>(id));
    return added ? Result<void>{} : failed(Stage::epoll, added.error());
}

void Agent::unwatch(FdRef fd) {
    (void)sys::epoll_remove(epoll_.ref(), fd);
}

void Agent::wake_at(std::int64_t id, Clock::time_point time) {
    alarms_.push({time, id});
}

// --- time ----------------------------------------------------------------------------------------

void Agent::fire_alarms() {
    const auto now = Clock::now();
    while (!alarms_.empty() && alarms_.top().time <= now) {
        const std::int64_t id = alarms_.top().id;
        alarms_.pop();
        touch(id, [now](Session& session) { session.on_time(now); });
    }
}

std::optional<std::chrono::milliseconds> Agent::time_to_next_alarm() const {
    if (alarms_.empty()) {
        return std::nullopt;
    }
    return std::max(std::chrono::milliseconds{0},
                    std::chrono::ceil<std::chrono::milliseconds>(alarms_.top().time - Clock::now()));
}

/// Nobody asks any more: every session comes to the end that its orphan policy says.
void Agent::leave() {
    if (leaves_) {
        return;
    }
    leaves_ = true;
    (void)sys::epoll_remove(epoll_.ref(), in_.ref());
    if (vm_.is_open()) {
        (void)sys::epoll_remove(epoll_.ref(), vm_.ref());
    }
    std::vector<std::int64_t> ids;
    for (const auto& [id, session] : sessions_) {
        ids.push_back(id);
    }
    for (const std::int64_t id : ids) {
        touch(id, [](Session& session) { session.leave(); });
    }
}

}  // namespace linx::agent
