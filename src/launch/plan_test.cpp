#include "launch/compiled_test.hpp"

#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx::launch {
namespace {

using isolate::JoinByFile;
using isolate::JoinByPath;
using isolate::JoinByPidfd;
using isolate::Joins;
using isolate::ordinary_user;
using isolate::root;

ProcessSpec running(Namespaces fresh = {}) {
    ProcessSpec spec;
    spec.argv = {"true"};
    spec.namespaces = fresh;
    return spec;
}

Joins of_pid(Namespaces kinds) {
    Joins joins;
    joins.sources.emplace_back(JoinByPidfd{.owned = 0, .kinds = kinds, .label = "pid 71"});
    return joins;
}

TEST(Plan, of_a_program_and_nothing_else) {
    EXPECT_EQ(plan_of(running(), ordinary_user()), R"(
clone launcher clone3
birth child close_range
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_a_program_under_an_init) {
    ProcessSpec spec = running({Namespace::pid});
    spec.init = true;
    EXPECT_EQ(plan_of(spec, root()), R"(
acquire launcher open_init
clone launcher clone3
birth child close_range
checkpoint child checkpoint
seal child stdio
seal child seal_fds
seal child signals
exec child exec_init
exec init execve
)");
}

std::vector<std::string> words_of_init(const ProcessSpec& spec) {
    const auto compiled = compile_for(spec, root());
    EXPECT_TRUE(compiled) << compiled.error().message();
    return compiled ? (*compiled)->command.init : std::vector<std::string>{};
}

TEST(Plan, an_init_is_told_its_descriptor_and_the_mask_of_the_workload) {
    ProcessSpec spec = running();
    spec.init = true;
    spec.leads = Leads::session;
    spec.blocked_signals = {SIGUSR1, 64};
    spec.fds = {{FdRef{0}, 3}, {FdRef{0}, 5}};
    EXPECT_EQ(words_of_init(spec), (std::vector<std::string>{"linx-init", "--report-fd", "4", "--child-mask",
                                                             "8000000000000200", "--"}));
}

TEST(Plan, a_workload_that_leads_nothing_leads_nothing_under_an_init_either) {
    ProcessSpec spec = running();
    spec.init = true;
    EXPECT_EQ(words_of_init(spec), (std::vector<std::string>{"linx-init", "--report-fd", "3", "--child-mask",
                                                             "0", "--no-pgrp", "--"}));
}

TEST(Plan, an_init_is_told_what_name_the_workload_goes_by) {
    ProcessSpec spec = running();
    spec.init = true;
    spec.leads = Leads::process_group;
    spec.arg0 = "-sh";
    EXPECT_EQ(words_of_init(spec), (std::vector<std::string>{"linx-init", "--report-fd", "3", "--child-mask",
                                                             "0", "--arg0", "-sh", "--"}));
    const auto compiled = compile_for(spec, root());
    ASSERT_TRUE(compiled);
    EXPECT_EQ((*compiled)->command.argv, std::vector<std::string>{"true"}) << "what is looked for";
}

TEST(Plan, an_init_is_told_under_which_number_it_finds_a_program_that_is_a_descriptor) {
    ProcessSpec spec = running();
    spec.init = true;
    spec.leads = Leads::process_group;
    spec.program = FdRef{9};
    EXPECT_EQ(words_of_init(spec), (std::vector<std::string>{"linx-init", "--report-fd", "3", "--child-mask",
                                                             "0", "--exec-fd", "4", "--"}));
}

TEST(Plan, every_signal_stays_blocked_until_an_init_takes_it) {
    ProcessSpec spec = running();
    spec.init = true;
    spec.ignored_signals = {SIGPIPE};
    const auto compiled = compile_for(spec, root());
    ASSERT_TRUE(compiled);
    for (const auto& step : (*compiled)->steps) {
        if (step.stage == Stage::signals) {
            const auto reset = std::get<child::ResetSignals>(std::get<child::Operation>(step.what));
            EXPECT_EQ(reset.blocked, ~std::uint64_t{0});
            EXPECT_EQ(reset.ignored, std::uint64_t{1} << (SIGPIPE - 1));
        }
    }
}

TEST(Plan, of_a_shell_that_is_root_inside_for_an_ordinary_user) {
    ProcessSpec spec = running(Namespaces::all());
    spec.map_root = true;
    spec.hostname = "box";
    spec.mounts = {{.type = "proc", .target = "/proc"}};
    EXPECT_EQ(plan_of(spec, ordinary_user()), R"(
clone launcher clone3
birth child close_range
birth child await_mapped
map launcher setgroups_deny
map launcher uid_map
map launcher gid_map
prepare child mount_propagation
prepare child mount
prepare child loopback
prepare child sethostname
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_the_same_shell_for_root) {
    ProcessSpec spec = running(Namespaces::all());
    spec.map_root = true;
    spec.hostname = "box";
    spec.mounts = {{.type = "proc", .target = "/proc"}};
    EXPECT_EQ(plan_of(spec, root()), R"(
clone launcher clone3
birth child close_range
birth child await_mapped
map launcher uid_map
map launcher gid_map
prepare child mount_propagation
prepare child mount
prepare child loopback
prepare child sethostname
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_subordinate_ids_through_the_helpers) {
    ProcessSpec spec = running({Namespace::user});
    spec.uid_map = {{0, 100000, 65536}};
    spec.gid_map = {{0, 100000, 65536}};
    EXPECT_EQ(plan_of(spec, ordinary_user()), R"(
clone launcher clone3
birth child close_range
birth child await_mapped
map launcher newuidmap
map launcher newgidmap
prepare child setgroups
prepare child setresgid
prepare child setresuid
prepare child set_dumpable
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_a_user_inside_of_a_namespace_that_root_maps) {
    ProcessSpec spec = running({Namespace::user, Namespace::mount, Namespace::net});
    spec.uid_map = {{0, 100000, 65536}};
    spec.gid_map = {{0, 100000, 65536}};
    spec.uid = 33;
    spec.gid = 33;
    spec.groups = {{33, 44}};
    EXPECT_EQ(plan_of(spec, root()), R"(
clone launcher clone3
birth child close_range
birth child await_mapped
map launcher uid_map
map launcher gid_map
prepare child setgroups
prepare child setresgid
prepare child setresuid
prepare child set_dumpable
prepare child mount_propagation
prepare child loopback
checkpoint child checkpoint
seal child setgroups
seal child setresgid
seal child setresuid
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_an_undumpable_launcher_makes_the_child_dumpable_before_it_is_mapped) {
    ProcessSpec spec = running({Namespace::user});
    spec.map_root = true;
    isolate::Caller caller = ordinary_user();
    caller.dumpable = false;
    EXPECT_EQ(plan_of(spec, caller), R"(
clone launcher clone3
birth child close_range
birth child set_dumpable
birth child await_mapped
map launcher setgroups_deny
map launcher uid_map
map launcher gid_map
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_time_offsets) {
    ProcessSpec spec = running({Namespace::user, Namespace::time, Namespace::pid, Namespace::mount});
    spec.map_root = true;
    spec.time_offsets.boottime = TimeOffset{.seconds = 86400, .nanoseconds = 0};
    EXPECT_EQ(plan_of(spec, ordinary_user()), R"(
clone launcher clone_intermediate
birth intermediate close_range
prepare intermediate unshare
prepare intermediate await_mapped
map launcher setgroups_deny
map launcher uid_map
map launcher gid_map
map launcher timens_offsets
clone intermediate clone_workload
prepare child mount_propagation
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_time_offsets_without_a_user_namespace) {
    ProcessSpec spec = running({Namespace::time});
    spec.time_offsets.monotonic = TimeOffset{.seconds = -1, .nanoseconds = 0};
    EXPECT_EQ(plan_of(spec, root()), R"(
clone launcher clone_intermediate
birth intermediate close_range
prepare intermediate unshare
prepare intermediate await_mapped
map launcher timens_offsets
clone intermediate clone_workload
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_a_join_by_path) {
    Joins joins;
    joins.sources.emplace_back(JoinByPath{.kind = Namespace::net, .path = "/run/netns/blue"});
    EXPECT_EQ(plan_of(running(), root(), joins), R"(
acquire launcher open_ns_net
clone launcher clone3
birth child close_range
birth child set_dumpable
prepare child setns_net
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_joins_in_the_order_of_the_table_not_of_the_spec) {
    Joins joins;
    joins.sources.emplace_back(JoinByPath{.kind = Namespace::user, .path = "/u"});
    joins.sources.emplace_back(JoinByPath{.kind = Namespace::mount, .path = "/m"});
    joins.sources.emplace_back(JoinByPath{.kind = Namespace::pid, .path = "/p"});
    joins.sources.emplace_back(JoinByFile{.kind = Namespace::net, .number = 9});
    EXPECT_EQ(plan_of(running(), root(), joins), R"(
acquire launcher open_ns_user
acquire launcher open_ns_mount
acquire launcher open_ns_pid
acquire launcher open_ns_net
clone launcher clone_intermediate
birth intermediate close_range
birth intermediate set_dumpable
birth intermediate setgroups
birth intermediate session_keyring
prepare intermediate setns_net
prepare intermediate setns_pid
prepare intermediate setns_mount
prepare intermediate setns_user
clone intermediate clone_workload
checkpoint child checkpoint
seal child chdir
seal child verify_cwd
seal child setgroups
seal child setresgid
seal child setresuid
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_what_is_fresh_beside_what_is_joined) {
    EXPECT_EQ(plan_of(running({Namespace::mount, Namespace::uts}), root(), of_pid({Namespace::net})), R"(
acquire launcher pidfd_open
clone launcher clone_intermediate
birth intermediate close_range
birth intermediate set_dumpable
prepare intermediate setns_net
clone intermediate clone_workload
prepare child mount_propagation
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_a_fresh_mapped_user_namespace_beside_what_is_joined) {
    ProcessSpec spec = running({Namespace::user});
    spec.uid_map = {{0, 100000, 10}};
    spec.gid_map = {{0, 100000, 10}};
    EXPECT_EQ(plan_of(spec, root(), of_pid({Namespace::net})), R"(
acquire launcher pidfd_open
clone launcher clone_intermediate
birth intermediate close_range
birth intermediate set_dumpable
prepare intermediate setns_net
clone intermediate clone_workload
birth child await_mapped
map launcher uid_map
map launcher gid_map
prepare child setgroups
prepare child setresgid
prepare child setresuid
checkpoint child checkpoint
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_an_enter) {
    Joins joins = of_pid(Namespaces::all());
    joins.root = 1;
    joins.cgroup = 2;
    ProcessSpec spec;
    spec.argv = {"sh"};
    EXPECT_EQ(plan_of(spec, root(), joins, true), R"(
acquire launcher pidfd_open
acquire launcher open_root
acquire launcher open_cgroup
clone launcher clone_intermediate
birth intermediate close_range
birth intermediate set_dumpable
birth intermediate setgroups
birth intermediate session_keyring
prepare intermediate setns
prepare intermediate chroot
clone intermediate clone_workload
checkpoint child checkpoint
seal child chdir
seal child verify_cwd
seal child setgroups
seal child setresgid
seal child setresuid
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_an_enter_without_a_pid_namespace) {
    Joins joins = of_pid({Namespace::mount, Namespace::net});
    joins.root = 1;
    ProcessSpec spec;
    spec.argv = {"sh"};
    EXPECT_EQ(plan_of(spec, root(), joins, true), R"(
acquire launcher pidfd_open
acquire launcher open_root
clone launcher clone3
birth child close_range
birth child set_dumpable
prepare child setns
prepare child chroot
checkpoint child checkpoint
seal child chdir
seal child verify_cwd
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_descriptors_and_a_terminal) {
    ProcessSpec spec = running();
    spec.stdin_from = StdioNull{};
    spec.stdout_to = StdioFile{.path = "/var/log/out", .flags = O_WRONLY};
    spec.stderr_to = StdioAsStdout{};
    spec.fds = {{FdRef{8}, 3}};
    spec.leads = Leads::process_group;
    spec.foreground_of = FdRef{0};
    EXPECT_EQ(plan_of(spec, ordinary_user()), R"(
acquire launcher duplicate_fd
acquire launcher duplicate_fd
acquire launcher open_stdin
acquire scout open_stdout
clone launcher clone3
birth child close_range
prepare child setpgid
checkpoint child checkpoint
seal child stdio
seal child foreground
seal child seal_fds
seal child signals
exec child execve
)");
}

TEST(Plan, of_everything_that_the_seal_can_hold) {
    ProcessSpec spec = running();
    spec.cwd = "/srv";
    spec.umask = 077;
    spec.uid = 33;
    spec.gid = 33;
    spec.no_new_privs = true;
    spec.nice = 5;
    spec.rlimits = {{RLIMIT_NOFILE, 64, 64}, {RLIMIT_CORE, 0, 100}};
    spec.parent_death_signal = SIGKILL;
    spec.ignored_signals = {SIGPIPE};
    spec.leads = Leads::session;
    isolate::Caller caller = root();
    caller.hard_limits[RLIMIT_CORE] = 50;
    EXPECT_EQ(plan_of(spec, caller), R"(
clone launcher clone3
birth child close_range
birth child parent_death_signal
birth child await_mapped
map launcher prlimit
map launcher setpriority
prepare child setsid
checkpoint child checkpoint
seal child chdir
seal child umask
seal child setrlimit
seal child setrlimit
seal child no_new_privs
seal child setgroups
seal child setresgid
seal child setresuid
seal child parent_death_signal
seal child seal_fds
seal child signals
exec child execve
)");
}

/// What follows is about the table itself: the order does not depend on who thought of a step first.
TEST(Order, puts_what_it_does_not_know_first_where_it_is_seen) {
    std::vector<program::DraftStep> steps;
    steps.push_back(
        {Phase::acquire, program::Subject::none, Stage::pidfd_open, program::LauncherAction{}, {}});
    steps.push_back({Phase::exec, program::Subject::scout, Stage::wait, program::LauncherAction{}, {}});
    put_in_order(steps);
    EXPECT_EQ(steps[0].stage, Stage::wait);
}

TEST(Order, keeps_steps_of_one_place_as_they_were) {
    std::vector<program::DraftStep> steps;
    for (const char* detail : {"/proc", "/tmp", "/dev"}) {
        steps.push_back({Phase::prepare, program::Subject::child, Stage::mount, child::Operation{}, detail});
    }
    steps.push_back(
        {Phase::prepare, program::Subject::child, Stage::mount_propagation, child::Operation{}, "/"});
    put_in_order(steps);
    EXPECT_EQ(steps[0].detail, "/");
    EXPECT_EQ(steps[1].detail, "/proc");
    EXPECT_EQ(steps[2].detail, "/tmp");
    EXPECT_EQ(steps[3].detail, "/dev");
}

TEST(Plan, denies_setgroups_before_an_ordinary_users_gid_map) {
    ProcessSpec spec = running({Namespace::user});
    spec.map_root = true;
    const std::string plan = plan_of(spec, ordinary_user());
    ASSERT_NE(plan.find("setgroups_deny"), std::string::npos);
    EXPECT_LT(plan.find("setgroups_deny"), plan.find("gid_map"));
    EXPECT_EQ(plan_of(spec, root()).find("setgroups_deny"), std::string::npos);
}

TEST(Plan, refuses_a_nul_byte_in_every_text_of_a_furnishing) {
    const std::string nul("a\0b", 3);
    const auto refused = [](const ProcessSpec& spec) { return plan_of(spec, root()); };
    ProcessSpec spec = running({Namespace::uts, Namespace::mount});
    spec.hostname = nul;
    EXPECT_EQ(refused(spec), "hostname: holds a NUL byte");
    spec.hostname = {};
    spec.domainname = nul;
    EXPECT_EQ(refused(spec), "domainname: holds a NUL byte");
    spec.domainname = {};
    for (const Mount& mount :
         {Mount{.type = nul, .target = "/x"}, Mount{.type = "tmpfs", .target = "/" + nul},
          Mount{.type = "tmpfs", .target = "/x", .source = nul},
          Mount{.type = "tmpfs", .target = "/x", .options = {"ro", nul}}}) {
        spec.mounts = {mount};
        EXPECT_EQ(refused(spec), "mounts: holds a NUL byte");
    }
}

/// The public face, planned for the very caller that runs the test.
TEST(Plan, shows_its_steps_in_plain_words) {
    ProcessSpec spec = running();
    spec.argv = {"/bin/true"};
    spec.cwd = "/";
    const auto planned = plan(spec);
    ASSERT_TRUE(planned) << planned.error().message();
    const auto steps = planned->steps();
    ASSERT_EQ(steps.size(), 7U);
    EXPECT_EQ(steps.front().words, "clone the child (no fresh namespace)");
    EXPECT_EQ(steps.front().actor, Actor::launcher);
    EXPECT_EQ(steps.back().phase, Phase::exec);
    EXPECT_EQ(steps.back().detail, "/bin/true");
    EXPECT_EQ(steps.back().words, "execute (/bin/true)");
    EXPECT_EQ(steps[2].words, "wait at the checkpoint");
}

TEST(Plan, takes_a_kind_of_namespace_from_one_place) {
    ProcessSpec spec = running({Namespace::net});
    spec.join = {{.kind = Namespace::net, .from = NamespacePath{"/proc/self/ns/net"}}};
    auto planned = plan(spec);
    ASSERT_FALSE(planned);
    EXPECT_EQ(planned.error().message(),
              "join: net is to be fresh as well; a namespace is fresh or joined, not both");
    spec = running();
    spec.join = {{.kind = Namespace::net, .from = NamespacePath{"/proc/self/ns/net"}},
                 {.kind = Namespace::net, .from = NamespaceOfPid{1}}};
    planned = plan(spec);
    ASSERT_FALSE(planned);
    EXPECT_EQ(planned.error().message(), "join: net is joined twice");
    planned = plan_enter(::getpid(), [] {
        ProcessSpec asked = running({Namespace::net});
        asked.join = {{.kind = Namespace::net, .from = NamespacePath{"/proc/self/ns/net"}}};
        return asked;
    }());
    ASSERT_FALSE(planned);
    EXPECT_EQ(planned.error().message(), "join: net is joined twice");
}

TEST(Plan, moves_and_gives_its_insides_away_once) {
    auto planned = plan(running());
    ASSERT_TRUE(planned);
    LaunchPlan moved = std::move(*planned);
    EXPECT_FALSE(moved.steps().empty());
    EXPECT_NE(std::move(moved).take(), nullptr);
}

}  // namespace
}  // namespace linx::launch
