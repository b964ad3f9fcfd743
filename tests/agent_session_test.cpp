/// The life of a session, seen from the BEAM: each command and event of docs/protocol.md in and out of turn,
/// one end on each path, and the answer to a command before what it leads to.
#include "support/agent.hpp"
#include "support/stranger.hpp"

namespace support {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Session = AgentOf;

const std::vector<std::string> stays{workload("stays")};
const std::vector<std::string> returns{workload("returns"), "7"};

Bytes checkpoint_timeout(std::int64_t ms) {
    return etf::integer(ms);
}

TEST_F(Session, tells_of_each_step_and_of_its_end) {
    agent().spawn(1, returns);
    const pid_t pid = agent().ready(1);
    EXPECT_FALSE(has_executed(pid)) << "nothing has run at the checkpoint";
    EXPECT_EQ(status_field(pid, "PPid"), std::to_string(agent().pid()));
    EXPECT_EQ(agent().proceed(1), "reply ok");
    EXPECT_THAT(agent().way_to_end(1), ElementsAre("running", "exited 7"));
    EXPECT_FALSE(exists(pid)) << "it was reaped";
    agent().expect_nothing_more();
}

TEST_F(Session, tells_what_the_workload_has_used) {
    agent().spawn(1, returns, {does_not_stop()});
    Term event;
    do {
        event = agent().next(1);
    } while (!is_terminal(event) && event.kind != Term::Kind::none);
    const Term& usage = event[1][2];
    EXPECT_GE(usage.at("user_us").number, 0);
    EXPECT_EQ(usage.at("user_us").kind, Term::Kind::integer);
    EXPECT_EQ(usage.at("system_us").kind, Term::Kind::integer);
    EXPECT_GT(usage.at("peak_memory_kib").number, 0);
}

TEST_F(Session, knows_its_child_by_both_its_pids) {
    agent().spawn(1, stays, {namespaces({"pid"}), silent()});
    EXPECT_EQ(in_words(agent().next(1)), "spawned");
    const Term ready = agent().next(1);
    const auto pid = static_cast<pid_t>(ready[1][1].number);
    EXPECT_EQ(ready[1][2].number, 1);
    EXPECT_EQ(status_field(pid, "NSpid"), std::to_string(pid) + " 1");
    EXPECT_EQ(agent().abort(1), "reply ok");
    EXPECT_EQ(agent().end_of(1), "aborted");
}

TEST_F(Session, does_not_stop_where_it_is_not_to) {
    agent().spawn(1, returns, {does_not_stop()});
    EXPECT_THAT(agent().way_to_end(1), ElementsAre("spawned", "ready", "running", "exited 7"));
}

TEST_F(Session, keeps_a_proceed_that_comes_before_the_checkpoint) {
    // All in one write: the agent sees the commands before the child can be ready.
    agent().spawn(1, returns);
    agent().send(1, etf::atom("proceed"));
    EXPECT_THAT(agent().way_to_end(1), ElementsAre("spawned", "ready", "running", "exited 7"));
}

TEST_F(Session, answers_a_command_before_the_event_that_it_leads_to) {
    agent().spawn(1, stays, {silent()});
    agent().ready(1);
    agent().send(1, etf::atom("abort"));
    EXPECT_EQ(in_words(agent().next(1)), "reply ok");
    EXPECT_EQ(in_words(agent().next(1)), "aborted");
    agent().spawn(1, stays, {silent()});
    agent().ready(1);
    agent().send(1, etf::tuple({etf::atom("kill"), etf::integer(100)}));
    EXPECT_EQ(in_words(agent().next(1)), "reply ok");
    EXPECT_EQ(in_words(agent().next(1)), "aborted");
    agent().spawn(1, stays, {silent()});
    agent().ready(1);
    agent().send(1, etf::atom("proceed"));
    EXPECT_EQ(in_words(agent().next(1)), "reply ok");
    EXPECT_EQ(in_words(agent().next(1)), "running");
    agent().send(1, etf::tuple({etf::atom("kill"), etf::integer(0)}));
    EXPECT_EQ(in_words(agent().next(1)), "reply ok");
    EXPECT_THAT(in_words(agent().next(1)), StartsWith("signaled"));
}

TEST_F(Session, is_discarded_at_the_checkpoint_by_an_abort) {
    agent().spawn(1, stays, {silent()});
    const pid_t pid = agent().ready(1);
    EXPECT_EQ(agent().abort(1), "reply ok");
    EXPECT_EQ(agent().end_of(1), "aborted");
    EXPECT_FALSE(exists(pid));
    EXPECT_EQ(agent().abort(1), "reply error 3 session: there is no session 1");
}

TEST_F(Session, is_discarded_before_the_checkpoint_by_an_abort) {
    agent().spawn(1, stays, {silent()});
    agent().send(1, etf::atom("abort"));
    const auto way = agent().way_to_end(1);
    EXPECT_EQ(way.back(), "aborted");
    EXPECT_TRUE(agent().children().empty());
    agent().expect_nothing_more();
}

TEST_F(Session, is_told_when_it_is_too_late) {
    agent().run(1, stays, {silent()});
    EXPECT_THAT(agent().proceed(1), StartsWith("reply error 114 proceed: "));
    EXPECT_THAT(agent().abort(1), StartsWith("reply error 114 abort: "));
    EXPECT_EQ(agent().signal(1, SIGKILL), "reply ok") << "it goes on";
    EXPECT_EQ(agent().end_of(1), "signaled 9");
    agent().expect_nothing_more();
}

TEST_F(Session, is_told_of_a_second_proceed_that_it_is_too_late) {
    agent().spawn(1, stays, {silent()});
    agent().send(1, etf::atom("proceed"));
    EXPECT_THAT(agent().proceed(1), StartsWith("reply error 114 proceed: "));
    agent().kill(1, 0);
    EXPECT_THAT(agent().end_of(1), testing::AnyOf(StartsWith("signaled"), "aborted"));
}

TEST_F(Session, keeps_signals_until_the_workload_runs) {
    agent().spawn(1, stays, {silent()});
    EXPECT_EQ(agent().signal(1, SIGUSR1), "reply ok");
    const pid_t pid = agent().ready(1);
    EXPECT_EQ(agent().signal(1, 0), "reply ok");
    EXPECT_FALSE(has_ended(pid));
    EXPECT_EQ(agent().proceed(1), "reply ok");
    EXPECT_THAT(agent().way_to_end(1), ElementsAre("running", "signaled 10"));
}

TEST_F(Session, sends_signals_to_the_workload) {
    const pid_t pid = agent().run(1, stays, {silent()});
    EXPECT_EQ(agent().signal(1, SIGSTOP), "reply ok");
    EXPECT_TRUE(becomes_true([pid] { return status_field(pid, "State").starts_with("T"); }));
    EXPECT_EQ(agent().signal(1, SIGCONT), "reply ok");
    EXPECT_TRUE(becomes_true([pid] { return status_field(pid, "State").starts_with("S"); }));
    EXPECT_EQ(agent().signal(1, 34), "reply ok") << "a real-time signal";
    EXPECT_EQ(agent().end_of(1), "signaled 34");
}

TEST_F(Session, ends_with_an_error_where_the_program_cannot_be_executed) {
    agent().spawn(1, {"/no/such/program"});
    agent().ready(1);
    EXPECT_EQ(agent().proceed(1), "reply ok");
    EXPECT_THAT(agent().way_to_end(1), ElementsAre("error 2 execve: /no/such/program"));
    agent().expect_nothing_more();
}

TEST_F(Session, ends_with_an_error_that_has_a_hint_on_a_second_line) {
    const TemporaryDirectory place;
    ASSERT_TRUE(put_contents(place / "script", "#!/no/such/interpreter\n"));
    ::chmod((place / "script").c_str(), 0755);
    agent().spawn(1, {place / "script"}, {does_not_stop()});
    const std::string end = agent().end_of(1);
    EXPECT_THAT(end, StartsWith("error 2 execve: " + place / "script" + "\n"));
    EXPECT_THAT(end, HasSubstr("/no/such/interpreter"));
}

TEST_F(Session, ends_with_an_error_where_the_launch_fails_before_the_checkpoint) {
    agent().spawn(1, stays,
                  {{"join", etf::list({etf::tuple({etf::atom("net"), etf::binary("/no/such/netns")})})}});
    EXPECT_THAT(agent().way_to_end(1), ElementsAre(HasSubstr("/no/such/netns")));
    agent().spawn(1, stays, {{"cwd", etf::binary("/no/such/directory")}, does_not_stop()});
    EXPECT_EQ(agent().end_of(1), "error 2 chdir: /no/such/directory");
    EXPECT_TRUE(agent().children().empty());
}

TEST_F(Session, ends_once_when_the_child_is_killed_at_the_checkpoint) {
    agent().spawn(1, stays, {silent()});
    const pid_t pid = agent().ready(1);
    ::kill(pid, SIGKILL);
    const auto way = agent().way_to_end(1);
    EXPECT_EQ(way.size(), 1U);
    EXPECT_THAT(way.back(), StartsWith("error "));
    EXPECT_FALSE(exists(pid)) << "it was reaped";
    agent().expect_nothing_more();
}

TEST_F(Session, ends_once_when_the_workload_is_killed_by_somebody_else) {
    const pid_t pid = agent().run(1, stays, {silent()});
    ::kill(pid, SIGSEGV);
    EXPECT_EQ(agent().end_of(1), "signaled 11");
    agent().expect_nothing_more();
}

TEST_F(Session, ends_when_nobody_lets_it_go_on_in_time) {
    agent().spawn(1, stays, {{"checkpoint_timeout", checkpoint_timeout(50)}, silent()});
    const pid_t pid = agent().ready(1);
    EXPECT_EQ(agent().end_of(1), "error 110 checkpoint: nobody let it go on within 50 ms");
    EXPECT_FALSE(exists(pid));
    agent().spawn(1, returns, {{"checkpoint_timeout", checkpoint_timeout(600'000)}});
    EXPECT_EQ(agent().proceed(1), "reply ok");
    EXPECT_EQ(agent().end_of(1), "exited 7");
}

/// The session that times out later is the clock of the one that was let go.
TEST_F(Session, has_no_timeout_once_it_has_passed_the_checkpoint) {
    agent().spawn(1, stays, {{"checkpoint_timeout", checkpoint_timeout(100)}, silent()});
    EXPECT_EQ(agent().proceed(1), "reply ok");
    agent().spawn(2, stays, {{"checkpoint_timeout", checkpoint_timeout(400)}, silent()});
    EXPECT_THAT(agent().end_of(2), StartsWith("error 110 checkpoint"));
    EXPECT_EQ(agent().signal(1, SIGKILL), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
}

TEST_F(Session, can_be_begun_again_under_the_same_id) {
    for (int i = 0; i < 50; ++i) {
        agent().spawn(1, returns, {does_not_stop()});
        ASSERT_THAT(agent().way_to_end(1), ElementsAre("spawned", "ready", "running", "exited 7"));
    }
}

TEST_F(Session, never_disturbs_another) {
    const pid_t pid = agent().run(1, stays, {silent()});
    agent().spawn(2, {"/no/such"}, {does_not_stop()});
    EXPECT_THAT(agent().end_of(2), StartsWith("error"));
    agent().spawn(3, returns, {does_not_stop()});
    EXPECT_EQ(agent().end_of(3), "exited 7");
    agent().run(4, stays, {silent()});
    agent().kill(4, 0);
    EXPECT_THAT(agent().end_of(4), StartsWith("signaled"));
    EXPECT_FALSE(has_ended(pid));
    EXPECT_EQ(agent().signal(1, SIGTERM), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 15");
}

// --- enter ---------------------------------------------------------------------------------------

TEST_F(Session, enters_the_namespaces_of_a_process) {
    agent_.reset();
    const Stranger target{{linx::Namespace::net, linx::Namespace::uts, linx::Namespace::pid}};
    agent_.emplace();
    agent().enter(1, target.pid(), stays, {silent()});
    const pid_t pid = agent().go(1);
    EXPECT_EQ(differences(pid, target.pid()), linx::Namespaces{});
    EXPECT_EQ(status_field(pid, "PPid"), std::to_string(agent().pid()));
    EXPECT_EQ(agent().kill(1, 0), "reply ok");
    EXPECT_THAT(agent().end_of(1), StartsWith("signaled"));
}

TEST_F(Session, cannot_enter_a_process_that_is_not_there) {
    const pid_t gone = ::fork();
    if (gone == 0) {
        ::_exit(0);
    }
    ::waitpid(gone, nullptr, 0);
    agent().enter(1, gone, stays);
    EXPECT_THAT(agent().way_to_end(1), ElementsAre(StartsWith("error 3 ")));
}

/// The intermediate that a launch into a pid namespace takes is never mistaken for an orphan.
TEST_F(Session, enters_a_pid_namespace_many_times_at_once) {
    agent_.reset();
    const Stranger target{{linx::Namespace::pid}};
    agent_.emplace();
    constexpr int sessions = 200;
    for (int id = 1; id <= sessions; ++id) {
        agent().enter(id, target.pid(), returns, {does_not_stop(), silent()});
    }
    for (int id = 1; id <= sessions; ++id) {
        ASSERT_THAT(agent().way_to_end(id), ElementsAre("spawned", "ready", "running", "exited 7"));
    }
}

}  // namespace
}  // namespace support
