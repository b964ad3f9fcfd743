#include "child/rehearsal_test.hpp"

#include <iterator>

#include <sched.h>

namespace linx::child {
namespace {

TEST(Run, ends_with_zero_when_the_program_has_no_more_steps) {
    Rehearsal child;
    child.start();
    EXPECT_EQ(child.hear(), std::nullopt) << "end of file, and not a word";
    EXPECT_EQ(child.end(), 0);
}

TEST(Run, stops_at_the_first_step_that_fails_and_says_which) {
    const std::string path = testing::TempDir() + "linx_never_made_" + std::to_string(::getpid());
    Rehearsal child;
    child.step(SetUmask{022});
    child.step(SetUmask{022});
    child.step(ChangeDirectory{child.text("/no/such/directory")});
    child.step(OpenFile{child.text(path), O_CREAT | O_WRONLY, 0600, 1});
    child.start();
    const Record record = child.expect_failure();
    EXPECT_EQ(record.step, 2U);
    EXPECT_EQ(record.errnum, ENOENT);
    EXPECT_EQ(record.cause, Cause::unknown);
    EXPECT_EQ(record.text_length, 0U);
    EXPECT_EQ(child.hear(), std::nullopt);
    EXPECT_EQ(child.end(), 125);
    EXPECT_NE(::access(path.c_str(), F_OK), 0) << "a step after the failed one was run";
}

TEST(Run, ends_even_when_nobody_listens_to_its_failure) {
    Rehearsal child;
    child.step(AwaitMapped{false});
    child.step(ChangeDirectory{child.text("/no/such/directory")});
    child.start();
    child.say(Order::mapped);
    child.hang_up();
    EXPECT_EQ(child.end(), 125) << "SIGPIPE, or a child that never ends";
}

TEST(Checkpoint, tells_the_childs_own_pid_and_waits_for_proceed) {
    Rehearsal child;
    child.step(CloseOthers{});
    child.step(Checkpoint{});
    child.start();
    const auto record = child.hear();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->tell, Tell::ready);
    EXPECT_EQ(record->pid, child.pid());
    pollfd entry = {.fd = child.pidfd(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&entry, 1, 0), 0) << "it did not wait";
    child.say(Order::proceed);
    EXPECT_EQ(child.end(), 0);
}

TEST(Checkpoint, lets_the_child_end_without_a_word_when_the_launcher_is_gone) {
    Rehearsal child;
    child.step(CloseOthers{});
    child.step(Checkpoint{});
    child.step(ChangeDirectory{child.text("/no/such/directory")});
    child.start();
    child.expect_ready();
    child.hang_up();
    EXPECT_EQ(child.end(), 124);
}

TEST(Checkpoint, takes_no_other_order_for_proceed) {
    Rehearsal child;
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    child.say(Order::mapped);
    EXPECT_EQ(child.expect_failure().errnum, EPROTO);
    EXPECT_EQ(child.end(), 125);
}

TEST(Checkpoint, takes_no_torn_order) {
    Rehearsal child;
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    child.say_bytes("x", 1);
    EXPECT_EQ(child.expect_failure().errnum, EPROTO);
    EXPECT_EQ(child.end(), 125);
}

TEST(AwaitMapped, waits_in_silence_or_says_so_first) {
    for (const bool announce : {false, true}) {
        Rehearsal child;
        child.step(AwaitMapped{announce});
        child.step(Checkpoint{});
        child.start();
        if (announce) {
            const auto record = child.hear();
            ASSERT_TRUE(record);
            EXPECT_EQ(record->tell, Tell::waiting);
        }
        child.say(Order::mapped);
        child.expect_ready();
    }
}

TEST(AwaitMapped, ends_the_child_when_the_launcher_is_gone) {
    Rehearsal child;
    child.step(CloseOthers{});
    child.step(AwaitMapped{false});
    child.start();
    child.hang_up();
    EXPECT_EQ(child.end(), 124);
}

/// The test keeps the launcher's end of the socket open, so that the signal alone can end the child.
TEST(ArmParentDeath, sends_the_signal_when_the_launcher_dies) {
    int report[2] = {-1, -1};
    ASSERT_EQ(::pipe2(report, O_CLOEXEC), 0);
    Rehearsal child;
    child.slot(report[1]);
    child.step(CloseOthers{});
    child.step(ArmParentDeath{SIGKILL});
    child.step(Checkpoint{});
    const pid_t launcher = ::fork();
    ASSERT_GE(launcher, 0);
    if (launcher == 0) {
        child.start();
        while (true) {
            ::pause();
        }
    }
    ::close(report[1]);
    child.expect_ready();
    ::kill(launcher, SIGKILL);
    ::waitpid(launcher, nullptr, 0);
    pollfd entry = {.fd = report[0], .events = POLLIN, .revents = 0};
    EXPECT_GT(::poll(&entry, 1, deadline_ms), 0) << "the child outlives its launcher";
    ::close(report[0]);
}

TEST(ArmParentDeath, ends_the_child_when_the_launcher_has_died_before) {
    Rehearsal child;
    child.step(CloseOthers{});
    child.step(AwaitMapped{false});
    child.step(ArmParentDeath{SIGTERM});
    child.step(ChangeDirectory{child.text("/no/such/directory")});
    child.start();
    // It must not look before the launcher is gone.
    ::kill(child.pid(), SIGSTOP);
    siginfo_t stopped{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &stopped, WSTOPPED), 0);
    child.say(Order::mapped);
    child.hang_up();
    ::kill(child.pid(), SIGCONT);
    EXPECT_EQ(child.end(), 124) << "it went on, to fail at the next step with 125";
}

/// Its end of the socket is open all the same: children that have just been cloned share its descriptors.
TEST(ArmParentDeath, ends_a_child_whose_parent_is_another_than_the_launcher) {
    Rehearsal child;
    child.launcher(::getpid() + 1);
    child.step(CloseOthers{});
    child.step(ArmParentDeath{SIGTERM});
    child.step(ChangeDirectory{child.text("/no/such/directory")});
    child.start();
    EXPECT_EQ(child.end(), 124) << "it went on, to fail at the next step with 125";
}

TEST(ArmParentDeath, refuses_what_is_no_signal) {
    Rehearsal child;
    child.step(ArmParentDeath{65});
    child.start();
    EXPECT_EQ(child.expect_failure().errnum, EINVAL);
}

TEST(Clone, gives_a_pidfd_of_the_child) {
    Rehearsal child;
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    std::ifstream file("/proc/self/fdinfo/" + std::to_string(child.pidfd()));
    std::string info((std::istreambuf_iterator<char>(file)), {});
    EXPECT_NE(info.find("Pid:\t" + std::to_string(child.pid()) + "\n"), std::string::npos) << info;
    EXPECT_NE(::fcntl(child.pidfd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Clone, lets_no_signal_handler_of_the_launchers_run_in_the_child) {
    struct sigaction handled = {};
    struct sigaction before = {};
    handled.sa_handler = [](int) {};
    ASSERT_EQ(::sigaction(SIGUSR1, &handled, &before), 0);
    Rehearsal child;
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    EXPECT_EQ(child.status("SigCgt"), "0000000000000000");
    EXPECT_EQ(::sigaction(SIGUSR1, &before, nullptr), 0);
}

TEST(Clone, answers_the_kernels_errno) {
    const Program program;
    // What is shared cannot be fresh as well.
    const CloneAnswer answer = clone_and_run({.flags = CLONE_NEWNS | CLONE_FS, .cgroup = -1}, program);
    EXPECT_EQ(answer.pid, -EINVAL);
    EXPECT_EQ(answer.pidfd, -1);
}

TEST(CloneWorkload, makes_the_workload_a_sibling_and_hands_its_pidfd_over) {
    Rehearsal intermediate;
    intermediate.step(CloseOthers{});
    intermediate.step(CloneWorkload{0});
    intermediate.step(Checkpoint{});
    intermediate.start();
    int pidfd = -1;
    std::optional<Record> cloned;
    std::optional<Record> ready;
    for (int heard = 0; heard < 2; ++heard) {
        int fd = -1;
        const auto record = intermediate.hear(&fd);
        ASSERT_TRUE(record);
        (record->tell == Tell::cloned ? cloned : ready) = record;
        pidfd = fd >= 0 ? fd : pidfd;
    }
    ASSERT_TRUE(cloned);
    ASSERT_TRUE(ready);
    EXPECT_EQ(cloned->pid, ready->pid);
    EXPECT_NE(cloned->pid, intermediate.pid());
    ASSERT_GE(pidfd, 0);
    EXPECT_EQ(intermediate.end(), 0);
    intermediate.say(Order::proceed);
    siginfo_t info = {};
    ASSERT_EQ(::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED), 0)
        << "the workload is not the launcher's own child: " << std::strerror(errno);
    EXPECT_EQ(info.si_pid, cloned->pid);
    EXPECT_EQ(info.si_status, 0);
    ::close(pidfd);
}

}  // namespace
}  // namespace linx::child
