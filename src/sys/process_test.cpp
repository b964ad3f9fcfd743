#include "sys/process.hpp"

#include "sys/probes.hpp"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::sys {
namespace {

pid_t forked(std::optional<int> code) {
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
    return pid;
}

std::string own_status(const std::string& key) {
    std::ifstream file("/proc/thread-self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key + ":\t")) {
            return line.substr(key.size() + 2);
        }
    }
    return {};
}

TEST(Pidfd, leads_back_to_the_pid) {
    const auto pidfd = pidfd_open(::getpid());
    ASSERT_TRUE(pidfd);
    EXPECT_EQ(pid_of(pidfd->ref()), ::getpid());
    EXPECT_NE(::fcntl(pidfd->ref().number(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Pidfd, is_told_from_other_descriptors) {
    const Fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(pid_of(null.ref()), std::unexpected(EINVAL));
    EXPECT_EQ(pid_of(FdRef{1 << 20}), std::unexpected(EBADF));
    EXPECT_EQ(pid_of(FdRef{-1}), std::unexpected(EBADF));
}

TEST(Pidfd, of_a_reaped_process_leads_nowhere) {
    const pid_t pid = forked(0);
    const auto pidfd = pidfd_open(pid);
    ASSERT_TRUE(pidfd);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
    EXPECT_EQ(pid_of(pidfd->ref()), std::unexpected(ESRCH));
    EXPECT_EQ(pidfd_send_signal(pidfd->ref(), 0), Outcome<void>(std::unexpected(ESRCH)));
    EXPECT_FALSE(pidfd_open(pid));
}

TEST(Pidfd, waits_and_tells_the_usage) {
    const pid_t pid = forked(11);
    const auto pidfd = pidfd_open(pid);
    ASSERT_TRUE(pidfd);
    const auto peeked = waitid(pidfd->ref(), WEXITED | WNOWAIT);
    ASSERT_TRUE(peeked && *peeked);
    const auto waited = waitid(pidfd->ref(), WEXITED);
    ASSERT_TRUE(waited && *waited);
    EXPECT_EQ((*waited)->info.si_pid, pid);
    EXPECT_EQ((*waited)->info.si_status, 11);
    EXPECT_GT((*waited)->usage.ru_maxrss, 0);
    EXPECT_EQ(waitid(pidfd->ref(), WEXITED).error(), ECHILD);
}

TEST(Pidfd, does_not_wait_when_told_not_to) {
    const pid_t pid = forked({});
    const auto pidfd = pidfd_open(pid);
    ASSERT_TRUE(pidfd);
    const auto waited = waitid(pidfd->ref(), WEXITED | WNOHANG);
    ASSERT_TRUE(waited);
    EXPECT_FALSE(*waited);
    ASSERT_TRUE(pidfd_send_signal(pidfd->ref(), SIGTERM));
    const auto ended = waitid(pidfd->ref(), WEXITED);
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ((*ended)->info.si_code, CLD_KILLED);
    EXPECT_EQ((*ended)->info.si_status, SIGTERM);
}

TEST(Capabilities, are_those_that_proc_shows) {
    const auto capabilities = effective_capabilities();
    ASSERT_TRUE(capabilities);
    EXPECT_EQ(*capabilities, std::stoull(own_status("CapEff"), nullptr, 16));
}

TEST(Children, are_discarded_when_sigchld_is_ignored_or_says_so) {
    struct sigaction before = {};
    ASSERT_EQ(::sigaction(SIGCHLD, nullptr, &before), 0);
    const auto set = [](void (*handler)(int), int flags) {
        struct sigaction action = {};
        action.sa_handler = handler;
        action.sa_flags = flags;
        ASSERT_EQ(::sigaction(SIGCHLD, &action, nullptr), 0);
    };
    set(SIG_DFL, 0);
    EXPECT_FALSE(discards_children());
    set(SIG_IGN, 0);
    EXPECT_TRUE(discards_children());
    set(SIG_DFL, SA_NOCLDWAIT);
    EXPECT_TRUE(discards_children());
    set([](int) {}, SA_NOCLDSTOP);
    EXPECT_FALSE(discards_children());
    EXPECT_EQ(::sigaction(SIGCHLD, &before, nullptr), 0);
}

TEST(AllSignalsBlocked, blocks_what_libc_keeps_for_itself_too_and_restores_the_mask) {
    sigset_t one;
    sigset_t before;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGUSR2);
    ASSERT_EQ(::sigprocmask(SIG_SETMASK, &one, &before), 0);
    {
        const AllSignalsBlocked blocked;
        EXPECT_EQ(blocked.error(), 0);
        EXPECT_EQ(own_status("SigBlk"), "fffffffffffbfeff") << "all but SIGKILL and SIGSTOP";
    }
    EXPECT_EQ(own_status("SigBlk"), "0000000000000800");
    EXPECT_EQ(::sigprocmask(SIG_SETMASK, &before, nullptr), 0);
}

/// On a kernel that linx is made for, every call is known.
TEST(Probes, answer_what_their_comments_say) {
    EXPECT_EQ(probe_clone3(), EINVAL);
    EXPECT_EQ(probe_pidfd_open(), 0);
    EXPECT_EQ(probe_close_range(), 0);
    EXPECT_EQ(probe_openat2(), EINVAL);
    EXPECT_EQ(probe_mount_setattr(), EINVAL);
    EXPECT_TRUE(probe_fsopen() == EFAULT || probe_fsopen() == EPERM) << probe_fsopen();
    EXPECT_TRUE(probe_setns_pidfd() == 0 || probe_setns_pidfd() == EPERM) << probe_setns_pidfd();
}

}  // namespace
}  // namespace linx::sys
