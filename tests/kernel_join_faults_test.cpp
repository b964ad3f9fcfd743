/// Targets that are gone, go while one looks, or are something else than a process.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <thread>

#include <fcntl.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using linx::Stage;
using support::Stranger;

using JoinFaults = support::LeavesNothing;

TEST_F(JoinFaults, a_target_that_is_gone) {
    Stranger target{{Namespace::net}};
    const pid_t pid = target.pid();
    target.end();
    const linx::Error error = support::error_of(support::reporting(), pid);
    EXPECT_EQ(error.stage, Stage::pidfd_open);
    EXPECT_EQ(error.errnum, ESRCH);
    EXPECT_EQ(error.detail, "pid " + std::to_string(pid));
    EXPECT_FALSE(error.hint.empty());

    linx::ProcessSpec spec = support::reporting();
    spec.join.emplace_back(Namespace::net, linx::NamespaceOfPid{pid});
    EXPECT_EQ(support::error_of(spec).stage, Stage::pidfd_open);
    EXPECT_EQ(support::error_of(spec).errnum, ESRCH);
}

TEST_F(JoinFaults, a_zombie_has_no_namespaces_any_more) {
    const Stranger target{{Namespace::net, Namespace::mount}};
    target.become_zombie();
    const linx::Error error = support::error_of(support::reporting(), target.pid());
    EXPECT_EQ(error.stage, Stage::target) << error.message();
    EXPECT_EQ(error.errnum, ESRCH);
    EXPECT_NE(error.hint.find("ended"), std::string::npos) << error.hint;
}

TEST_F(JoinFaults, the_pidfd_of_a_process_that_was_reaped) {
    Stranger target{{Namespace::net}};
    const linx::Fd pidfd = support::pidfd_of(target.pid());
    target.end();
    const linx::Error error = support::error_of(support::reporting(), pidfd.ref());
    EXPECT_EQ(error.stage, Stage::pidfd_open);
    EXPECT_EQ(error.errnum, ESRCH);
}

TEST_F(JoinFaults, a_target_killed_between_plan_and_spawn) {
    // Once with setns in the child itself, once in an intermediate.
    for (const Namespaces kinds : {Namespaces{Namespace::net}, Namespaces{Namespace::net, Namespace::pid}}) {
        Stranger target{kinds};
        auto plan = linx::plan_enter(target.pid(), support::reporting());
        ASSERT_TRUE(plan) << plan.error().message();
        target.end();
        const auto held = linx::spawn(std::move(*plan), support::patience);
        ASSERT_FALSE(held);
        EXPECT_EQ(held.error().errnum, ESRCH) << held.error().message();
        EXPECT_TRUE(held.error().stage == Stage::setns || held.error().stage == Stage::setns_net)
            << held.error().message();
        EXPECT_NE(held.error().hint.find("ended"), std::string::npos) << held.error().hint;
        expect_nothing_left();
    }
}

TEST_F(JoinFaults, a_pid_namespace_whose_init_has_ended_takes_nobody_in) {
    Stranger init{{Namespace::pid}};
    linx::ProcessSpec spec = support::reporting();
    const linx::Fd file{::open(support::proc_path(init.pid(), "ns/pid").c_str(), O_RDONLY | O_CLOEXEC)};
    init.end();
    spec.join.emplace_back(Namespace::pid, linx::NamespaceOfFd{file.ref()});
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::clone_workload) << error.message();
    EXPECT_EQ(error.errnum, ENOMEM);
}

TEST_F(JoinFaults, a_target_killed_at_the_checkpoint_takes_the_pid_namespaces_members_with_it) {
    Stranger target{Namespaces::all()};
    auto held = linx::enter(target.pid(), support::reporting(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    target.kill();
    ASSERT_TRUE(support::readable_in_time(held->checkpoint_fd()));
    ASSERT_TRUE(support::readable_in_time(held->pidfd()));
    const auto process = std::move(*held).proceed(support::patience);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().stage, Stage::child_died);
    EXPECT_EQ(process.error().detail, "killed by SIGKILL");
}

TEST_F(JoinFaults, the_id_of_a_thread_is_no_pid) {
    support::in_a_child([] {
        support::Pipe end;
        support::Pipe began;
        pid_t thread_id = 0;
        std::thread thread([&] {
            thread_id = ::gettid();
            support::write_all(began.in.ref(), "x");
            support::read_bytes(end.out.ref(), 1);
        });
        EXPECT_EQ(support::read_bytes(began.out.ref(), 1), "x");
        const linx::Error error = support::error_of(support::reporting(), thread_id);
        support::write_all(end.in.ref(), "x");
        thread.join();
        EXPECT_EQ(error.stage, Stage::pidfd_open);
        EXPECT_NE(error.hint.find("thread"), std::string::npos) << error.message();
    });
}

TEST_F(JoinFaults, what_is_no_pid_and_no_pidfd) {
    for (const pid_t pid : {0, -1}) {
        EXPECT_EQ(support::error_of(support::reporting(), pid).stage, Stage::spec);
    }
    const support::Pipe pipe;
    for (const linx::FdRef fd : {pipe.out.ref(), linx::FdRef{-1}, linx::FdRef{12345}}) {
        const linx::Error error = support::error_of(support::reporting(), fd);
        EXPECT_EQ(error.stage, Stage::spec) << error.message();
        EXPECT_EQ(error.errnum, EINVAL);
    }
}

TEST_F(JoinFaults, a_kernel_thread_can_be_looked_at_and_shares_everything) {
    if (!support::contents("/proc/2/status").starts_with("Name:\tkthreadd")) {
        GTEST_SKIP() << "there is no kernel thread in this pid namespace";
    }
    linx::ProcessSpec spec = support::reporting();
    spec.namespaces = Namespaces{Namespace::net};
    spec.target_cgroup = false;
    EXPECT_EQ(support::report_from_inside(2, spec)["uid"], "0 0 0");
}

TEST_F(JoinFaults, joining_and_making_the_same_kind_is_a_broken_spec) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::net});
    spec.join.emplace_back(Namespace::net, linx::NamespaceOfPid{::getpid()});
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::spec);
    EXPECT_NE(error.detail.find("fresh or joined, not both"), std::string::npos) << error.detail;
}

}  // namespace
