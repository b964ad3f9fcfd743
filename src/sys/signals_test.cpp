#include "sys/signals.hpp"

#include "sys/terminal.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx::sys {
namespace {

sigset_t set_of(int signum) {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, signum);
    return set;
}

/// Leaves the mask and the disposition of SIGUSR1 as they were.
class SignalCalls : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(::sigprocmask(SIG_SETMASK, nullptr, &mask_), 0);
        ASSERT_EQ(::sigaction(SIGUSR1, nullptr, &action_), 0);
    }
    void TearDown() override {
        EXPECT_EQ(::sigaction(SIGUSR1, &action_, nullptr), 0);
        EXPECT_EQ(::sigprocmask(SIG_SETMASK, &mask_, nullptr), 0);
    }

private:
    sigset_t mask_{};
    struct sigaction action_ = {};
};

TEST_F(SignalCalls, that_are_blocked_wait_until_they_are_read) {
    ASSERT_TRUE(block_signals(set_of(SIGUSR1)));
    const auto fd = open_signalfd(set_of(SIGUSR1));
    ASSERT_TRUE(fd);
    EXPECT_EQ(read_signalfd(fd->ref()).error(), EAGAIN);
    ASSERT_TRUE(signal_self(SIGUSR1));
    sigset_t pending;
    ASSERT_EQ(::sigpending(&pending), 0);
    EXPECT_EQ(::sigismember(&pending, SIGUSR1), 1);
    std::array entries{pollfd{.fd = fd->ref().number(), .events = POLLIN, .revents = 0}};
    EXPECT_EQ(wait_ready(entries, std::chrono::milliseconds(20'000)), 1);
    const auto signal = read_signalfd(fd->ref());
    ASSERT_TRUE(signal);
    EXPECT_EQ(signal->ssi_signo, static_cast<std::uint32_t>(SIGUSR1));
    EXPECT_EQ(signal->ssi_pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(read_signalfd(fd->ref()).error(), EAGAIN);
}

TEST_F(SignalCalls, of_a_descriptor_can_be_exchanged) {
    ASSERT_TRUE(block_signals(set_of(SIGUSR1)));
    const auto fd = open_signalfd(set_of(SIGUSR2));
    ASSERT_TRUE(fd);
    ASSERT_TRUE(signal_self(SIGUSR1));
    EXPECT_EQ(read_signalfd(fd->ref()).error(), EAGAIN);
    ASSERT_TRUE(change_signalfd(fd->ref(), set_of(SIGUSR1)));
    EXPECT_TRUE(read_signalfd(fd->ref()));
}

TEST_F(SignalCalls, are_ignored_and_no_longer) {
    ASSERT_TRUE(ignore_signal(SIGUSR1));
    EXPECT_EQ(is_ignored(SIGUSR1), true);
    ASSERT_TRUE(signal_self(SIGUSR1));
    ASSERT_TRUE(default_signal(SIGUSR1));
    EXPECT_EQ(is_ignored(SIGUSR1), false);
    EXPECT_EQ(is_ignored(4711), std::unexpected(EINVAL));
    EXPECT_EQ(ignore_signal(SIGKILL).error(), EINVAL);
}

TEST_F(SignalCalls, reach_a_group_that_exists) {
    EXPECT_TRUE(signal_group(::getpgrp(), 0));
    EXPECT_EQ(signal_group(::getpgrp(), 4711).error(), EINVAL);
}

TEST_F(SignalCalls, are_unblocked_as_they_were_blocked) {
    ASSERT_TRUE(block_signals(set_of(SIGUSR1)));
    sigset_t now;
    ASSERT_EQ(::sigprocmask(SIG_SETMASK, nullptr, &now), 0);
    EXPECT_EQ(::sigismember(&now, SIGUSR1), 1);
    ASSERT_TRUE(unblock_signals(set_of(SIGUSR1)));
    ASSERT_EQ(::sigprocmask(SIG_SETMASK, nullptr, &now), 0);
    EXPECT_EQ(::sigismember(&now, SIGUSR1), 0);
}

TEST(WaitReady, answers_zero_after_its_time) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    const Fd reader{pipe[0]};
    const Fd writer{pipe[1]};
    std::array entries{pollfd{.fd = reader.ref().number(), .events = POLLIN, .revents = 0}};
    EXPECT_EQ(wait_ready(entries, std::chrono::milliseconds(1)), 0);
    EXPECT_EQ(wait_ready(entries, std::chrono::milliseconds(-7)), 0)
        << "a time that is over is no time, not eternity";
    ASSERT_EQ(::write(writer.ref().number(), "x", 1), 1);
    EXPECT_EQ(wait_ready(entries, std::nullopt), 1);
    EXPECT_EQ(wait_ready(entries, std::chrono::milliseconds::max()), 1);
}

TEST(Terminal, has_settings_and_a_file_has_none) {
    const Fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    ASSERT_TRUE(master.is_open());
    auto settings = terminal_settings(master.ref());
    ASSERT_TRUE(settings);
    settings->c_lflag ^= ECHO;
    ASSERT_TRUE(set_terminal_settings(master.ref(), *settings));
    EXPECT_EQ(terminal_settings(master.ref())->c_lflag, settings->c_lflag);
    const Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    EXPECT_EQ(terminal_settings(null.ref()).error(), ENOTTY);
    EXPECT_EQ(set_terminal_settings(null.ref(), *settings).error(), ENOTTY);
    EXPECT_EQ(foreground_group(null.ref()).error(), ENOTTY);
    EXPECT_EQ(set_foreground_group(null.ref(), ::getpgrp()).error(), ENOTTY);
}

TEST(Descriptor, is_open_or_not) {
    Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    const FdRef number = null.ref();
    EXPECT_TRUE(is_open(number));
    null.reset();
    EXPECT_FALSE(is_open(number));
    EXPECT_FALSE(is_open(FdRef{-1}));
}

TEST(Descriptor, that_is_inherited_is_not_close_on_exec) {
    const auto file = open_inherited("/dev/null", O_WRONLY);
    ASSERT_TRUE(file);
    EXPECT_EQ(::fcntl(file->ref().number(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(open_inherited("/no/such/file", O_RDONLY).error(), ENOENT);
}

TEST(Descriptor, is_written_as_far_as_it_takes_text) {
    const Fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    EXPECT_EQ(write_some(full.ref(), "x", 1), std::unexpected(ENOSPC));
    const Fd null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    EXPECT_EQ(write_some(null.ref(), "xyz", 3), 3U);
}

}  // namespace
}  // namespace linx::sys
