#include "agent/session.hpp"

#include <linx/spawn.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::agent {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::seconds long_enough{20};

/// An agent that writes down what its one session asks for.
class FakeDesk final : public Desk {
public:
    void tell(std::int64_t id, const Event& event) override {
        EXPECT_EQ(id, 7);
        told.push_back(std::visit(Words{}, event));
    }
    Result<void> watch(std::int64_t /*id*/, FdRef fd) override {
        if (watches_left-- == 0) {
            return failed(Stage::epoll, ENOSPC);
        }
        EXPECT_EQ(watched, -1) << "one descriptor at a time";
        watched = fd.number();
        return {};
    }
    void unwatch(FdRef fd) override {
        EXPECT_EQ(watched, fd.number());
        watched = -1;
    }
    void wake_at(std::int64_t /*id*/, Clock::time_point time) override { alarms.push_back(time); }
    void remember_descendants_of(std::int64_t /*id*/) override { asked.emplace_back("remember"); }
    void kill_descendants_of(std::int64_t /*id*/) override { asked.emplace_back("kill"); }

    std::vector<std::string> told;
    std::vector<std::string> asked;
    std::vector<Clock::time_point> alarms;
    int watched = -1;
    int watches_left = 1000;

private:
    struct Words {
        std::string operator()(const Spawned& /*event*/) const { return "spawned"; }
        std::string operator()(const Ready& /*event*/) const { return "ready"; }
        std::string operator()(const Running& /*event*/) const { return "running"; }
        std::string operator()(const Aborted& /*event*/) const { return "aborted"; }
        std::string operator()(const Ended& event) const {
            const auto* exited = std::get_if<Exited>(&event.status.how);
            return exited != nullptr
                       ? "exited " + std::to_string(exited->code)
                       : "signaled " + std::to_string(std::get<Signaled>(event.status.how).signum);
        }
        std::string operator()(const Failed& event) const {
            return "error " + errno_symbol(event.error.errnum) + " " + std::string(name(event.error.stage));
        }
    };
};

/// One session of a workload, and afterwards neither a child nor a descriptor more than before.
class SessionOf : public testing::Test {
protected:
    void SetUp() override { before_ = open_descriptors(); }
    void TearDown() override {
        session_.reset();
        EXPECT_EQ(desk_.watched, -1) << "a descriptor is still watched";
        EXPECT_EQ(open_descriptors(), before_) << "a descriptor is left behind";
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left behind";
        EXPECT_EQ(errno, ECHILD);
    }

    static LaunchOrder order_of(std::vector<std::string> argv) {
        LaunchOrder order;
        order.spec.argv = std::move(argv);
        order.spec.stdin_from = StdioNull{};
        order.spec.stdout_to = StdioNull{};
        return order;
    }
    static LaunchOrder staying() { return order_of({LINX_WORKLOADS "/stays"}); }
    static LaunchOrder ending() { return order_of({LINX_WORKLOADS "/returns", "7"}); }
    /// It ignores SIGTERM.
    static LaunchOrder deaf() {
        LaunchOrder order = staying();
        order.spec.ignored_signals = {SIGTERM};
        return order;
    }

    Session& begin(const LaunchOrder& order, bool has_pid_namespace = false) {
        desk_.told.clear();
        session_.emplace(7, order, has_pid_namespace, desk_);
        session_->begin(linx::start(order.spec));
        return *session_;
    }
    Session& ready(const LaunchOrder& order, bool has_pid_namespace = false) {
        begin(order, has_pid_namespace);
        drive("ready");
        return *session_;
    }
    Session& running(const LaunchOrder& order, bool has_pid_namespace = false) {
        EXPECT_TRUE(ready(order, has_pid_namespace).proceed());
        drive("running");
        return *session_;
    }
    /// Parked in the instant between *proceed* and exec: the child is stopped.
    Session& proceeding(const LaunchOrder& order) {
        ready(order);
        ::kill(*session_->host_pid(), SIGSTOP);
        EXPECT_TRUE(session_->proceed());
        return *session_;
    }

    /// Serves the watched descriptor until that was told; what is told when it ends without that, or too
    /// late, the test sees in `told`.
    void drive(const std::string& event) {
        const auto is_told = [&] { return !desk_.told.empty() && desk_.told.back() == event; };
        while (!is_told() && serve_once()) {
        }
        EXPECT_TRUE(is_told()) << "waited for " << event;
    }
    void drive_to_end() {
        while (!session_->has_ended() && serve_once()) {
        }
        EXPECT_TRUE(session_->has_ended());
    }
    bool serve_once() {
        pollfd entry{.fd = desk_.watched, .events = POLLIN, .revents = 0};
        if (desk_.watched < 0 ||
            ::poll(&entry, 1, static_cast<int>(milliseconds(long_enough).count())) != 1) {
            return false;
        }
        session_->on_readable();
        return true;
    }
    /// The child of a launch that has not told of it yet.
    static pid_t child_in_flight() {
        std::ifstream children("/proc/self/task/" + std::to_string(::gettid()) + "/children");
        pid_t child = -1;
        children >> child;
        return child;
    }
    /// Waits for the exec; false when it does not come.
    static bool has_executed_a_program(pid_t pid) {
        const auto end = Clock::now() + long_enough;
        while (Clock::now() < end) {
            std::ifstream name("/proc/" + std::to_string(pid) + "/comm");
            std::string word;
            if (name >> word && word == "stays") {
                return true;
            }
            ::usleep(1000);
        }
        return false;
    }
    [[nodiscard]] bool is_alive(pid_t pid) const { return ::kill(pid, 0) == 0; }

    static std::size_t open_descriptors() {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
    }

    FakeDesk desk_;
    std::optional<Session> session_;

private:
    std::size_t before_ = 0;
};

template <class T>
std::string symbol(const Result<T>& answer) {
    return answer ? "ok"
                  : errno_symbol(answer.error().errnum) + " " + std::string(name(answer.error().stage));
}

// --- the way of a session ------------------------------------------------------------------------

TEST_F(SessionOf, a_workload_tells_of_each_step_and_of_one_end) {
    running(ending());
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "running", "exited 7"));
    EXPECT_THAT(desk_.asked, IsEmpty()) << "one that ends by itself leaves its descendants alone";
}

TEST_F(SessionOf, a_launch_that_could_not_begin_ends_with_its_error) {
    session_.emplace(7, LaunchOrder{}, false, desk_);
    session_->begin(failed(Stage::spec, EINVAL, "argv: missing"));
    EXPECT_TRUE(session_->has_ended());
    EXPECT_THAT(desk_.told, ElementsAre("error EINVAL spec"));
}

TEST_F(SessionOf, a_launch_that_fails_before_the_checkpoint_ends_with_its_error) {
    LaunchOrder order = staying();
    order.spec.stdin_from = StdioFile{.path = "/no/such/file"};
    begin(order);
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("error ENOENT open_stdin"));
}

TEST_F(SessionOf, a_workload_that_cannot_be_executed_ends_after_ready) {
    EXPECT_TRUE(ready(order_of({"/no/such/program"})).proceed());
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "error ENOENT execve"));
}

TEST_F(SessionOf, a_child_at_the_checkpoint_has_run_nothing) {
    const Session& session = ready(staying());
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready"));
    std::ifstream stat("/proc/" + std::to_string(*session.host_pid()) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(stat), {}};
    int flags = 0;
    ASSERT_EQ(std::sscanf(text.substr(text.rfind(')') + 1).c_str(), " %*c %*d %*d %*d %*d %*d %d", &flags),
              1);
    EXPECT_NE(flags & 0x40, 0) << "PF_FORKNOEXEC";
    EXPECT_FALSE(session.has_ended());
}

TEST_F(SessionOf, a_child_that_dies_at_the_checkpoint_ends_with_one_error) {
    const Session& session = ready(staying());
    ::kill(*session.host_pid(), SIGKILL);
    drive_to_end();
    ASSERT_EQ(desk_.told.size(), 3U);
    EXPECT_TRUE(desk_.told.back().starts_with("error ")) << desk_.told.back();
}

TEST_F(SessionOf, a_workload_killed_by_a_stranger_tells_the_signal) {
    ::kill(*running(staying()).host_pid(), SIGUSR1);
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "signaled 10");
}

TEST_F(SessionOf, an_order_that_does_not_stop_goes_on_by_itself) {
    LaunchOrder order = ending();
    order.auto_proceed = true;
    begin(order);
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "running", "exited 7"));
}

TEST_F(SessionOf, a_launch_knows_the_processes_that_it_will_reap) {
    Session& session = begin(staying());
    const auto in_flight = [&session] {
        return std::ranges::any_of(
                   std::filesystem::directory_iterator("/proc/self/task/" + std::to_string(::gettid())),
                   [](const auto& entry) { return entry.path().filename() == "children"; }) &&
               !session.has_ended();
    };
    ASSERT_TRUE(in_flight());
    std::ifstream children("/proc/self/task/" + std::to_string(::gettid()) + "/children");
    pid_t child = 0;
    ASSERT_TRUE(children >> child);
    EXPECT_TRUE(session.involves(child));
    EXPECT_FALSE(session.involves(::getpid()));
    drive("ready");
    EXPECT_EQ(session.host_pid(), child);
    EXPECT_FALSE(session.involves(child)) << "from the checkpoint on it is known by its pid";
}

// --- proceed and abort ---------------------------------------------------------------------------

TEST_F(SessionOf, a_proceed_before_the_checkpoint_is_kept) {
    EXPECT_EQ(symbol(begin(ending()).proceed()), "ok");
    EXPECT_EQ(symbol(session_->proceed()), "EALREADY proceed");
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "running", "exited 7"));
}

TEST_F(SessionOf, a_workload_that_was_let_go_is_too_late_to_proceed_or_abort) {
    Session& session = running(staying());
    EXPECT_EQ(symbol(session.proceed()), "EALREADY proceed");
    EXPECT_EQ(symbol(session.abort()), "EALREADY abort");
    EXPECT_FALSE(session.has_ended());
}

TEST_F(SessionOf, a_child_on_its_way_to_exec_is_too_late_to_proceed_or_abort) {
    Session& session = proceeding(staying());
    EXPECT_EQ(symbol(session.proceed()), "EALREADY proceed");
    EXPECT_EQ(symbol(session.abort()), "EALREADY abort");
    EXPECT_FALSE(session.has_ended());
}

TEST_F(SessionOf, an_order_that_does_not_stop_has_nothing_to_proceed) {
    LaunchOrder order = staying();
    order.auto_proceed = true;
    EXPECT_EQ(symbol(begin(order).proceed()), "EALREADY proceed");
}

TEST_F(SessionOf, an_abort_before_the_checkpoint_discards_the_child) {
    EXPECT_EQ(symbol(begin(staying()).abort()), "ok");
    EXPECT_THAT(desk_.told, ElementsAre("aborted"));
    EXPECT_TRUE(session_->has_ended());
}

TEST_F(SessionOf, an_abort_at_the_checkpoint_discards_the_child) {
    Session& session = ready(staying());
    const pid_t pid = *session.host_pid();
    EXPECT_EQ(symbol(session.abort()), "ok");
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "aborted"));
    EXPECT_FALSE(is_alive(pid));
}

TEST_F(SessionOf, an_abort_behind_a_proceed_is_too_late_also_before_the_checkpoint) {
    EXPECT_TRUE(begin(staying()).proceed());
    EXPECT_EQ(symbol(session_->abort()), "EALREADY abort");
    drive("running");
    EXPECT_EQ(symbol(session_->signal(SIGKILL)), "ok");
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "running", "signaled 9"));
}

// --- signals -------------------------------------------------------------------------------------

TEST_F(SessionOf, a_signal_before_exec_is_kept_until_the_workload_runs) {
    Session& session = begin(staying());
    EXPECT_EQ(symbol(session.signal(SIGCONT)), "ok");
    drive("ready");
    EXPECT_EQ(symbol(session.signal(SIGUSR2)), "ok");
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready"));
    EXPECT_TRUE(session.proceed());
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "running", "signaled 12"));
}

TEST_F(SessionOf, a_signal_0_asks_whether_the_workload_lives) {
    Session& session = running(staying());
    EXPECT_EQ(symbol(session.signal(0)), "ok");
    EXPECT_EQ(symbol(session.signal(SIGTERM)), "ok");
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "signaled 15");
}

TEST_F(SessionOf, a_signal_that_the_kernel_refuses_is_told) {
    EXPECT_EQ(symbol(running(staying()).signal(65)), "EINVAL signal");
}

// --- kill ----------------------------------------------------------------------------------------

TEST_F(SessionOf, a_kill_before_the_workload_runs_aborts) {
    begin(staying()).kill(milliseconds{5000});
    EXPECT_THAT(desk_.told, ElementsAre("aborted"));
    ready(staying()).kill(milliseconds{0});
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "aborted"));
}

TEST_F(SessionOf, a_kill_asks_first_and_kills_the_rest_when_the_workload_has_gone) {
    running(staying()).kill(milliseconds{60'000});
    EXPECT_THAT(desk_.asked, ElementsAre("remember"));
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "signaled 15");
    EXPECT_THAT(desk_.asked, ElementsAre("remember", "kill"));
}

TEST_F(SessionOf, a_kill_strikes_when_the_grace_is_over_and_not_before) {
    const auto before = Clock::now();
    Session& session = running(deaf());
    session.kill(milliseconds{60'000});
    ASSERT_EQ(desk_.alarms.size(), 1U);
    EXPECT_GE(desk_.alarms[0], before + milliseconds{60'000});
    EXPECT_LE(desk_.alarms[0], Clock::now() + milliseconds{60'000});
    session.on_time(desk_.alarms[0] - milliseconds{1});
    EXPECT_THAT(desk_.asked, ElementsAre("remember"));
    EXPECT_EQ(symbol(session.signal(0)), "ok");
    session.on_time(desk_.alarms[0]);
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "signaled 9");
}

TEST_F(SessionOf, a_kill_with_a_shorter_grace_hurries_and_a_longer_one_changes_nothing) {
    Session& session = running(deaf());
    session.kill(milliseconds{60'000});
    session.kill(milliseconds{90'000});
    EXPECT_EQ(desk_.alarms.size(), 1U);
    session.kill(milliseconds{10});
    ASSERT_EQ(desk_.alarms.size(), 2U);
    EXPECT_LT(desk_.alarms[1], desk_.alarms[0]);
    session.on_time(desk_.alarms[1]);
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "signaled 9");
}

TEST_F(SessionOf, a_pid_namespace_of_its_own_has_no_descendants_to_look_for) {
    Session& session = running(deaf(), true);
    session.kill(milliseconds{0});
    session.on_time(desk_.alarms.back());
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "signaled 9");
    EXPECT_THAT(desk_.asked, IsEmpty());
}

TEST_F(SessionOf, a_kill_of_a_child_on_its_way_to_exec_waits_for_the_workload) {
    Session& session = proceeding(staying());
    session.kill(milliseconds{60'000});
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready"));
    ::kill(*session.host_pid(), SIGCONT);
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "running", "signaled 15"));
}

TEST_F(SessionOf, a_kill_of_a_child_that_does_not_come_to_exec_aborts_when_the_grace_is_over) {
    Session& session = proceeding(staying());
    session.kill(milliseconds{50});
    session.on_time(desk_.alarms.back());
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "aborted"));
    EXPECT_THAT(desk_.asked, ElementsAre("kill")) << "it may execute while it is looked at";
    EXPECT_TRUE(session.has_ended());
}

TEST_F(SessionOf, a_stopped_workload_dies_of_a_kill_all_the_same) {
    Session& session = running(deaf());
    ::kill(*session.host_pid(), SIGSTOP);
    session.kill(milliseconds{1});
    session.on_time(desk_.alarms.back());
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "signaled 9");
}

// --- the checkpoint's timeout --------------------------------------------------------------------

TEST_F(SessionOf, a_checkpoint_ends_at_its_timeout_and_not_before) {
    LaunchOrder order = staying();
    order.checkpoint_timeout = milliseconds{60'000};
    Session& session = ready(order);
    ASSERT_EQ(desk_.alarms.size(), 1U);
    session.on_time(desk_.alarms[0] - milliseconds{1});
    EXPECT_FALSE(session.has_ended());
    session.on_time(desk_.alarms[0]);
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "error ETIMEDOUT checkpoint"));
}

TEST_F(SessionOf, a_checkpoint_that_is_passed_has_no_timeout) {
    LaunchOrder order = staying();
    order.checkpoint_timeout = milliseconds{60'000};
    Session& session = running(order);
    session.on_time(desk_.alarms.at(0));
    EXPECT_FALSE(session.has_ended());
    EXPECT_EQ(desk_.told.back(), "running");
}

TEST_F(SessionOf, a_checkpoint_that_is_not_stopped_at_has_no_timeout) {
    LaunchOrder order = staying();
    order.checkpoint_timeout = milliseconds{60'000};
    order.auto_proceed = true;
    begin(order);
    drive("running");
    EXPECT_THAT(desk_.alarms, IsEmpty());
}

/// Its descendants are looked for by its pid, which is not known before.
TEST_F(SessionOf, a_strike_finds_out_that_a_launch_which_goes_on_has_run_its_program) {
    LaunchOrder order = staying();
    order.auto_proceed = true;
    Session& session = begin(order);
    ASSERT_TRUE(has_executed_a_program(child_in_flight()));
    session.kill(milliseconds{0});
    session.on_time(desk_.alarms.at(0));
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "running"));
    EXPECT_THAT(desk_.asked, ElementsAre("remember", "kill"));
    drive_to_end();
    EXPECT_TRUE(desk_.told.back().starts_with("signaled ")) << desk_.told.back();
}

TEST_F(SessionOf, a_strike_finds_out_that_a_launch_which_goes_on_has_ended) {
    LaunchOrder order = ending();
    order.auto_proceed = true;
    Session& session = begin(order);
    const pid_t child = child_in_flight();
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    session.kill(milliseconds{0});
    session.on_time(desk_.alarms.at(0));
    drive_to_end();
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready", "running", "exited 7"));
}

// --- orphans -------------------------------------------------------------------------------------

LaunchOrder kept(LaunchOrder order) {
    order.orphan_policy = Keep{};
    return order;
}

TEST_F(SessionOf, an_orphan_is_killed_after_its_grace_and_nobody_is_told) {
    LaunchOrder order = deaf();
    order.orphan_policy = KillAfter{milliseconds{70'000}};
    Session& session = running(order);
    session.orphan();
    ASSERT_EQ(desk_.alarms.size(), 1U);
    EXPECT_GT(desk_.alarms[0], Clock::now() + milliseconds{50'000});
    session.on_time(desk_.alarms[0]);
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "running");
}

TEST_F(SessionOf, an_orphan_at_the_checkpoint_is_discarded_under_either_policy) {
    ready(staying()).orphan();
    EXPECT_TRUE(session_->has_ended());
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready"));
    ready(kept(staying())).orphan();
    EXPECT_TRUE(session_->has_ended());
    EXPECT_THAT(desk_.told, ElementsAre("spawned", "ready"));
}

TEST_F(SessionOf, an_orphan_that_is_kept_goes_on_unheard) {
    Session& session = running(kept(staying()));
    session.orphan();
    EXPECT_FALSE(session.has_ended());
    EXPECT_THAT(desk_.alarms, IsEmpty());
    ::kill(*session.host_pid(), SIGKILL);
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "running");
}

TEST_F(SessionOf, a_kept_workload_lives_on_when_the_agent_leaves) {
    Session& session = running(kept(staying()));
    const pid_t pid = *session.host_pid();
    session.leave();
    EXPECT_TRUE(session.has_ended());
    session_.reset();
    EXPECT_TRUE(is_alive(pid));
    ::kill(pid, SIGKILL);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    EXPECT_EQ(desk_.told.back(), "running");
}

TEST_F(SessionOf, a_kept_child_on_its_way_to_exec_is_let_go_when_it_runs) {
    Session& session = proceeding(kept(staying()));
    const pid_t pid = *session.host_pid();
    session.leave();
    EXPECT_FALSE(session.has_ended());
    ::kill(pid, SIGCONT);
    drive_to_end();
    session_.reset();
    EXPECT_TRUE(is_alive(pid));
    ::kill(pid, SIGKILL);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(SessionOf, a_kept_child_at_the_checkpoint_is_discarded_when_the_agent_leaves) {
    ready(kept(staying())).leave();
    EXPECT_TRUE(session_->has_ended());
}

TEST_F(SessionOf, a_workload_to_be_killed_is_killed_when_the_agent_leaves) {
    LaunchOrder order = staying();
    order.orphan_policy = KillAfter{milliseconds{60'000}};
    running(order).leave();
    drive_to_end();
    EXPECT_EQ(desk_.told.back(), "running") << "nobody listens any more";
}

// --- faults --------------------------------------------------------------------------------------

TEST_F(SessionOf, a_launch_that_cannot_be_watched_ends_with_one_error_at_every_stage) {
    for (const int watches : {0, 1, 2, 3}) {
        desk_.watches_left = watches;
        begin(staying());
        if (watches > 1) {
            drive("ready");
            EXPECT_TRUE(session_->proceed());
        }
        drive_to_end();
        EXPECT_EQ(desk_.told.back(), "error ENOSPC epoll") << watches;
        EXPECT_EQ(
            std::ranges::count_if(desk_.told, [](const auto& what) { return what.starts_with("error"); }), 1);
    }
}

TEST_F(SessionOf, a_child_that_is_dropped_is_killed_and_reaped_at_every_stage) {
    begin(staying());
    session_.reset();
    const pid_t at_checkpoint = *ready(staying()).host_pid();
    session_.reset();
    EXPECT_FALSE(is_alive(at_checkpoint));
    const pid_t on_its_way = *proceeding(staying()).host_pid();
    session_.reset();
    EXPECT_FALSE(is_alive(on_its_way));
    const pid_t workload = *running(staying()).host_pid();
    session_.reset();
    EXPECT_FALSE(is_alive(workload));
}

}  // namespace
}  // namespace linx::agent
