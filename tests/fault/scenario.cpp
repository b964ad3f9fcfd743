#include "scenario.hpp"

#include <csignal>
#include <string>

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

namespace fault {
namespace {

using namespace linx;

constexpr Namespaces five{Namespace::pid, Namespace::net, Namespace::ipc, Namespace::uts, Namespace::mount};
constexpr std::int64_t years = 365L * 24 * 3600;

std::string file_of(pid_t pid, Namespace kind) {
    return "/proc/" + std::to_string(pid) + "/ns/" + std::string{proc_name(kind)};
}

/// Everything that needs no namespace.
void basics(ProcessSpec& spec, pid_t /*container*/) {
    spec.arg0 = "another-name";
    spec.cwd = "/usr";
    spec.umask = 027;
    spec.uid = ordinary_user;
    spec.gid = ordinary_user;
    spec.groups = std::vector<gid_t>{7, 8};
    spec.no_new_privs = true;
    spec.rlimits = {{RLIMIT_NPROC, 1000, 1000}, {RLIMIT_CORE, 0, 0}};
    spec.nice = 5;
    spec.leads = Leads::process_group;
    spec.stderr_to = StdioFile{.path = "/dev/null", .flags = O_WRONLY};
    spec.fds = {{FdRef{0}, 4}, {FdRef{1}, 3}};
    spec.parent_death_signal = SIGTERM;
    spec.ignored_signals = {SIGPIPE};
    spec.blocked_signals = {SIGUSR1};
}

/// What `linx run --all` asks for.
void everything_fresh(ProcessSpec& spec, pid_t /*container*/) {
    spec.namespaces = Namespaces::all();
    spec.map_root = true;
    spec.hostname = "fault";
    spec.domainname = "tier";
    spec.leads = Leads::session;
    spec.mounts = {{.type = "proc", .target = "/proc", .source = "", .options = {}, .attributes = 0},
                   {.type = "tmpfs",
                    .target = "/tmp",
                    .source = "fault",
                    .options = {"size=1m"},
                    .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV}};
}

void five_fresh(ProcessSpec& spec, pid_t /*container*/) {
    spec.namespaces = five;
}

void time_offsets(ProcessSpec& spec, pid_t /*container*/) {
    spec.namespaces = Namespaces{Namespace::time, Namespace::uts};
    spec.time_offsets.boottime = TimeOffset{.seconds = 3 * years, .nanoseconds = 0};
    spec.time_offsets.monotonic = TimeOffset{.seconds = 2 * years, .nanoseconds = 0};
}

void time_offsets_for_user(ProcessSpec& spec, pid_t container) {
    time_offsets(spec, container);
    spec.namespaces = Namespaces{Namespace::user, Namespace::pid, Namespace::time};
    spec.map_root = true;
}

void joined_by_path(ProcessSpec& spec, pid_t container) {
    spec.namespaces = Namespaces{Namespace::ipc, Namespace::mount};
    spec.join = {{Namespace::net, NamespacePath{file_of(container, Namespace::net)}},
                 {Namespace::uts, NamespaceOfPid{container}}};
}

void joined_pid(ProcessSpec& spec, pid_t container) {
    spec.namespaces = Namespaces{Namespace::uts};
    spec.hostname = "joined";
    spec.join = {{Namespace::pid, NamespacePath{file_of(container, Namespace::pid)}}};
}

void subordinate_ids(ProcessSpec& spec, pid_t /*container*/) {
    spec.namespaces = Namespaces{Namespace::user, Namespace::uts};
    spec.uid_map = {{0, ordinary_user, 1}, {1, 100'000, 1000}};
    spec.gid_map = {{0, ordinary_user, 1}, {1, 100'000, 1000}};
}

void under_init(ProcessSpec& spec, pid_t /*container*/) {
    spec.namespaces = Namespaces{Namespace::pid, Namespace::mount};
    spec.leads = Leads::session;
    spec.fds = {{FdRef{1}, 3}};
}

void nothing_more(ProcessSpec& /*spec*/, pid_t /*container*/) {}

void missing_program(ProcessSpec& spec, pid_t /*container*/) {
    spec.namespaces = Namespaces{Namespace::uts};
    spec.argv = {"no-such-program"};
}

}  // namespace

const std::vector<Scenario>& scenarios() {
    constexpr std::uint64_t container =
        CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
    static const std::vector<Scenario> all{
        {.name = "basics", .complete = basics},
        {.name = "all", .complete = everything_fresh},
        {.name = "all_as_user", .user = ordinary_user, .complete = everything_fresh},
        {.name = "time", .complete = time_offsets},
        {.name = "time_as_user", .user = ordinary_user, .complete = time_offsets_for_user},
        {.name = "subordinate_ids", .user = ordinary_user, .complete = subordinate_ids},
        {.name = "join", .container = container, .complete = joined_by_path},
        {.name = "join_pid", .container = container, .complete = joined_pid},
        {.name = "enter", .container = container, .enters = true, .complete = nothing_more},
        {.name = "enter_user",
         .container = container | CLONE_NEWUSER | CLONE_NEWCGROUP,
         .enters = true,
         .complete = nothing_more},
        {.name = "init", .has_init = true, .complete = under_init},
        {.name = "abort", .ending = Ending::abort, .complete = five_fresh},
        {.name = "drop", .ending = Ending::drop, .complete = five_fresh},
        {.name = "missing_program", .complete = missing_program},
        {.name = "lonely", .user = lonely_user, .complete = time_offsets_for_user},
    };
    return all;
}

}  // namespace fault
