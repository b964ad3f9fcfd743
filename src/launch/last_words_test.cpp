#include "launch/last_words.hpp"

#include "child/record.hpp"
#include "sys/message_socket.hpp"

#include <csignal>

#include <gtest/gtest.h>

namespace linx::launch {
namespace {

/// The two ends of an init's report.
class LastWords : public ::testing::Test {
protected:
    void SetUp() override {
        auto pair = sys::message_socket_pair();
        ASSERT_TRUE(pair);
        ours = std::move(pair->ours);
        theirs = std::move(pair->theirs);
    }
    void say(child::Tell tell, child::Ending ending, int status) {
        child::Record record;
        record.tell = tell;
        record.ending = ending;
        record.status = status;
        ASSERT_TRUE(sys::send_record(theirs.ref(), std::as_bytes(std::span(&record, 1))));
    }

    Fd ours;
    Fd theirs;
};

TEST_F(LastWords, are_the_exit_code_of_the_workload) {
    say(child::Tell::ended, child::Ending::exited, 7);
    const auto words = last_words(ours.ref());
    ASSERT_TRUE(words);
    EXPECT_EQ(std::get<Exited>(*words).code, 7);
}

TEST_F(LastWords, are_the_signal_of_the_workload_after_the_init_is_gone) {
    say(child::Tell::ended, child::Ending::dumped, SIGSEGV);
    theirs.reset();
    const auto words = last_words(ours.ref());
    ASSERT_TRUE(words);
    EXPECT_EQ(std::get<Signaled>(*words).signum, SIGSEGV);
    EXPECT_TRUE(std::get<Signaled>(*words).core_dumped);
}

TEST_F(LastWords, are_none_of_an_init_that_was_killed) {
    theirs.reset();
    EXPECT_FALSE(last_words(ours.ref()));
}

TEST_F(LastWords, are_not_waited_for) {
    EXPECT_FALSE(last_words(ours.ref()));
}

TEST_F(LastWords, that_make_no_sense_were_not_said) {
    say(child::Tell::ended, child::Ending::exited, 256);
    say(child::Tell::ended, child::Ending::exited, -1);
    say(child::Tell::ended, child::Ending::signaled, 0);
    say(child::Tell::ended, child::Ending::signaled, 65);
    EXPECT_FALSE(last_words(ours.ref()));
    say(child::Tell::ended, child::Ending::signaled, SIGTERM);
    EXPECT_TRUE(last_words(ours.ref()));
}

}  // namespace
}  // namespace linx::launch
