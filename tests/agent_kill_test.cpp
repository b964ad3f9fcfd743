/// Killing a session: its grace, what it reaches beyond the workload, and when it comes.
#include "support/agent.hpp"
#include "support/stranger.hpp"

namespace support {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AnyOf;
using testing::ElementsAre;
using testing::StartsWith;

using Kill = AgentOf;

const std::vector<std::string> stays{workload("stays")};

/// The processes that a test launches, killed in any case.
void expect_ended(const std::map<std::string, pid_t>& pids) {
    for (const auto& [manner, pid] : pids) {
        EXPECT_TRUE(ends(pid)) << manner;
    }
}

TEST_F(Kill, asks_first_and_does_not_wait_for_the_grace_when_the_workload_obeys) {
    agent().run(1, stays, {silent()});
    EXPECT_EQ(agent().kill(1, 600'000), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 15");
}

TEST_F(Kill, strikes_after_the_grace) {
    agent().beget(1, {"deaf"});
    const auto begin = steady_clock::now();
    EXPECT_EQ(agent().kill(1, 200), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
    EXPECT_GE(steady_clock::now() - begin, milliseconds{200});
}

TEST_F(Kill, strikes_at_once_without_a_grace) {
    agent().beget(1, {"deaf"});
    EXPECT_EQ(agent().kill(1, 0), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
}

TEST_F(Kill, is_hurried_by_a_shorter_grace) {
    agent().beget(1, {"deaf"});
    EXPECT_EQ(agent().kill(1, 600'000), "reply ok");
    EXPECT_EQ(agent().kill(1, 50), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
    agent().expect_nothing_more();
}

TEST_F(Kill, is_not_delayed_by_a_longer_grace) {
    agent().beget(1, {"deaf"});
    EXPECT_EQ(agent().kill(1, 50), "reply ok");
    EXPECT_THAT(agent().kill(1, 600'000), AnyOf("reply ok", StartsWith("reply error 3 session")));
    EXPECT_EQ(agent().end_of(1), "signaled 9");
}

TEST_F(Kill, aborts_up_to_the_checkpoint) {
    agent().spawn(1, stays, {silent()});
    EXPECT_EQ(agent().kill(1, 600'000), "reply ok");
    EXPECT_EQ(agent().end_of(1), "aborted");
    agent().spawn(2, stays, {silent()});
    const pid_t pid = agent().ready(2);
    EXPECT_EQ(agent().kill(2, 600'000), "reply ok");
    EXPECT_EQ(agent().end_of(2), "aborted");
    EXPECT_FALSE(exists(pid));
}

TEST_F(Kill, waits_for_a_child_on_its_way_to_exec) {
    agent().spawn(1, stays, {silent()});
    const pid_t pid = agent().ready(1);
    ::kill(pid, SIGSTOP);
    EXPECT_EQ(agent().proceed(1), "reply ok");
    EXPECT_EQ(agent().kill(1, 600'000), "reply ok");
    ::kill(pid, SIGCONT);
    EXPECT_THAT(agent().way_to_end(1), ElementsAre("running", "signaled 15"));
}

TEST_F(Kill, aborts_a_child_that_does_not_come_to_exec_within_the_grace) {
    agent().spawn(1, stays, {silent()});
    const pid_t pid = agent().ready(1);
    ::kill(pid, SIGSTOP);
    EXPECT_EQ(agent().proceed(1), "reply ok");
    EXPECT_EQ(agent().kill(1, 100), "reply ok");
    EXPECT_THAT(agent().way_to_end(1), ElementsAre("aborted"));
    EXPECT_FALSE(exists(pid));
}

TEST_F(Kill, ends_a_stopped_workload) {
    const pid_t pid = agent().beget(1, {"deaf"}).at("workload");
    EXPECT_EQ(agent().signal(1, SIGSTOP), "reply ok");
    EXPECT_TRUE(becomes_true([pid] { return status_field(pid, "State").starts_with("T"); }));
    EXPECT_EQ(agent().kill(1, 10), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
}

// --- the rest of the session ---------------------------------------------------------------------

TEST_F(Kill, takes_descendants_with_it_when_the_workload_obeys) {
    const auto pids = agent().beget(1, {"child", "deep", "orphan", "session"});
    EXPECT_EQ(agent().kill(1, 600'000), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 15");
    expect_ended(pids);
}

TEST_F(Kill, takes_descendants_with_it_that_ignore_sigterm) {
    const auto pids = agent().beget(1, {"deaf", "child", "orphan", "session"});
    EXPECT_EQ(agent().kill(1, 50), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
    expect_ended(pids);
}

TEST_F(Kill, takes_a_daemon_with_it_where_there_was_one_session_only) {
    const auto pids = agent().beget(1, {"daemon"});
    EXPECT_EQ(agent().kill(1, 50), "reply ok");
    EXPECT_THAT(agent().end_of(1), StartsWith("signaled"));
    expect_ended(pids);
}

/// Another process each time one looks.
TEST_F(Kill, takes_a_descendant_with_it_that_runs_away_by_forking) {
    const pid_t group = agent().beget(1, {"runner"}).at("workload");
    EXPECT_EQ(agent().kill(1, 0), "reply ok");
    EXPECT_THAT(agent().end_of(1), StartsWith("signaled"));
    EXPECT_TRUE(becomes_true([group] { return ::kill(-group, 0) != 0; })) << "dead, and reaped by the agent";
}

TEST_F(Kill, takes_everything_of_a_pid_namespace_with_it) {
    const auto pids =
        agent().beget(1, {"deaf", "child", "deep", "orphan", "session", "daemon"}, {namespaces({"pid"})});
    const std::string inside = namespace_of(pids.at("workload"), linx::Namespace::pid);
    ASSERT_GT(members_of(inside).size(), 50U);
    EXPECT_EQ(agent().kill(1, 100), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
    EXPECT_TRUE(becomes_true([&inside] { return members_of(inside).empty(); }));
}

TEST_F(Kill, takes_the_descendants_of_a_workload_that_has_entered_a_pid_namespace) {
    agent_.reset();
    const Stranger target{{linx::Namespace::pid}};
    agent_.emplace();
    agent().enter(1, target.pid(), {workload("begets"), "deaf", "child", "orphan"});
    const pid_t pid = agent().go(1);
    agent().output_up_to("end=1\n");
    const std::string inside = namespace_of(target.pid(), linx::Namespace::pid);
    ASSERT_EQ(members_of(inside).size(), 4U) << "the target, the workload and two descendants";
    EXPECT_EQ(agent().kill(1, 50), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
    EXPECT_TRUE(becomes_true([&inside] { return members_of(inside).size() == 1; }));
    EXPECT_THAT(members_of(inside), ElementsAre(target.pid())) << "it is nobody's descendant";
    EXPECT_FALSE(exists(pid));
}

TEST_F(Kill, leaves_the_family_of_another_session_alone) {
    const auto others = agent().beget(1, {"deaf", "child", "orphan", "session", "daemon"}, {kill_after(50)});
    const auto pids = agent().beget(2, {"child", "orphan", "session"});
    EXPECT_EQ(agent().kill(2, 1000), "reply ok");
    EXPECT_THAT(agent().end_of(2), StartsWith("signaled"));
    expect_ended(pids);
    for (const auto& [manner, pid] : others) {
        EXPECT_FALSE(has_ended(pid)) << manner;
    }
}

TEST_F(Kill, leaves_descendants_alone_when_the_workload_just_ends) {
    const auto pids = agent().beget(1, {"child", "session", "ends"});
    EXPECT_EQ(agent().end_of(1), "exited 3");
    EXPECT_EQ(agent().ping(), "reply ok");
    EXPECT_FALSE(has_ended(pids.at("child")));
    EXPECT_FALSE(has_ended(pids.at("session")));
    EXPECT_EQ(agent().leave(), 0);
    expect_ended({{"child", pids.at("child")}, {"session", pids.at("session")}});
}

TEST_F(Kill, of_many_sessions_at_once_ends_each) {
    constexpr int sessions = 50;
    for (int id = 1; id <= sessions; ++id) {
        agent().run(id, {workload("begets"), "deaf", "child", "orphan"});
        agent().output_up_to("end=1\n");
    }
    for (int id = 1; id <= sessions; ++id) {
        agent().send(id, etf::tuple({etf::atom("kill"), etf::integer(100)}));
    }
    for (int id = 1; id <= sessions; ++id) {
        EXPECT_EQ(agent().end_of(id), "signaled 9");
    }
    EXPECT_TRUE(becomes_true([this] { return agent().children().empty(); })) << "all are dead and reaped";
}

}  // namespace
}  // namespace support
