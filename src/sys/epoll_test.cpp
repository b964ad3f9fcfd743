#include "sys/epoll.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

namespace linx::sys {
namespace {

using std::chrono::milliseconds;

class Epoll : public testing::Test {
protected:
    void SetUp() override {
        auto epoll = open_epoll();
        ASSERT_TRUE(epoll);
        epoll_ = std::move(*epoll);
        int ends[2] = {-1, -1};
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        reader_ = Fd{ends[0]};
        writer_ = Fd{ends[1]};
    }
    void write() const { ASSERT_EQ(::write(writer_.ref().number(), "x", 1), 1); }
    /// What is told of right now: the data of each event.
    std::vector<std::uint64_t> told(std::optional<milliseconds> timeout = milliseconds{0}) {
        const auto events = epoll_wait(epoll_.ref(), room_, timeout);
        EXPECT_TRUE(events);
        std::vector<std::uint64_t> data;
        for (const epoll_event& event : *events) {  // packed: no reference may be bound to its data
            data.push_back(std::uint64_t{event.data.u64});
        }
        return data;
    }

    Fd epoll_;
    Fd reader_;
    Fd writer_;
    std::array<epoll_event, 2> room_{};
};

using Data = std::vector<std::uint64_t>;

TEST_F(Epoll, is_closed_on_exec) {
    EXPECT_NE(::fcntl(epoll_.ref().number(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(Epoll, tells_of_a_readable_descriptor_until_it_is_read) {
    ASSERT_TRUE(epoll_add(epoll_.ref(), reader_.ref(), EPOLLIN, ~std::uint64_t{0}));
    EXPECT_EQ(told(), Data{});
    write();
    EXPECT_EQ(told(), Data{~std::uint64_t{0}});
    EXPECT_EQ(told({}), Data{~std::uint64_t{0}}) << "as often as one asks, and without a timeout";
    char byte = 0;
    ASSERT_EQ(::read(reader_.ref().number(), &byte, 1), 1);
    EXPECT_EQ(told(), Data{});
}

TEST_F(Epoll, tells_of_what_it_is_changed_to) {
    ASSERT_TRUE(epoll_add(epoll_.ref(), writer_.ref(), 0, 5));
    EXPECT_EQ(told(), Data{});
    ASSERT_TRUE(epoll_change(epoll_.ref(), writer_.ref(), EPOLLOUT, 6));
    EXPECT_EQ(told(), Data{6});
    ASSERT_TRUE(epoll_change(epoll_.ref(), writer_.ref(), 0, 6));
    EXPECT_EQ(told(), Data{});
}

TEST_F(Epoll, tells_nothing_of_what_was_removed) {
    ASSERT_TRUE(epoll_add(epoll_.ref(), reader_.ref(), EPOLLIN, 1));
    write();
    ASSERT_TRUE(epoll_remove(epoll_.ref(), reader_.ref()));
    EXPECT_EQ(told(), Data{});
    EXPECT_EQ(epoll_remove(epoll_.ref(), reader_.ref()).error(), ENOENT);
}

TEST_F(Epoll, tells_of_no_more_than_there_is_room_for) {
    const Fd second{::fcntl(writer_.ref().number(), F_DUPFD_CLOEXEC, 0)};
    const Fd third{::fcntl(writer_.ref().number(), F_DUPFD_CLOEXEC, 0)};
    ASSERT_TRUE(epoll_add(epoll_.ref(), writer_.ref(), EPOLLOUT, 1));
    ASSERT_TRUE(epoll_add(epoll_.ref(), second.ref(), EPOLLOUT, 2));
    ASSERT_TRUE(epoll_add(epoll_.ref(), third.ref(), EPOLLOUT, 3));
    EXPECT_EQ(told().size(), 2U);
}

TEST_F(Epoll, refuses_what_cannot_be_watched) {
    ASSERT_TRUE(epoll_add(epoll_.ref(), reader_.ref(), EPOLLIN, 1));
    EXPECT_EQ(epoll_add(epoll_.ref(), reader_.ref(), EPOLLIN, 1).error(), EEXIST);
    EXPECT_EQ(epoll_change(epoll_.ref(), writer_.ref(), EPOLLIN, 1).error(), ENOENT);
    EXPECT_EQ(epoll_add(epoll_.ref(), FdRef{-1}, EPOLLIN, 1).error(), EBADF);
    const Fd file{::open("/proc/self/stat", O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(epoll_add(epoll_.ref(), file.ref(), EPOLLIN, 1).error(), EPERM);
    EXPECT_EQ(epoll_wait(FdRef{-1}, room_, milliseconds{0}).error(), EBADF);
}

TEST_F(Epoll, waits_no_longer_than_it_is_told) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(told(milliseconds{30}), Data{});
    EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds{29});
    EXPECT_EQ(told(milliseconds{-5}), Data{}) << "a time that is past is now";
}

TEST_F(Epoll, takes_a_time_that_is_further_off_than_the_kernel_can_count) {
    write();
    ASSERT_TRUE(epoll_add(epoll_.ref(), reader_.ref(), EPOLLIN, 1));
    EXPECT_EQ(told(milliseconds{std::int64_t{1} << 40}), Data{1});
}

TEST_F(Epoll, tells_nothing_when_a_signal_comes) {
    struct sigaction before{};
    struct sigaction action{};
    action.sa_handler = [](int) {};
    ASSERT_EQ(::sigaction(SIGALRM, &action, &before), 0);
    // Again and again: the first could come before the wait.
    const itimerval soon{.it_interval = {.tv_sec = 0, .tv_usec = 5000},
                         .it_value = {.tv_sec = 0, .tv_usec = 5000}};
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &soon, nullptr);
    EXPECT_EQ(told({}), Data{});
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
}

}  // namespace
}  // namespace linx::sys
