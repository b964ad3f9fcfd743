/// What becomes of workloads when those above them go: the VM, its pipe, the session's process on the BEAM,
/// the agent itself; and what the agent does with the orphans that workloads leave.
#include "support/agent.hpp"
#include "support/stranger.hpp"

namespace support {
namespace {

using testing::StartsWith;

const std::vector<std::string> stays{workload("stays")};

/// How the VM goes: its end of the pipe is closed, or it dies while a fork of it holds the pipe open.
enum class Way : std::uint8_t { pipe_closes, process_ends };

class Orphans : public AgentOf, public testing::WithParamInterface<Way> {
protected:
    void SetUp() override {
        AgentOf::SetUp();
        agent_.reset();
        vm_.emplace(linx::Namespaces{});
        agent_.emplace(Agent::Shape{.arguments = {"--vm-pid", std::to_string(vm_->pid())}});
    }
    void TearDown() override {
        agent_.reset();
        vm_.reset();
        AgentOf::TearDown();
    }
    void end_vm() {
        if (GetParam() == Way::pipe_closes) {
            agent().close_requests();
        } else {
            vm_->kill();
        }
    }
    /// The VM ends, and the agent with it.
    void end_vm_and_agent() {
        end_vm();
        EXPECT_EQ(agent().wait(), 0);
    }

    std::optional<Stranger> vm_;
};

INSTANTIATE_TEST_SUITE_P(When, Orphans, testing::Values(Way::pipe_closes, Way::process_ends),
                         [](const auto& info) {
                             return info.param == Way::pipe_closes ? "the_pipe_closes" : "the_vm_is_killed";
                         });

void expect_ended(const std::map<std::string, pid_t>& pids) {
    for (const auto& [manner, pid] : pids) {
        EXPECT_TRUE(has_ended(pid)) << manner;
    }
}

// --- the VM --------------------------------------------------------------------------------------

TEST_P(Orphans, in_launch_are_discarded) {
    for (int id = 1; id <= 20; ++id) {
        agent().spawn(id, stays, {silent(), id % 2 == 0 ? keep() : kill_after(600'000)});
    }
    end_vm_and_agent();
}

TEST_P(Orphans, at_the_checkpoint_are_discarded) {
    agent().spawn(1, stays, {silent(), keep()});
    agent().spawn(2, stays, {silent(), kill_after(600'000)});
    agent().spawn(3, stays, {silent(), kill_after(600'000), namespaces({"pid", "net", "mount"})});
    const std::vector<pid_t> pids{agent().ready(1), agent().ready(2), agent().ready(3)};
    end_vm_and_agent();
    for (const pid_t pid : pids) {
        EXPECT_FALSE(exists(pid));
    }
}

TEST_P(Orphans, on_their_way_to_exec_end_within_the_grace) {
    agent().spawn(1, stays, {silent(), kill_after(100)});
    const pid_t pid = agent().ready(1);
    ::kill(pid, SIGSTOP);
    EXPECT_EQ(agent().proceed(1), "reply ok");
    end_vm_and_agent();
    EXPECT_FALSE(exists(pid));
}

TEST_P(Orphans, to_be_killed_are_asked_first) {
    const pid_t pid = agent().run(1, stays, {silent(), kill_after(600'000)});
    end_vm_and_agent();
    EXPECT_FALSE(exists(pid));
}

TEST_P(Orphans, to_be_killed_take_all_their_descendants_with_them) {
    const auto pids =
        agent().beget(1, {"deaf", "child", "deep", "orphan", "session", "daemon"}, {kill_after(100)});
    end_vm_and_agent();
    expect_ended(pids);
}

TEST_P(Orphans, to_be_killed_take_those_of_a_pid_namespace_with_them) {
    const auto pids = agent().beget(1, {"deaf", "child", "orphan", "session", "daemon"},
                                    {kill_after(100), namespaces({"pid"})});
    const std::string inside = namespace_of(pids.at("workload"), linx::Namespace::pid);
    EXPECT_EQ(members_of(inside).size(), 5U);
    end_vm_and_agent();
    EXPECT_TRUE(members_of(inside).empty());
}

/// Which session a daemon comes from cannot be told; at the end that does not matter.
TEST_P(Orphans, of_several_sessions_to_be_killed_leave_no_daemon) {
    const auto first = agent().beget(1, {"deaf", "daemon", "child"}, {kill_after(50)});
    const auto second = agent().beget(2, {"daemon", "session"}, {kill_after(600'000)});
    const auto third = agent().beget(3, {"daemon", "orphan", "ends"});
    end_vm_and_agent();
    expect_ended(first);
    expect_ended(second);
    expect_ended(third);
}

TEST_P(Orphans, that_run_away_by_forking_are_caught) {
    const pid_t group = agent().beget(1, {"runner"}, {kill_after(0)}).at("workload");
    end_vm_and_agent();
    EXPECT_NE(::kill(-group, 0), 0) << "nobody is left in its process group";
}

TEST_P(Orphans, to_be_kept_live_on) {
    const auto pids = agent().beget(1, {"child", "orphan", "session", "daemon"}, {keep()});
    end_vm_and_agent();
    for (const auto& [manner, pid] : pids) {
        EXPECT_FALSE(has_ended(pid)) << manner;
    }
    ::kill(pids.at("child"), SIGKILL);
    ::kill(pids.at("session"), SIGKILL);
    for (const std::string manner : {"workload", "orphan", "daemon", "child", "session"}) {
        EXPECT_EQ(status_field(pids.at(manner), "PPid"), std::to_string(::getpid())) << manner;
        end_stray(pids.at(manner));
        // Its own children are ours from here on.
    }
}

TEST_P(Orphans, to_be_kept_and_to_be_killed_have_it_each_its_own_way) {
    const pid_t kept = agent().run(1, stays, {silent(), keep()});
    const auto killed = agent().beget(2, {"deaf", "child", "orphan", "session"}, {kill_after(100)});
    const pid_t kept_too = agent().run(3, stays, {silent(), keep()});
    end_vm_and_agent();
    for (const auto& [manner, pid] : killed) {
        EXPECT_TRUE(ends(pid)) << manner;
    }
    EXPECT_FALSE(has_ended(kept));
    EXPECT_FALSE(has_ended(kept_too));
    end_stray(kept);
    end_stray(kept_too);
}

TEST_P(Orphans, in_the_grace_of_a_kill_keep_the_earlier_deadline) {
    const auto pids = agent().beget(1, {"deaf", "child"}, {kill_after(600'000)});
    EXPECT_EQ(agent().kill(1, 300), "reply ok");
    end_vm_and_agent();
    expect_ended(pids);
}

TEST_P(Orphans, of_the_greatest_number_end_together) {
    std::vector<pid_t> pids;
    for (int id = 1; id <= 100; ++id) {
        agent().spawn(id, stays, {silent(), kill_after(600'000)});
    }
    for (int id = 1; id <= 100; ++id) {
        pids.push_back(id % 3 == 0 ? agent().ready(id) : agent().go(id));
    }
    end_vm_and_agent();
    for (const pid_t pid : pids) {
        EXPECT_FALSE(exists(pid));
    }
}

// --- the session's process on the BEAM -----------------------------------------------------------

using Orphan = AgentOf;

TEST_F(Orphan, to_be_killed_dies_unheard) {
    const auto pids = agent().beget(1, {"deaf", "child", "session", "daemon"}, {kill_after(100)});
    EXPECT_EQ(agent().orphan(1), "reply ok");
    for (const auto& [manner, pid] : pids) {
        EXPECT_TRUE(ends(pid)) << manner;
    }
    EXPECT_TRUE(becomes_true(
        [this] { return agent().signal(1, 0) == "reply error 3 session: there is no session 1"; }));
    agent().expect_nothing_more();
}

TEST_F(Orphan, at_the_checkpoint_is_discarded) {
    agent().spawn(1, stays, {silent(), keep()});
    const pid_t pid = agent().ready(1);
    EXPECT_EQ(agent().orphan(1), "reply ok");
    EXPECT_EQ(agent().proceed(1), "reply error 3 session: there is no session 1");
    EXPECT_FALSE(exists(pid));
    agent().expect_nothing_more();
}

TEST_F(Orphan, to_be_kept_lives_on_and_is_reaped_when_it_ends) {
    const pid_t pid = agent().run(1, stays, {silent(), keep()});
    EXPECT_EQ(agent().orphan(1), "reply ok");
    EXPECT_EQ(agent().ping(), "reply ok");
    EXPECT_FALSE(has_ended(pid));
    ::kill(pid, SIGKILL);
    EXPECT_TRUE(becomes_true([pid] { return !exists(pid); }));
    agent().expect_nothing_more();
}

// --- the agent -----------------------------------------------------------------------------------

/// The kernel ends what the agent cannot end any more; what has no parent then comes to the test.
class Fatherless : public AgentOf {
protected:
    void kill_agent() {
        agent().kill_agent();
        EXPECT_EQ(agent().wait(), 128 + SIGKILL);
    }
    /// Ends, and can be reaped by us.
    static void expect_end(pid_t pid) {
        EXPECT_TRUE(ends(pid));
        ::waitpid(pid, nullptr, WNOHANG);
    }
};

TEST_F(Fatherless, launches_end) {
    for (int id = 1; id <= 50; ++id) {
        agent().spawn(id, stays, {silent(), id % 2 == 0 ? keep() : kill_after(1)});
    }
    EXPECT_EQ(in_words(agent().next(25)), "spawned") << "some are under way, some at the checkpoint";
    kill_agent();
    EXPECT_TRUE(becomes_true([] {
        reap_strays();
        return children_left() == "none";
    }));
}

TEST_F(Fatherless, children_at_the_checkpoint_end) {
    agent().spawn(1, stays, {silent(), keep()});
    agent().spawn(2, stays, {silent(), kill_after(600'000), namespaces({"pid", "net"})});
    const pid_t kept = agent().ready(1);
    const pid_t other = agent().ready(2);
    kill_agent();
    expect_end(kept);
    expect_end(other);
}

TEST_F(Fatherless, workloads_to_be_killed_end) {
    const pid_t pid = agent().beget(1, {"deaf"}, {kill_after(600'000)}).at("workload");
    kill_agent();
    expect_end(pid);
}

TEST_F(Fatherless, workloads_of_a_pid_namespace_end_with_all_their_descendants) {
    const pid_t pid = agent()
                          .beget(1, {"deaf", "child", "orphan", "session", "daemon"}, {namespaces({"pid"})})
                          .at("workload");
    const std::string inside = namespace_of(pid, linx::Namespace::pid);
    EXPECT_EQ(members_of(inside).size(), 5U);
    kill_agent();
    EXPECT_TRUE(becomes_true([&inside] { return members_of(inside).empty(); }));
    expect_end(pid);
}

TEST_F(Fatherless, workloads_to_be_kept_live_on) {
    const pid_t pid = agent().run(1, stays, {silent(), keep()});
    EXPECT_EQ(agent().ping(), "reply ok");
    kill_agent();
    EXPECT_FALSE(has_ended(pid));
    EXPECT_EQ(status_field(pid, "PPid"), std::to_string(::getpid()));
    end_stray(pid);
}

// --- reaping -------------------------------------------------------------------------------------

using Reaping = AgentOf;

TEST_F(Reaping, leaves_no_zombie_of_what_workloads_leave) {
    const auto pids = agent().beget(1, {"daemon", "orphan", "child", "ends"}, {kill_after(50)});
    EXPECT_EQ(agent().end_of(1), "exited 3");
    for (const std::string manner : {"daemon", "orphan", "child"}) {
        const pid_t pid = pids.at(manner);
        EXPECT_EQ(status_field(pid, "PPid"), std::to_string(agent().pid())) << manner;
        ::kill(pid, SIGKILL);
        EXPECT_TRUE(becomes_true([pid] { return !exists(pid); })) << manner << " was not reaped";
    }
}

TEST_F(Reaping, never_takes_the_end_of_a_session_for_an_orphans) {
    std::vector<pid_t> pids;
    for (int id = 1; id <= 100; ++id) {
        pids.push_back(agent().run(id, stays, {silent()}));
    }
    for (const pid_t pid : pids) {
        ::kill(pid, SIGUSR1);
    }
    for (int id = 1; id <= 100; ++id) {
        EXPECT_EQ(agent().end_of(id), "signaled 10");
    }
}

/// A workload that floods the agent with orphans, which end at once: thousands while others are launched.
TEST_F(Reaping, of_a_storm_of_orphans_disturbs_no_launch) {
    agent().beget(1000, {"runner"});
    for (int id = 1; id <= 200; ++id) {
        agent().spawn(id, {workload("returns"), "7"}, {does_not_stop(), silent()});
    }
    for (int id = 1; id <= 200; ++id) {
        ASSERT_THAT(agent().way_to_end(id), testing::ElementsAre("spawned", "ready", "running", "exited 7"));
    }
    EXPECT_EQ(agent().kill(1000, 0), "reply ok");
    EXPECT_THAT(agent().end_of(1000), StartsWith("signaled"));
    EXPECT_TRUE(becomes_true([this] { return agent().children().empty(); }));
}

}  // namespace
}  // namespace support
