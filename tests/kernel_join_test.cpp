/// Entering a living process and joining its namespaces, as root: by pid, by pidfd, by namespace file,
/// mixed with fresh ones, its root and its working directory.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <fcntl.h>
#include <linux/prctl.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using support::namespace_of;
using support::Report;
using support::Stranger;

using Enter = support::LeavesNothing;

void expect_namespaces_of(const Report& report, pid_t target) {
    for (const Namespace kind : linx::every_namespace) {
        EXPECT_EQ(report.namespace_of(kind), namespace_of(target, kind)) << linx::name(kind);
    }
}

TEST_F(Enter, joins_all_eight_namespaces_and_stays_the_callers_own_child) {
    const Stranger target{Namespaces::all()};
    const std::string own_pid = std::to_string(::getpid());
    const Report report = support::report_from_inside(target.pid(), {}, [&](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), target.pid()), Namespaces{});
        EXPECT_EQ(support::status_field(held.host_pid(), "PPid"), own_pid);
        EXPECT_EQ(held.child_pid(), 2) << "the next free number after the target, which is 1";
        EXPECT_EQ(support::status_field(held.host_pid(), "NSpid"),
                  std::to_string(held.host_pid()) + " " + std::to_string(held.child_pid()));
    });
    expect_namespaces_of(report, target.pid());
    EXPECT_EQ(report["uid"], "0 0 0");
    EXPECT_EQ(report["gid"], "0 0 0");
    EXPECT_EQ(report["groups"], "");
    EXPECT_EQ(report["cwd"], "/");
    EXPECT_EQ(report["ppid"], "0") << "its parent is outside of its pid namespace";
}

TEST_F(Enter, the_workload_can_be_waited_for_by_the_caller_itself) {
    const Stranger target{Namespaces::all()};
    linx::ProcessSpec spec;
    spec.argv = {support::workload("returns"), "please"};
    auto held = linx::enter(target.pid(), spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    const pid_t pid = held->host_pid();
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    const linx::Fd pidfd = std::move(*process).detach();
    ASSERT_TRUE(support::readable_in_time(pidfd.ref()));
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, WNOHANG), pid);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(Enter, the_workload_is_born_as_the_callers_child_and_not_inherited_from_the_intermediate) {
    const Stranger target{{Namespace::pid, Namespace::net}};
    support::in_a_child([&target] {
        ::prctl(PR_SET_CHILD_SUBREAPER, 0);  // or an orphan would come to us as well
        support::report_from_inside(target.pid(), {}, [](const linx::Held& held) {
            EXPECT_EQ(support::status_field(held.host_pid(), "PPid"), std::to_string(::getpid()));
        });
        linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::time});
        spec.time_offsets.boottime = linx::TimeOffset{.seconds = 1, .nanoseconds = 0};
        support::report_of(spec, [](const linx::Held& held) {
            EXPECT_EQ(support::status_field(held.host_pid(), "PPid"), std::to_string(::getpid()));
        });
    });
}

TEST_F(Enter, by_pidfd) {
    const Stranger target{Namespaces::all()};
    const linx::Fd pidfd = support::pidfd_of(target.pid());
    expect_namespaces_of(support::report_from_inside(pidfd.ref()), target.pid());
}

TEST_F(Enter, joins_only_what_was_asked_for) {
    const Stranger target{Namespaces::all().without({Namespace::user})};
    linx::ProcessSpec spec;
    spec.namespaces = Namespaces{Namespace::net, Namespace::uts};
    const Report report = support::report_from_inside(target.pid(), spec, [&](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), ::getpid()),
                  (Namespaces{Namespace::net, Namespace::uts}));
    });
    EXPECT_EQ(report.namespace_of(Namespace::net), namespace_of(target.pid(), Namespace::net));
    EXPECT_EQ(report.namespace_of(Namespace::pid), namespace_of(::getpid(), Namespace::pid));
}

class EnterOne : public support::LeavesNothing, public testing::WithParamInterface<Namespace> {};

TEST_P(EnterOne, joins_the_single_namespace_in_which_the_target_differs) {
    const Stranger target{{GetParam()}};
    const Report report = support::report_from_inside(target.pid());
    expect_namespaces_of(report, target.pid());
}

INSTANTIATE_TEST_SUITE_P(Each, EnterOne, testing::ValuesIn(linx::every_namespace),
                         [](const auto& info) { return std::string(linx::name(info.param)); });

TEST_F(Enter, of_a_process_that_shares_everything_joins_nothing) {
    const Stranger target{Namespaces{}};
    auto plan = linx::plan_enter(target.pid(), support::reporting());
    ASSERT_TRUE(plan) << plan.error().message();
    for (const linx::StepView& step : plan->steps()) {
        EXPECT_FALSE(linx::name(step.stage).starts_with("setns")) << step.words;
    }
    EXPECT_EQ(support::report_from_inside(target.pid())["ppid"], std::to_string(::getpid()));
}

TEST_F(Enter, takes_the_environment_from_the_spec_and_never_from_the_target) {
    const Stranger target{
        {.fresh = {Namespace::uts}, .inside = [] { return ::setenv("SECRET", "1", 1) == 0; }}};
    ::setenv("LINX_TEST_OF_THE_CALLER", "1", 1);
    const Report report = support::report_from_inside(target.pid());
    ::unsetenv("LINX_TEST_OF_THE_CALLER");
    for (const std::string& variable : report.all("env")) {
        EXPECT_TRUE(variable.starts_with("PATH=") || variable.starts_with("TERM=")) << variable;
    }
}

TEST_F(Enter, goes_to_the_root_of_a_target_in_a_mount_namespace_of_its_own) {
    const support::TemporaryDirectory directory;
    const Stranger target{{.fresh = {Namespace::mount}, .inside = [&directory] {
                               return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                                      ::mount("inside", directory.path().c_str(), "tmpfs", 0, nullptr) == 0 &&
                                      support::put_contents(directory / "mark", "x");
                           }}};
    linx::ProcessSpec spec;
    spec.argv = {support::workload("reports"), "sees=" + (directory / "mark")};
    const Report report = support::report_from_inside(target.pid(), spec);
    EXPECT_EQ(report["sees"], (directory / "mark") + "=yes");
    EXPECT_EQ(report["cwd"], "/");
    EXPECT_FALSE(std::filesystem::exists(directory / "mark"));
}

/// A chrooted target, in a mount namespace of its own and in ours.
class EnterChrooted : public support::LeavesNothing, public testing::WithParamInterface<bool> {};

TEST_P(EnterChrooted, has_the_targets_root) {
    const support::TemporaryDirectory directory;
    const std::string root = directory / "root";
    std::filesystem::create_directories(root + "/deep");
    const Stranger target{
        {.fresh = GetParam() ? Namespaces{Namespace::mount} : Namespaces{Namespace::uts},
         .inside = [&root] { return ::chroot(root.c_str()) == 0 && ::chdir("/deep") == 0; }}};
    const linx::Fd program{::open(support::workload("reports").c_str(), O_PATH | O_CLOEXEC)};
    linx::ProcessSpec spec;
    spec.program = program.ref();
    spec.argv = {"reports", "sees=/deep", "sees=/etc"};
    struct stat status{};
    ::stat(root.c_str(), &status);
    const Report report = support::report_from_inside(target.pid(), spec, [&](const linx::Held& held) {
        EXPECT_EQ(support::link_target(support::proc_path(held.host_pid(), "root")), root);
    });
    EXPECT_EQ(report["root"], std::to_string(status.st_ino));
    EXPECT_EQ(report.all("sees"), (std::vector<std::string>{"/deep=yes", "/etc=no"}));
    EXPECT_EQ(report["cwd"], "/");
}

INSTANTIATE_TEST_SUITE_P(Target, EnterChrooted, testing::Bool(),
                         [](const auto& info) { return info.param ? "in_its_own_mounts" : "in_our_mounts"; });

TEST_F(Enter, a_directory_is_looked_up_in_the_targets_root) {
    const support::TemporaryDirectory directory;
    std::filesystem::create_directories(directory / "here");
    const Stranger target{{.fresh = {Namespace::mount},
                           .inside = [&directory] { return ::chroot(directory.path().c_str()) == 0; }}};
    const linx::Fd program{::open(support::workload("reports").c_str(), O_PATH | O_CLOEXEC)};
    linx::ProcessSpec spec;
    spec.program = program.ref();
    spec.cwd = "/here";
    EXPECT_EQ(support::report_from_inside(target.pid(), spec)["cwd"], "/here");
    spec.cwd = "/tmp";
    const linx::Error error = support::error_of(spec, target.pid());
    EXPECT_EQ(error.stage, linx::Stage::chdir);
    EXPECT_EQ(error.errnum, ENOENT);
}

TEST_F(Enter, a_directory_outside_of_the_targets_root_is_refused) {
    // Through /proc inside the root a link leads out of it: the way of CVE-2024-21626.
    const support::TemporaryDirectory directory;
    std::filesystem::create_directories(directory / "proc");
    const Stranger target{{.fresh = {Namespace::mount}, .inside = [&directory] {
                               return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                                      ::mount("proc", (directory / "proc").c_str(), "proc", 0, nullptr) ==
                                          0 &&
                                      ::chroot(directory.path().c_str()) == 0;
                           }}};
    const linx::Fd program{::open(support::workload("reports").c_str(), O_PATH | O_CLOEXEC)};
    linx::ProcessSpec spec;
    spec.program = program.ref();
    spec.cwd = support::proc_path(::getpid(), "root");
    const linx::Error error = support::error_of(spec, target.pid());
    EXPECT_EQ(error.stage, linx::Stage::verify_cwd) << error.message();
    EXPECT_EQ(error.errnum, EXDEV);
}

using Join = support::LeavesNothing;

TEST_F(Join, by_pid_mixed_with_fresh_ones) {
    const Stranger target{{Namespace::net, Namespace::ipc}};
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::pid, Namespace::uts, Namespace::mount});
    spec.join.emplace_back(Namespace::net, linx::NamespaceOfPid{target.pid()});
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), ::getpid()),
                  (Namespaces{Namespace::pid, Namespace::uts, Namespace::mount, Namespace::net}));
        EXPECT_EQ(held.child_pid(), 1);
        EXPECT_EQ(support::status_field(held.host_pid(), "PPid"), std::to_string(::getpid()));
    });
    EXPECT_EQ(report.namespace_of(Namespace::net), namespace_of(target.pid(), Namespace::net));
    EXPECT_EQ(report.namespace_of(Namespace::ipc), namespace_of(::getpid(), Namespace::ipc));
    EXPECT_EQ(report["pid"], "1");
}

TEST_F(Join, from_two_processes_and_a_pid_namespace_with_fresh_ones) {
    const Stranger one{{Namespace::pid, Namespace::net}};
    const Stranger other{{Namespace::uts, Namespace::ipc, Namespace::time}};
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::mount, Namespace::cgroup});
    spec.join.emplace_back(Namespace::pid, linx::NamespaceOfPid{one.pid()});
    spec.join.emplace_back(Namespace::uts, linx::NamespaceOfPid{other.pid()});
    spec.join.emplace_back(Namespace::time, linx::NamespaceOfPid{other.pid()});
    spec.join.emplace_back(Namespace::net, linx::NamespaceOfPid{one.pid()});
    const Report report = support::report_of(spec);
    EXPECT_EQ(report.namespace_of(Namespace::pid), namespace_of(one.pid(), Namespace::pid));
    EXPECT_EQ(report.namespace_of(Namespace::net), namespace_of(one.pid(), Namespace::net));
    EXPECT_EQ(report.namespace_of(Namespace::uts), namespace_of(other.pid(), Namespace::uts));
    EXPECT_EQ(report.namespace_of(Namespace::time), namespace_of(other.pid(), Namespace::time));
    EXPECT_EQ(report.namespace_of(Namespace::ipc), namespace_of(::getpid(), Namespace::ipc));
}

TEST_F(Join, by_pidfd_and_by_open_namespace_file) {
    const Stranger target{{Namespace::net, Namespace::uts}};
    const linx::Fd pidfd = support::pidfd_of(target.pid());
    const linx::Fd file{::open(support::proc_path(target.pid(), "ns/net").c_str(), O_RDONLY | O_CLOEXEC)};
    linx::ProcessSpec spec = support::reporting();
    spec.join.emplace_back(Namespace::uts, linx::NamespaceOfFd{pidfd.ref()});
    spec.join.emplace_back(Namespace::net, linx::NamespaceOfFd{file.ref()});
    const Report report = support::report_of(spec);
    EXPECT_EQ(report.namespace_of(Namespace::uts), namespace_of(target.pid(), Namespace::uts));
    EXPECT_EQ(report.namespace_of(Namespace::net), namespace_of(target.pid(), Namespace::net));
}

TEST_F(Join, a_namespace_file_of_another_kind_is_refused_when_planned) {
    const linx::Fd file{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    linx::ProcessSpec spec = support::reporting();
    spec.join.emplace_back(Namespace::uts, linx::NamespaceOfFd{file.ref()});
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, linx::Stage::spec);
    EXPECT_NE(error.detail.find("another kind"), std::string::npos) << error.detail;
}

TEST_F(Join, a_user_namespace_with_what_it_owns_and_what_the_host_owns) {
    // `owner` has a net namespace of its own user namespace; `guest` sits in one that the host owns.
    const Stranger owner{{Namespace::user, Namespace::net}};
    const Stranger host_made{{Namespace::uts, Namespace::net}};
    for (const pid_t net : {owner.pid(), host_made.pid()}) {
        linx::ProcessSpec spec = support::reporting();
        spec.join.emplace_back(Namespace::user, linx::NamespaceOfPid{owner.pid()});
        spec.join.emplace_back(Namespace::net, linx::NamespaceOfPid{net});
        const Report report = support::report_of(spec);
        EXPECT_EQ(report.namespace_of(Namespace::user), namespace_of(owner.pid(), Namespace::user));
        EXPECT_EQ(report.namespace_of(Namespace::net), namespace_of(net, Namespace::net));
        EXPECT_EQ(report["uid"], "0 0 0");
    }
}

TEST_F(Join, a_fresh_user_namespace_beside_a_joined_net_namespace) {
    const Stranger target{{Namespace::net}};
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user, Namespace::pid});
    spec.map_root = true;
    spec.join.emplace_back(Namespace::net, linx::NamespaceOfPid{target.pid()});
    const Report report = support::report_of(spec);
    EXPECT_EQ(report.namespace_of(Namespace::net), namespace_of(target.pid(), Namespace::net));
    EXPECT_EQ(report["uid_map"], "0 0 1");
    EXPECT_EQ(report["pid"], "1");
}

TEST_F(Join, time_offsets_beside_a_joined_net_namespace) {
    const Stranger target{{Namespace::net}};
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::time});
    spec.time_offsets.boottime = linx::TimeOffset{.seconds = 7777, .nanoseconds = 0};
    spec.join.emplace_back(Namespace::net, linx::NamespaceOfPid{target.pid()});
    const Report report = support::report_of(spec);
    EXPECT_EQ(report.namespace_of(Namespace::net), namespace_of(target.pid(), Namespace::net));
    EXPECT_EQ(report.all("timens_offsets"), (std::vector<std::string>{"monotonic 0 0", "boottime 7777 0"}));
}

}  // namespace
