#include <linx/fd.hpp>

#include <cerrno>
#include <type_traits>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx {
namespace {

static_assert(!std::is_copy_constructible_v<Fd> && !std::is_copy_assignable_v<Fd>);
static_assert(std::is_nothrow_move_constructible_v<Fd> && std::is_nothrow_move_assignable_v<Fd>);
static_assert(!std::is_convertible_v<Fd, int> && !std::is_convertible_v<Fd, bool>);
static_assert(!std::is_convertible_v<int, Fd> && !std::is_convertible_v<int, FdRef>);
static_assert(!std::is_convertible_v<FdRef, int> && !std::is_convertible_v<FdRef, bool>);

bool is_open(int number) {
    return ::fcntl(number, F_GETFD) >= 0;
}

int open_null() {
    const int number = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    EXPECT_GE(number, 0);
    return number;
}

TEST(Fd, holds_nothing_by_default) {
    const Fd fd;
    EXPECT_FALSE(fd.is_open());
    EXPECT_EQ(fd.ref().number(), -1);
}

TEST(Fd, closes_when_it_is_dropped) {
    const int number = open_null();
    {
        const Fd fd{number};
        EXPECT_TRUE(fd.is_open());
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(Fd, closes_zero_like_any_other_number) {
    const Fd saved{::fcntl(0, F_DUPFD_CLOEXEC, 3)};
    const bool had_stdin = saved.is_open();
    if (!had_stdin) {
        ASSERT_EQ(open_null(), 0);
    }
    {
        const Fd fd{0};
        EXPECT_TRUE(fd.is_open());
    }
    EXPECT_FALSE(is_open(0));
    if (had_stdin) {
        ASSERT_EQ(::dup2(saved.ref().number(), 0), 0);
    }
}

TEST(Fd, never_closes_a_number_twice) {
    Fd fd{open_null()};
    const int number = fd.ref().number();
    fd.reset();
    const Fd stranger{open_null()};
    ASSERT_EQ(stranger.ref().number(), number) << "the kernel gives the lowest free number";
    fd.reset();
    EXPECT_TRUE(is_open(number)) << "a stranger's descriptor was closed";
}

TEST(Fd, leaves_nothing_behind_when_it_is_moved_from) {
    Fd from{open_null()};
    const int number = from.ref().number();
    {
        Fd to{std::move(from)};
        EXPECT_EQ(to.ref().number(), number);
        EXPECT_FALSE(from.is_open());  // NOLINT(bugprone-use-after-move): this is what is tested
        from.reset();
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(Fd, closes_what_it_held_when_it_is_assigned_to) {
    Fd to{open_null()};
    Fd from{open_null()};
    const int old_number = to.ref().number();
    const int new_number = from.ref().number();
    to = std::move(from);
    EXPECT_FALSE(is_open(old_number));
    EXPECT_TRUE(is_open(new_number));
    EXPECT_EQ(to.ref().number(), new_number);
    EXPECT_FALSE(from.is_open());  // NOLINT(bugprone-use-after-move): this is what is tested
}

TEST(Fd, survives_being_assigned_to_itself) {
    Fd fd{open_null()};
    const int number = fd.ref().number();
    Fd& itself = fd;
    fd = std::move(itself);
    EXPECT_EQ(fd.ref().number(), number);
    EXPECT_TRUE(is_open(number));
}

TEST(Fd, gives_the_descriptor_away_open) {
    int number = -1;
    {
        Fd fd{open_null()};
        number = fd.release();
        EXPECT_FALSE(fd.is_open());
    }
    EXPECT_TRUE(is_open(number));
    ::close(number);
}

TEST(Fd, keeps_errno_while_it_closes) {
    constexpr int never_open = 1 << 24;
    Fd bad{never_open};
    errno = ENOSPC;
    bad.reset();
    EXPECT_EQ(errno, ENOSPC) << "close(2) failed with EBADF, and its errno covered the one that counts";
}

TEST(FdRef, closes_nothing_and_compares_by_number) {
    const Fd fd{open_null()};
    {
        [[maybe_unused]] const FdRef borrowed = fd.ref();
    }
    EXPECT_TRUE(is_open(fd.ref().number()));
    EXPECT_EQ(fd.ref(), FdRef{fd.ref().number()});
    EXPECT_NE(fd.ref(), FdRef{-1});
}

}  // namespace
}  // namespace linx
