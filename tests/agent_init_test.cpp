/// Sessions with an init between the agent and the workload: what is told, what is ended, what is kept.
#include "support/agent.hpp"

namespace support {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

using InitOfSession = AgentOf;

const std::vector<std::string> stays{workload("stays")};

std::pair<std::string, Bytes> init() {
    return {"init", etf::atom("true")};
}
std::pair<std::string, Bytes> no_init() {
    return {"init", etf::atom("false")};
}

void expect_ended(const std::map<std::string, pid_t>& pids) {
    for (const auto& [manner, pid] : pids) {
        EXPECT_TRUE(ends(pid)) << manner;
    }
}

TEST_F(InitOfSession, tells_what_a_session_without_one_tells) {
    for (const std::string script : {"exit 0", "exit 143", "kill -TERM $$", "kill -KILL $$"}) {
        agent().spawn(1, {"/bin/sh", "-c", script}, {init(), does_not_stop(), silent()});
        const auto with = agent().way_to_end(1);
        agent().spawn(2, {"/bin/sh", "-c", script}, {no_init(), does_not_stop(), silent()});
        EXPECT_EQ(with, agent().way_to_end(2)) << script;
    }
}

TEST_F(InitOfSession, that_cannot_execute_fails_as_one_without) {
    for (const std::string program : {"/no/such", "linx-no-such-program", "/etc/passwd", "/"}) {
        agent().spawn(1, {program}, {init(), does_not_stop(), silent()});
        const auto with = agent().end_of(1);
        agent().spawn(2, {program}, {does_not_stop(), silent()});
        EXPECT_EQ(with, agent().end_of(2));
        EXPECT_THAT(with, testing::HasSubstr("execve"));
    }
}

TEST_F(InitOfSession, passes_a_signal_on_that_the_kernel_would_keep_from_process_1) {
    agent().run(1, stays, {init(), silent(), namespaces({"pid"})});
    EXPECT_EQ(agent().signal(1, SIGTERM), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 15");
}

TEST_F(InitOfSession, passes_on_what_was_sent_before_it_was_there) {
    agent().spawn(1, stays, {init(), silent(), namespaces({"pid"})});
    agent().ready(1);
    EXPECT_EQ(agent().signal(1, SIGUSR1), "reply ok");
    EXPECT_EQ(agent().proceed(1), "reply ok");
    EXPECT_THAT(agent().way_to_end(1), ElementsAre("running", "signaled 10"));
}

TEST_F(InitOfSession, is_killed_with_everything_below_it) {
    const auto pids = agent().beget(1, {"deaf", "child", "orphan", "session"}, {init()});
    EXPECT_EQ(agent().kill(1, 50), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
    expect_ended(pids);
}

/// Without an init the agent, beside another session, could not tell whose daemon it is.
TEST_F(InitOfSession, takes_a_daemon_with_it_beside_another_session) {
    agent().run(2, stays, {silent()});
    const auto pids = agent().beget(1, {"daemon"}, {init()});
    EXPECT_EQ(agent().signal(1, SIGTERM), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 15");
    expect_ended(pids);
    EXPECT_EQ(agent().kill(2, 0), "reply ok");
    EXPECT_THAT(agent().end_of(2), StartsWith("signaled"));
}

TEST_F(InitOfSession, dies_with_an_agent_that_is_killed_and_so_does_the_workload) {
    const auto pids = agent().beget(1, {}, {init()});
    const std::string number = std::to_string(pids.at("workload"));
    const pid_t below = std::atoi(contents("/proc/" + number + "/task/" + number + "/children").c_str());
    ASSERT_GT(below, 1);
    ASSERT_GT(agent().pid(), 1);
    ::kill(agent().pid(), SIGKILL);
    EXPECT_EQ(agent().wait(), 128 + SIGKILL);
    EXPECT_TRUE(ends(pids.at("workload")));
    EXPECT_TRUE(ends(below));
}

TEST_F(InitOfSession, leaves_nothing_in_a_crowd) {
    constexpr int sessions = 200;
    EXPECT_EQ(agent().ping(), "reply ok");
    const auto before = agent().descriptors();
    for (int id = 1; id <= sessions; ++id) {
        agent().spawn(id, {workload("returns")}, {init(), does_not_stop(), silent()});
    }
    for (int id = 1; id <= sessions; ++id) {
        EXPECT_EQ(agent().end_of(id), "exited 0");
    }
    EXPECT_EQ(agent().ping(), "reply ok");
    EXPECT_EQ(agent().descriptors(), before);
    EXPECT_TRUE(agent().children().empty());
}

}  // namespace
}  // namespace support
