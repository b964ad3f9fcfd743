/// Many sessions at once, and a BEAM that asks faster than it listens: what the agent takes of descriptors
/// and memory, and that it gives it back.
#include "support/agent.hpp"

namespace support {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

const std::vector<std::string> stays{workload("stays")};

class Crowd : public AgentOf {
protected:
    void SetUp() override {
        AgentOf::SetUp();
        start_anew({.before_exec = [] { ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1); }});
        EXPECT_EQ(agent().ping(), "reply ok");
    }
};

TEST_F(Crowd, of_a_thousand_sessions_that_are_aborted_at_once_leaves_nothing) {
    constexpr int sessions = 1000;
    const auto before = agent().descriptors();
    for (int id = 1; id <= sessions; ++id) {
        agent().spawn(id, stays, {silent()});
    }
    for (int id = 1; id <= sessions; ++id) {
        agent().send(id, etf::atom("abort"));
    }
    for (int id = 1; id <= sessions; ++id) {
        EXPECT_EQ(agent().end_of(id), "aborted");
    }
    EXPECT_EQ(agent().ping(), "reply ok");
    EXPECT_EQ(agent().descriptors(), before);
    EXPECT_TRUE(agent().children().empty());
}

TEST_F(Crowd, of_sessions_that_are_aborted_at_the_checkpoint_leaves_nothing) {
    constexpr int sessions = 300;
    const auto before = agent().descriptors();
    for (int id = 1; id <= sessions; ++id) {
        agent().spawn(id, stays, {silent()});
    }
    for (int id = 1; id <= sessions; ++id) {
        agent().ready(id);
    }
    for (int id = 1; id <= sessions; ++id) {
        EXPECT_EQ(agent().abort(id), "reply ok");
        EXPECT_EQ(agent().end_of(id), "aborted");
    }
    EXPECT_EQ(agent().descriptors(), before);
    EXPECT_TRUE(agent().children().empty());
}

TEST_F(Crowd, of_sessions_with_every_kind_of_end_leaves_nothing) {
    const auto before = agent().descriptors();
    for (int id = 0; id < 300; id += 6) {
        agent().spawn(id + 1, {workload("returns")}, {does_not_stop(), silent()});
        agent().spawn(id + 2, {"/no/such"}, {does_not_stop(), silent()});
        agent().spawn(id + 3, stays, {silent(), {"checkpoint_timeout", etf::integer(1)}});
        agent().spawn(id + 4, stays, {silent(), namespaces({"pid", "net"})});
        agent().spawn(id + 5, stays, {does_not_stop(), silent()});
        agent().spawn(id + 6, stays, {{"uid", etf::atom("root")}});
        agent().send(id + 4, etf::atom("abort"));
        agent().send(id + 5, etf::tuple({etf::atom("signal"), etf::integer(SIGKILL)}));
    }
    for (int id = 0; id < 300; id += 6) {
        EXPECT_EQ(agent().end_of(id + 1), "exited 0");
        EXPECT_EQ(agent().end_of(id + 2), "error 2 execve: /no/such");
        EXPECT_THAT(agent().end_of(id + 3), StartsWith("error 110 checkpoint"));
        EXPECT_EQ(agent().end_of(id + 4), "aborted");
        EXPECT_EQ(agent().end_of(id + 5), "signaled 9");
        EXPECT_THAT(agent().end_of(id + 6), StartsWith("error 22 spec: uid"));
    }
    agent().expect_nothing_more();
    EXPECT_EQ(agent().descriptors(), before);
    EXPECT_TRUE(agent().children().empty());
}

TEST_F(Crowd, of_200_running_workloads_costs_a_descriptor_each) {
    constexpr int sessions = 200;
    const std::size_t before = agent().descriptors().size();
    for (int id = 1; id <= sessions; ++id) {
        agent().run(id, stays, {silent()});
    }
    EXPECT_EQ(agent().ping(), "reply ok");
    EXPECT_EQ(agent().descriptors().size(), before + sessions);
    for (int id = 1; id <= sessions; ++id) {
        agent().send(id, etf::tuple({etf::atom("signal"), etf::integer(SIGKILL)}));
    }
    for (int id = 1; id <= sessions; ++id) {
        EXPECT_EQ(agent().end_of(id), "signaled 9");
    }
    EXPECT_EQ(agent().descriptors().size(), before);
}

/// Each session takes its turn; afterwards the agent is as big as it was.
TEST_F(Crowd, of_sessions_one_after_another_costs_no_memory) {
    const auto hundred_sessions = [this] {
        for (int id = 1; id <= 100; ++id) {
            agent().spawn(id, {workload("returns")}, {does_not_stop(), silent()});
        }
        for (int id = 1; id <= 100; ++id) {
            ASSERT_EQ(agent().end_of(id), "exited 0");
        }
    };
    hundred_sessions();
    const long before = agent().memory_kib();
    for (int round = 0; round < 10; ++round) {
        hundred_sessions();
    }
    EXPECT_LT(agent().memory_kib(), before + 4096);
}

// --- the BEAM does not listen --------------------------------------------------------------------

/// Whatever the allocator and a sanitizer keep for themselves: far below what the answers take.
constexpr long slack_kib = 16'384;

/// It is answered with an error of the agent itself, of some 300 bytes, that ends with the number.
Bytes request_with_a_long_answer(int number) {
    const std::string word = std::string(240, 'x') + std::to_string(number);
    return etf::framed(etf::with_version(etf::tuple({etf::integer(0), etf::integer(1), etf::atom(word)})));
}

TEST_F(Crowd, of_requests_waits_while_nobody_listens_and_is_answered_in_order_afterwards) {
    constexpr int requests = 100'000;
    const long before = agent().memory_kib();
    int sent = 0;
    Bytes rest;
    // The agent has stopped to read when the pipe is full and stays so.
    const auto send_some = [&](std::chrono::milliseconds patience) {
        while (sent < requests || !rest.empty()) {
            rest = rest.empty() ? request_with_a_long_answer(++sent) : rest;
            const ssize_t put = ::write(agent().requests_fd().number(), rest.data(), rest.size());
            if (put > 0) {
                rest.erase(0, static_cast<std::size_t>(put));
                continue;
            }
            pollfd entry{.fd = agent().requests_fd().number(), .events = POLLOUT, .revents = 0};
            if (::poll(&entry, 1, static_cast<int>(patience.count())) == 0) {
                return;
            }
        }
    };
    send_some(std::chrono::milliseconds{300});
    EXPECT_LT(sent, requests / 4) << "the agent takes them all";
    for (int number = 1; number <= requests; ++number) {
        send_some(std::chrono::milliseconds{0});
        const std::string answer = agent().next(0)[1][3].text;
        ASSERT_THAT(answer, testing::EndsWith("x" + std::to_string(number)));
        ASSERT_TRUE(number % 10'000 != 0 || agent().memory_kib() < before + slack_kib)
            << agent().memory_kib();
    }
}

/// There is always something that waits: what was read long ago must be forgotten all the same.
TEST_F(Crowd, of_requests_that_are_answered_to_a_slow_listener_costs_no_memory) {
    constexpr std::size_t in_all = std::size_t{48} << 20;
    const long before = agent().memory_kib();
    const Bytes batch = [] {
        Bytes all;
        for (int i = 0; i < 200; ++i) {
            all += request_with_a_long_answer(i);
        }
        return all;
    }();
    std::string_view rest = batch;
    // Asks for as long as the agent listens: until the pipe stays full for that time. So the agent is always
    // ahead of the listener.
    const auto ask = [&](std::chrono::milliseconds patience) {
        pollfd entry{.fd = agent().requests_fd().number(), .events = POLLOUT, .revents = 0};
        while (::poll(&entry, 1, static_cast<int>(patience.count())) == 1) {
            const ssize_t put = ::write(agent().requests_fd().number(), rest.data(), rest.size());
            rest.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
            rest = rest.empty() ? std::string_view(batch) : rest;
        }
    };
    ask(std::chrono::milliseconds{300});
    std::vector<char> room(32'768);
    for (std::size_t got = 0; got < in_all;) {
        ASSERT_TRUE(readable_in_time(agent().events_fd()));
        const ssize_t count = ::read(agent().events_fd().number(), room.data(), room.size());
        ASSERT_GT(count, 0);
        got += static_cast<std::size_t>(count);
        ask(std::chrono::milliseconds{1});
    }
    EXPECT_LT(agent().memory_kib(), before + slack_kib);
    // What is left of the batch makes the last request a whole one, and then all is read.
    agent().close_requests();
    EXPECT_FALSE(read_to_end(agent().events_fd()).empty());
}

TEST_F(Crowd, of_workloads_that_end_while_nobody_listens_is_told_of_each) {
    constexpr int sessions = 100;
    for (int ref = 0; ref < 2000; ++ref) {  // more than the pipe holds
        ASSERT_TRUE(agent().write(request_with_a_long_answer(ref)));
    }
    for (int id = 1; id <= sessions; ++id) {
        agent().spawn(id, {workload("returns"), "7"}, {does_not_stop(), silent()});
    }
    for (int id = 1; id <= sessions; ++id) {
        EXPECT_THAT(agent().way_to_end(id), ElementsAre("spawned", "ready", "running", "exited 7"));
    }
}

/// Nobody listens, so nobody is asked; the VM goes all the same.
TEST_F(Crowd, of_answers_that_nobody_takes_does_not_keep_the_agent) {
    for (int ref = 0; ref < 2000; ++ref) {
        ASSERT_TRUE(agent().write(request_with_a_long_answer(ref)));
    }
    const pid_t pid = [this] {
        agent().spawn(1, stays, {does_not_stop(), silent()});
        EXPECT_TRUE(becomes_true([this] { return !agent().children().empty(); }));
        return agent().children().front();
    }();
    EXPECT_EQ(agent().leave(), 0);
    EXPECT_FALSE(exists(pid));
}

}  // namespace
}  // namespace support
