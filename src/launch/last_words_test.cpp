#include "launch/last_words.hpp"

#include "child/init_report.hpp"
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
    void say(bool by_signal, int status, bool core_dumped = false) {
        child::InitReport record;
        record.tell = child::InitTell::ended;
        record.by_signal = by_signal;
        record.core_dumped = core_dumped;
        record.status = status;
        ASSERT_TRUE(sys::send_record(theirs.ref(), std::as_bytes(std::span(&record, 1))));
    }

    Fd ours;
    Fd theirs;
};

TEST_F(LastWords, are_the_exit_code_of_the_workload) {
    say(false, 7);
    const auto words = last_words(ours.ref());
    ASSERT_TRUE(words);
    EXPECT_EQ(std::get<Exited>(*words).code, 7);
}

TEST_F(LastWords, are_the_signal_of_the_workload_after_the_init_is_gone) {
    say(true, SIGSEGV, true);
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
    say(false, 256);
    say(false, -1);
    say(true, 0);
    say(true, 65);
    EXPECT_FALSE(last_words(ours.ref()));
    say(true, SIGTERM);
    EXPECT_TRUE(last_words(ours.ref()));
}

}  // namespace
}  // namespace linx::launch
