#include "sys/kinship.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::sys {
namespace {

/// A child that waits to be killed, after it has done something and said so.
class Child {
public:
    template <class Body>
    explicit Child(Body body) {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            body();
            const bool said = ::write(ends[1], "x", 1) == 1;
            while (said) {
                ::pause();
            }
            ::_exit(1);
        }
        ::close(ends[1]);
        char byte = 0;
        EXPECT_EQ(::read(ends[0], &byte, 1), 1);
        ::close(ends[0]);
    }
    Child() : Child([] {}) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Ends and is not reaped.
    void become_zombie() const {
        ::kill(pid_, SIGKILL);
        siginfo_t info{};
        EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
    }
    void forget() { pid_ = -1; }

private:
    pid_t pid_ = -1;
};

TEST(StatusOfProcess, tells_whose_child_it_is_and_what_it_belongs_to) {
    const auto own = status_of_process(::getpid());
    ASSERT_TRUE(own);
    EXPECT_EQ(own->parent, ::getppid());
    EXPECT_EQ(own->group, ::getpgrp());
    EXPECT_EQ(own->session, ::getsid(0));
    EXPECT_FALSE(own->is_zombie);
    const Child leader([] { ::setsid(); });
    const auto status = status_of_process(leader.pid());
    ASSERT_TRUE(status);
    EXPECT_EQ(status->parent, ::getpid());
    EXPECT_EQ(status->group, leader.pid());
    EXPECT_EQ(status->session, leader.pid());
    EXPECT_GE(status->start_time, own->start_time);
    EXPECT_GT(own->start_time, 0U);
}

TEST(StatusOfProcess, is_not_misled_by_the_name_of_the_process) {
    for (const char* name : {") R 1 1 1", "a b", "((", ")", " "}) {
        const Child child([name] { ::prctl(PR_SET_NAME, name); });
        const auto status = status_of_process(child.pid());
        ASSERT_TRUE(status);
        EXPECT_EQ(status->parent, ::getpid()) << name;
        EXPECT_EQ(status->group, ::getpgrp()) << name;
        EXPECT_GT(status->start_time, 0U) << name;
        EXPECT_FALSE(status->is_zombie) << name;
    }
}

TEST(StatusOfProcess, tells_a_zombie_from_a_process_that_lives) {
    const Child child;
    EXPECT_FALSE(status_of_process(child.pid())->is_zombie);
    child.become_zombie();
    EXPECT_TRUE(status_of_process(child.pid())->is_zombie);
}

TEST(StatusOfProcess, of_nobody_is_an_error) {
    const int error = status_of_process(1 << 30).error();
    EXPECT_TRUE(error == ENOENT || error == ESRCH) << error;
}

TEST(ChildrenOf, are_those_of_all_threads) {
    const Child first;
    pid_t second = 0;
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::jthread other([&second, &ends] {
        second = ::fork();
        if (second == 0) {
            while (true) {
                ::pause();
            }
        }
        char byte = 0;
        const ssize_t waited = ::read(ends[0], &byte, 1);  // a thread that ends gives its children away
        EXPECT_EQ(waited, 1);
    });
    const auto has_both = [&] {
        const auto children = children_of(::getpid()).value_or(std::vector<pid_t>{});
        return std::ranges::count(children, first.pid()) == 1 && children.size() == 2;
    };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!has_both() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    EXPECT_TRUE(has_both());
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
    other.join();
    EXPECT_NE(std::ranges::count(*children_of(::getpid()), second), 0);
    ::kill(second, SIGKILL);
    ::waitpid(second, nullptr, 0);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(ChildrenOf, are_none_or_an_error_where_there_is_no_process) {
    const Child child;
    EXPECT_EQ(children_of(child.pid()), std::vector<pid_t>{});
    EXPECT_EQ(children_of(1 << 30).error(), ENOENT);
}

TEST(AllProcesses, has_the_caller_and_its_children) {
    const Child child;
    const auto all = all_processes();
    ASSERT_TRUE(all);
    EXPECT_EQ(std::ranges::count(*all, ::getpid()), 1);
    EXPECT_EQ(std::ranges::count(*all, child.pid()), 1);
    EXPECT_TRUE(std::ranges::all_of(*all, [](pid_t pid) { return pid > 0; }));
}

TEST(Subreaper, is_what_orphans_come_to) {
    ASSERT_TRUE(become_subreaper());
    int is_one = 0;
    ASSERT_EQ(::prctl(PR_GET_CHILD_SUBREAPER, &is_one), 0);
    EXPECT_EQ(is_one, 1);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/// In a child of its own: a process that is not dumpable cannot be looked into by these very tests.
TEST(Hiding, makes_the_process_not_dumpable) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(hide_from_ptrace() && ::prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
}

TEST(EndedChild, is_seen_and_left_where_it_is_until_it_is_reaped) {
    Child child;
    EXPECT_FALSE(peek_ended_child().value().has_value()) << "there is one, and it lives";
    child.become_zombie();
    EXPECT_EQ(peek_ended_child().value().value_or(0), child.pid());
    EXPECT_EQ(peek_ended_child().value().value_or(0), child.pid());
    EXPECT_TRUE(reap_child(child.pid()));
    EXPECT_EQ(peek_ended_child().error(), ECHILD) << "there is none at all";
    EXPECT_EQ(reap_child(child.pid()).error(), ECHILD);
    child.forget();
}

}  // namespace
}  // namespace linx::sys
