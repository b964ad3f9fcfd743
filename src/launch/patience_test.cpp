#include "launch/patience.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace linx::launch {
namespace {

using std::chrono::milliseconds;

struct Pipe {
    Fd reader;
    Fd writer;
};

Pipe make_pipe() {
    std::array<int, 2> numbers{};
    EXPECT_EQ(::pipe2(numbers.data(), O_CLOEXEC), 0);
    return {.reader = Fd{numbers[0]}, .writer = Fd{numbers[1]}};
}

Pipe full_pipe() {
    Pipe pipe = make_pipe();
    EXPECT_EQ(::write(pipe.writer.ref().number(), "x", 1), 1);
    return pipe;
}

/// Becomes readable after a while.
Fd readable_in(milliseconds time) {
    Fd timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
    itimerspec when = {};
    when.it_value.tv_nsec = std::chrono::nanoseconds(time).count();
    EXPECT_EQ(::timerfd_settime(timer.ref().number(), 0, &when, nullptr), 0);
    return timer;
}

Result<void> wait_for(FdRef fd, const Patience& patience) {
    return Deadline{patience}.until_readable(std::array{fd}, Stage::checkpoint);
}

TEST(Deadline, lets_the_wait_end_when_something_can_be_read) {
    const Pipe pipe = full_pipe();
    EXPECT_TRUE(wait_for(pipe.reader.ref(), {}));
    EXPECT_TRUE(wait_for(pipe.reader.ref(), {.timeout = milliseconds(0)}));
}

TEST(Deadline, takes_a_hang_up_for_something_to_read) {
    Pipe pipe = make_pipe();
    pipe.writer.reset();
    EXPECT_TRUE(wait_for(pipe.reader.ref(), {}));
}

TEST(Deadline, waits_for_any_of_several) {
    const Pipe silent = make_pipe();
    const Pipe full = full_pipe();
    EXPECT_TRUE(
        Deadline{Patience{}}.until_readable(std::array{silent.reader.ref(), full.reader.ref()}, Stage::wait));
}

TEST(Deadline, ends_the_wait_with_the_stage_that_was_waited_for) {
    const Pipe pipe = make_pipe();
    const auto done = wait_for(pipe.reader.ref(), {.timeout = milliseconds(5)});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().errnum, ETIMEDOUT);
    EXPECT_EQ(done.error().stage, Stage::checkpoint);
}

TEST(Deadline, is_over_at_once_without_time) {
    const Pipe pipe = make_pipe();
    for (const milliseconds time : {milliseconds(0), milliseconds(-5)}) {
        const auto done = wait_for(pipe.reader.ref(), {.timeout = time});
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().errnum, ETIMEDOUT);
    }
}

TEST(Deadline, is_not_over_before_its_time) {
    const Pipe pipe = make_pipe();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(wait_for(pipe.reader.ref(), {.timeout = milliseconds(30)}));
    EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(30));
}

TEST(Deadline, counts_from_its_beginning_over_all_waits) {
    const Pipe pipe = make_pipe();
    const Deadline deadline{{.timeout = milliseconds(20)}};
    const Fd timer = readable_in(milliseconds(30));
    EXPECT_TRUE(wait_for(timer.ref(), {}));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(deadline.until_readable(std::array{pipe.reader.ref()}, Stage::wait));
    EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(20)) << "its time began anew";
}

TEST(Deadline, is_cancelled_by_a_descriptor) {
    const Pipe silent = make_pipe();
    const Pipe cancel = full_pipe();
    const auto done = wait_for(silent.reader.ref(), {.timeout = {}, .cancel = cancel.reader.ref()});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().errnum, ECANCELED);
    EXPECT_EQ(done.error().stage, Stage::checkpoint);
}

TEST(Deadline, that_nobody_cancels_goes_on) {
    const Pipe full = full_pipe();
    const Pipe quiet = make_pipe();
    EXPECT_TRUE(wait_for(full.reader.ref(), {.timeout = {}, .cancel = quiet.reader.ref()}));
    const Pipe silent = make_pipe();
    const auto done =
        wait_for(silent.reader.ref(), {.timeout = milliseconds(1), .cancel = quiet.reader.ref()});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().errnum, ETIMEDOUT);
}

TEST(Deadline, is_not_cut_short_by_signals) {
    struct sigaction handled = {};
    struct sigaction before = {};
    static int signals = 0;
    signals = 0;
    handled.sa_handler = [](int) { ++signals; };
    ASSERT_EQ(::sigaction(SIGALRM, &handled, &before), 0);
    const itimerval every{.it_interval = {0, 2000}, .it_value = {0, 2000}};
    ASSERT_EQ(::setitimer(ITIMER_REAL, &every, nullptr), 0);
    const Fd timer = readable_in(milliseconds(40));
    EXPECT_TRUE(wait_for(timer.ref(), {}));
    const itimerval never{};
    EXPECT_EQ(::setitimer(ITIMER_REAL, &never, nullptr), 0);
    EXPECT_EQ(::sigaction(SIGALRM, &before, nullptr), 0);
    EXPECT_GT(signals, 0);
}

TEST(Deadline, may_be_as_far_away_as_a_number_can_say) {
    const Fd timer = readable_in(milliseconds(20));
    EXPECT_TRUE(wait_for(timer.ref(), {.timeout = milliseconds::max()}));
}

}  // namespace
}  // namespace linx::launch
