#include "launch/kin.hpp"

#include "launch/verdict.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::launch {
namespace {

constexpr int deadline_ms = 20'000;

/// A child of the test that ends with that code, or waits to be killed.
Kin forked(std::optional<int> code) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        if (code) {
            ::_exit(*code);
        }
        while (true) {
            ::pause();
        }
    }
    EXPECT_GT(pid, 0);
    auto pidfd = sys::pidfd_open(pid);
    EXPECT_TRUE(pidfd);
    return Kin{std::move(*pidfd), pid};
}

void expect_end(FdRef pidfd) {
    pollfd entry = {.fd = pidfd.number(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&entry, 1, deadline_ms), 1);
}

/// Nobody's child any more: reaped.
bool is_reaped(pid_t pid) {
    return ::waitpid(pid, nullptr, WNOHANG) < 0 && errno == ECHILD;
}

TEST(Kin, is_nobody_by_default) {
    Kin kin;
    EXPECT_FALSE(kin.exists());
    kin.kill_and_reap();
    kin.let_end_and_reap();
}

TEST(Kin, is_killed_and_reaped_when_it_is_dropped) {
    pid_t pid = -1;
    {
        const Kin kin = forked({});
        pid = kin.pid();
        EXPECT_FALSE(kin.has_ended());
    }
    EXPECT_TRUE(is_reaped(pid));
}

TEST(Kin, is_killed_and_reaped_when_another_takes_its_place) {
    Kin kin = forked({});
    const pid_t first = kin.pid();
    kin = forked({});
    EXPECT_TRUE(is_reaped(first));
    EXPECT_FALSE(kin.has_ended());
    EXPECT_NE(kin.pid(), first);
}

TEST(Kin, lives_on_when_it_is_moved) {
    Kin kin = forked({});
    Kin& itself = kin;
    kin = std::move(itself);
    const Kin moved = std::move(kin);
    EXPECT_TRUE(moved.exists());
    EXPECT_FALSE(moved.has_ended());
    EXPECT_FALSE(kin.exists());  // NOLINT(bugprone-use-after-move): this is what is tested
}

TEST(Kin, is_reaped_once_and_tells_how_it_ended) {
    Kin kin = forked(7);
    const pid_t pid = kin.pid();
    expect_end(kin.pidfd());
    EXPECT_TRUE(kin.has_ended());
    EXPECT_TRUE(kin.has_ended()) << "to ask is not to reap";
    const auto waited = kin.try_reap();
    ASSERT_TRUE(waited);
    ASSERT_TRUE(*waited);
    EXPECT_EQ((*waited)->info.si_code, CLD_EXITED);
    EXPECT_EQ((*waited)->info.si_status, 7);
    EXPECT_FALSE(kin.exists());
    EXPECT_TRUE(is_reaped(pid));
}

TEST(Kin, is_not_reaped_while_it_lives) {
    Kin kin = forked({});
    const auto waited = kin.try_reap();
    ASSERT_TRUE(waited);
    EXPECT_FALSE(*waited);
    EXPECT_TRUE(kin.exists());
}

TEST(Kin, has_ended_when_somebody_else_has_reaped_it) {
    const Kin kin = forked(0);
    ASSERT_EQ(::waitpid(kin.pid(), nullptr, 0), kin.pid());
    EXPECT_TRUE(kin.has_ended());
}

TEST(Kin, may_end_by_itself_before_it_is_killed) {
    std::array<int, 2> order{};
    std::array<int, 2> answer{};
    ASSERT_EQ(::pipe2(order.data(), O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(answer.data(), O_CLOEXEC), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::close(order[1]);
        char byte = 0;
        (void)!::read(order[0], &byte, 1);
        (void)!::write(answer[1], "x", 1);
        ::_exit(0);
    }
    Kin kin{std::move(*sys::pidfd_open(pid)), pid};
    ::close(order[1]);
    ::close(answer[1]);
    kin.let_end_and_reap();
    char byte = 0;
    EXPECT_EQ(::read(answer[0], &byte, 1), 1) << "it was killed before it could say its word";
    EXPECT_TRUE(is_reaped(pid));
    ::close(order[0]);
    ::close(answer[0]);
}

TEST(Kin, is_left_alone_once_its_pidfd_is_given_away) {
    pid_t pid = -1;
    Fd pidfd;
    {
        Kin kin = forked({});
        pid = kin.pid();
        pidfd = kin.release();
    }
    EXPECT_TRUE(sys::pidfd_send_signal(pidfd.ref(), 0));
    const Kin again{std::move(pidfd), pid};
}

TEST(ExitStatus, tells_an_exit_from_a_signal) {
    sys::Waited waited;
    waited.info.si_code = CLD_EXITED;
    waited.info.si_status = 3;
    ASSERT_TRUE(std::holds_alternative<Exited>(exit_status(waited).how));
    EXPECT_EQ(std::get<Exited>(exit_status(waited).how).code, 3);
    EXPECT_EQ(exit_status(waited).shell_code(), 3);
    waited.info.si_code = CLD_KILLED;
    waited.info.si_status = SIGTERM;
    EXPECT_EQ(std::get<Signaled>(exit_status(waited).how).signum, SIGTERM);
    EXPECT_FALSE(std::get<Signaled>(exit_status(waited).how).core_dumped);
    EXPECT_EQ(exit_status(waited).shell_code(), 128 + SIGTERM);
    waited.info.si_code = CLD_DUMPED;
    EXPECT_TRUE(std::get<Signaled>(exit_status(waited).how).core_dumped);
}

TEST(ExitStatus, tells_the_usage_in_microseconds_and_kib) {
    sys::Waited waited;
    waited.info.si_code = CLD_EXITED;
    waited.usage.ru_utime = {.tv_sec = 2, .tv_usec = 3};
    waited.usage.ru_stime = {.tv_sec = 0, .tv_usec = 999'999};
    waited.usage.ru_maxrss = 4321;
    const Usage usage = exit_status(waited).usage;
    EXPECT_EQ(usage.user_time, std::chrono::microseconds(2'000'003));
    EXPECT_EQ(usage.system_time, std::chrono::microseconds(999'999));
    EXPECT_EQ(usage.peak_memory_kib, 4321);
}

TEST(Verdict, of_a_child_that_fails_or_is_killed_is_that_it_has_executed_nothing) {
    const Kin alive = forked({});
    EXPECT_FALSE(has_executed(alive));
    for (const int code : {124, 125}) {
        const Kin ended = forked(code);
        expect_end(ended.pidfd());
        EXPECT_FALSE(has_executed(ended)) << code;
    }
    const Kin killed = forked({});
    ASSERT_TRUE(sys::pidfd_send_signal(killed.pidfd(), SIGKILL));
    expect_end(killed.pidfd());
    EXPECT_FALSE(has_executed(killed));
}

TEST(Verdict, of_a_program_is_that_it_has_executed_even_when_it_has_ended) {
    for (const char* script : {"exit 0", "exit 125", "kill -KILL $$"}) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::execl("/bin/sh", "sh", "-c", script, nullptr);
            ::_exit(124);
        }
        const Kin kin{std::move(*sys::pidfd_open(pid)), pid};
        expect_end(kin.pidfd());
        EXPECT_TRUE(has_executed(kin)) << script;
    }
}

TEST(Verdict, tells_how_a_child_died_without_reaping_it) {
    const Kin exited = forked(9);
    expect_end(exited.pidfd());
    EXPECT_EQ(death_of(exited).stage, Stage::child_died);
    EXPECT_EQ(death_of(exited).errnum, ESRCH);
    EXPECT_EQ(death_of(exited).detail, "exit code 9");
    const Kin killed = forked({});
    ASSERT_TRUE(sys::pidfd_send_signal(killed.pidfd(), SIGKILL));
    expect_end(killed.pidfd());
    EXPECT_EQ(death_of(killed).detail, "killed by SIGKILL");
}

TEST(Verdict, says_that_somebody_else_has_reaped_the_child) {
    const Kin kin = forked(0);
    ASSERT_EQ(::waitpid(kin.pid(), nullptr, 0), kin.pid());
    EXPECT_EQ(death_of(kin).errnum, ECHILD);
    EXPECT_NE(death_of(kin).hint.find("reaped"), std::string::npos);
}

}  // namespace
}  // namespace linx::launch
