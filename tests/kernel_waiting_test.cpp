/// Nothing hangs: Patience ends every blocking call, start and advance never block at all, and whoever
/// gives up leaves nothing behind.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <chrono>
#include <csignal>
#include <variant>

#include <fcntl.h>
#include <sys/eventfd.h>

namespace {

using namespace std::chrono_literals;
using linx::Namespace;
using linx::Namespaces;
using linx::Stage;

/// A launch that cannot come to the checkpoint before somebody opens the other end of a FIFO.
class Waiting : public support::LeavesNothing {
protected:
    void SetUp() override {
        LeavesNothing::SetUp();
        ASSERT_EQ(::mkfifo(fifo_.c_str(), 0600), 0);
    }
    [[nodiscard]] linx::ProcessSpec blocked() const {
        linx::ProcessSpec spec;
        spec.argv = {support::workload("reports"), "stdin"};
        spec.namespaces = Namespaces{Namespace::uts};
        spec.stdin_from = linx::StdioFile{.path = fifo_, .flags = O_RDONLY};
        return spec;
    }
    support::TemporaryDirectory directory_;
    std::string fifo_ = directory_ / "fifo";
};

/// Runs something that must not wait, under an alarm that ends the test program if it does.
template <class Call>
auto at_once(Call&& call) {
    ::alarm(20);
    auto answer = call();
    ::alarm(0);
    return answer;
}

/// Polls and advances until there is a value of that kind, or an error.
template <class Wanted, class Progress>
linx::Result<Wanted> drive(Progress& progress) {
    while (true) {
        auto next = at_once([&] { return progress.advance(); });
        if (!next) {
            return std::unexpected(next.error());
        }
        if (auto* wanted = std::get_if<Wanted>(&*next)) {
            return std::move(*wanted);
        }
        if (!support::readable_in_time(progress.fd())) {
            return linx::failed(Stage::epoll, ETIMEDOUT, "nothing to do, and not done");
        }
    }
}

bool runs_to_its_end(linx::Launch& launch) {
    auto held = drive<linx::Held>(launch);
    auto proceeding = held ? std::move(*held).start_proceed() : std::unexpected(held.error());
    auto process = proceeding ? drive<linx::Process>(*proceeding) : std::unexpected(proceeding.error());
    const auto status = process ? process->wait() : std::unexpected(process.error());
    if (!status) {
        ADD_FAILURE() << status.error().message();
    }
    return status && status->shell_code() == 0;
}

TEST_F(Waiting, start_and_advance_return_at_once_while_a_file_blocks) {
    support::Pipe pipe;
    linx::ProcessSpec spec = blocked();
    spec.stdout_to = linx::StdioFd{pipe.in.ref()};
    auto launch = at_once([&] { return linx::start(spec); });
    ASSERT_TRUE(launch) << launch.error().message();
    const int number = launch->fd().number();
    for (int i = 0; i < 100; ++i) {
        auto next = at_once([&] { return launch->advance(); });
        ASSERT_TRUE(next) << next.error().message();
        ASSERT_TRUE(std::holds_alternative<linx::Pending>(*next));
        ASSERT_FALSE(support::readable_now(launch->fd())) << "a loop that polls it would spin";
        ASSERT_EQ(launch->fd().number(), number);
    }
    // A writer comes: the launch goes on.
    const linx::Fd writer{::open(fifo_.c_str(), O_WRONLY | O_CLOEXEC)};
    ASSERT_TRUE(support::write_all(writer.ref(), "through the fifo"));
    auto held = drive<linx::Held>(*launch);
    ASSERT_TRUE(held) << held.error().message();
    auto proceeding = at_once([&] { return std::move(*held).start_proceed(); });
    ASSERT_TRUE(proceeding) << proceeding.error().message();
    auto process = drive<linx::Process>(*proceeding);
    ASSERT_TRUE(process) << process.error().message();
    pipe.in.reset();
    EXPECT_EQ(support::Report{support::read_to_end(pipe.out.ref())}["stdin"], "through the fifo");
    EXPECT_TRUE(process->wait(support::patience));
}

TEST_F(Waiting, a_dropped_launch_ends_what_waits_for_the_file) {
    {
        const auto launch = linx::start(blocked());
        ASSERT_TRUE(launch) << launch.error().message();
        EXPECT_EQ(support::children_left(), "a living one");
    }
    EXPECT_EQ(support::children_left(), "none");
}

TEST_F(Waiting, spawn_ends_at_its_timeout) {
    const auto began = std::chrono::steady_clock::now();
    const auto held = linx::spawn(blocked(), {.timeout = 50ms, .cancel = {}});
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().errnum, ETIMEDOUT) << held.error().message();
    EXPECT_EQ(held.error().stage, Stage::checkpoint);
    EXPECT_GE(std::chrono::steady_clock::now() - began, 50ms);
    EXPECT_EQ(support::children_left(), "none");
}

TEST_F(Waiting, spawn_ends_when_it_is_cancelled) {
    const linx::Fd cancel{::eventfd(1, EFD_CLOEXEC)};
    const auto held = linx::spawn(blocked(), {.timeout = support::deadline, .cancel = cancel.ref()});
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().errnum, ECANCELED) << held.error().message();
    EXPECT_EQ(support::children_left(), "none");
}

TEST_F(Waiting, an_enter_ends_at_its_timeout_too) {
    const support::Stranger target{{Namespace::pid, Namespace::net}};
    linx::ProcessSpec spec = blocked();
    spec.namespaces.reset();
    const auto held = linx::enter(target.pid(), spec, {.timeout = 10ms, .cancel = {}});
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().errnum, ETIMEDOUT);
}

TEST_F(Waiting, proceed_ends_at_its_timeout_or_when_cancelled) {
    for (const bool cancels : {false, true}) {
        auto held = linx::spawn(support::staying(), support::patience);
        ASSERT_TRUE(held) << held.error().message();
        const pid_t pid = held->host_pid();
        ::kill(pid, SIGSTOP);  // it will not read *proceed*
        const linx::Fd cancel{::eventfd(cancels ? 1 : 0, EFD_CLOEXEC)};
        linx::Patience patience{.timeout = 50ms, .cancel = {}};
        if (cancels) {
            patience = {.timeout = support::deadline, .cancel = cancel.ref()};
        }
        const auto process = std::move(*held).proceed(patience);
        ASSERT_FALSE(process);
        EXPECT_EQ(process.error().stage, Stage::proceed);
        EXPECT_EQ(process.error().errnum, cancels ? ECANCELED : ETIMEDOUT);
        EXPECT_FALSE(support::exists(pid));
    }
}

TEST_F(Waiting, wait_ends_at_its_timeout_and_can_be_called_again) {
    auto held = linx::spawn(support::staying(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    const auto too_early = process->wait({.timeout = 20ms, .cancel = {}});
    ASSERT_FALSE(too_early);
    EXPECT_EQ(too_early.error().stage, Stage::wait);
    EXPECT_EQ(too_early.error().errnum, ETIMEDOUT);
    const linx::Fd cancel{::eventfd(1, EFD_CLOEXEC)};
    EXPECT_EQ(process->wait({.timeout = {}, .cancel = cancel.ref()}).error().errnum, ECANCELED);
    ASSERT_TRUE(process->signal(SIGKILL));
    ASSERT_TRUE(process->wait(support::patience));
    // What is known stays known.
    const auto again = process->wait({.timeout = 0ms, .cancel = {}});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->shell_code(), 128 + SIGKILL);
}

TEST_F(Waiting, a_storm_of_signals_does_not_end_it_early) {
    support::in_a_child([] {
        struct sigaction action{};
        action.sa_handler = [](int) {};  // without SA_RESTART
        ::sigaction(SIGALRM, &action, nullptr);
        const itimerval every_millisecond{.it_interval = {.tv_sec = 0, .tv_usec = 1000},
                                          .it_value = {.tv_sec = 0, .tv_usec = 1000}};
        ::setitimer(ITIMER_REAL, &every_millisecond, nullptr);
        for (int i = 0; i < 50; ++i) {
            linx::ProcessSpec spec;
            spec.argv = {support::workload("returns"), "7"};
            spec.namespaces = Namespaces{Namespace::user, Namespace::net};
            spec.map_root = true;
            auto held = linx::spawn(spec, support::patience);
            ASSERT_TRUE(held) << held.error().message();
            auto process = std::move(*held).proceed(support::patience);
            ASSERT_TRUE(process) << process.error().message();
            const auto status = process->wait(support::patience);
            ASSERT_TRUE(status) << status.error().message();
            EXPECT_EQ(status->shell_code(), 7);
        }
        EXPECT_EQ(support::children_left(), "none");
    });
}

TEST_F(Waiting, every_kind_of_launch_can_be_driven_by_poll_alone) {
    const support::Stranger target{Namespaces::all().without({Namespace::user})};
    linx::ProcessSpec mapped = support::staying(Namespaces::all());
    mapped.map_root = true;
    linx::ProcessSpec offset = mapped;
    offset.time_offsets.monotonic = linx::TimeOffset{.seconds = 5, .nanoseconds = 0};
    linx::ProcessSpec by_path = support::staying(Namespaces{Namespace::mount});
    by_path.join.emplace_back(Namespace::net,
                              linx::NamespacePath{support::proc_path(target.pid(), "ns/net")});
    for (const linx::ProcessSpec& spec : {support::staying(), mapped, offset, by_path}) {
        auto launch = at_once([&] { return linx::start(spec); });
        ASSERT_TRUE(launch) << launch.error().message();
        auto held = drive<linx::Held>(*launch);
        ASSERT_TRUE(held) << held.error().message();
        auto proceeding = std::move(*held).start_proceed();
        ASSERT_TRUE(proceeding) << proceeding.error().message();
        EXPECT_TRUE(drive<linx::Process>(*proceeding));
    }
    auto launch = linx::start_enter(target.pid(), support::staying());
    ASSERT_TRUE(launch) << launch.error().message();
    auto held = drive<linx::Held>(*launch);
    ASSERT_TRUE(held) << held.error().message();
    EXPECT_EQ(support::differences(held->host_pid(), target.pid()), Namespaces{});
}

TEST_F(Waiting, a_failure_ends_a_driven_launch_with_its_error) {
    linx::ProcessSpec spec = support::reporting();
    spec.stdin_from = linx::StdioFile{.path = directory_ / "missing", .flags = O_RDONLY};
    auto launch = linx::start(spec);
    ASSERT_TRUE(launch) << launch.error().message();
    const auto held = drive<linx::Held>(*launch);
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().stage, Stage::open_stdin);
    EXPECT_EQ(support::children_left(), "none") << "before the Launch is dropped";
}

/// The child finds the order there: it goes through its checkpoint, and the launch through all of its
/// stations.
TEST_F(Waiting, a_launch_that_may_proceed_in_advance_runs) {
    const support::Stranger target{Namespaces::all()};
    linx::ProcessSpec plain;
    plain.argv = {support::workload("returns")};
    linx::ProcessSpec mapped = plain;
    mapped.namespaces = Namespaces::all();
    mapped.map_root = true;
    linx::ProcessSpec offset = mapped;
    offset.time_offsets.monotonic = linx::TimeOffset{.seconds = 5, .nanoseconds = 0};
    linx::ProcessSpec opening = plain;
    opening.stdin_from = linx::StdioFile{.path = "/dev/null", .flags = O_RDONLY};
    for (const auto* spec : {&plain, &mapped, &offset, &opening}) {
        auto launch = linx::start(*spec);
        ASSERT_TRUE(launch) << launch.error().message();
        ASSERT_TRUE(at_once([&] { return launch->proceed(); }));
        EXPECT_TRUE(runs_to_its_end(*launch));
    }
    auto entering = linx::start_enter(target.pid(), plain);
    ASSERT_TRUE(entering) << entering.error().message();
    ASSERT_TRUE(entering->proceed());
    EXPECT_TRUE(runs_to_its_end(*entering));
}

/// What it writes is there before anybody has advanced its launch.
TEST_F(Waiting, a_child_that_may_proceed_in_advance_does_not_wait_for_its_launcher) {
    support::Pipe pipe;
    linx::ProcessSpec spec = support::reporting();
    spec.stdout_to = linx::StdioFd{pipe.in.ref()};
    auto launch = linx::start(spec);
    ASSERT_TRUE(launch) << launch.error().message();
    ASSERT_TRUE(launch->proceed());
    EXPECT_TRUE(support::readable_in_time(pipe.out.ref()));
    EXPECT_TRUE(runs_to_its_end(*launch));
}

TEST_F(Waiting, what_fails_behind_the_checkpoint_is_told_there_although_it_was_passed_in_advance) {
    linx::ProcessSpec spec;
    spec.argv = {directory_ / "missing"};
    auto launch = linx::start(spec);
    ASSERT_TRUE(launch) << launch.error().message();
    ASSERT_TRUE(launch->proceed());
    auto held = drive<linx::Held>(*launch);
    ASSERT_TRUE(held) << held.error().message();
    auto proceeding = std::move(*held).start_proceed();
    ASSERT_TRUE(proceeding) << proceeding.error().message();
    const auto process = drive<linx::Process>(*proceeding);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().stage, Stage::execve);
    EXPECT_EQ(process.error().errnum, ENOENT);
    EXPECT_EQ(support::children_left(), "none");
}

/// Low ones are for launches: the next child copies the table up to what it needs of it.
TEST_F(Waiting, a_process_that_runs_is_held_by_a_high_descriptor) {
    auto held = linx::spawn(support::staying());
    ASSERT_TRUE(held) << held.error().message();
    const auto process = std::move(*held).proceed();
    ASSERT_TRUE(process) << process.error().message();
    EXPECT_GE(process->pidfd().number(), 256);
}

TEST_F(Waiting, a_dropped_launch_of_any_kind_leaves_nothing_at_any_moment) {
    const support::Stranger target{Namespaces::all()};
    linx::ProcessSpec offset = support::staying(Namespaces::all());
    offset.map_root = true;
    offset.time_offsets.monotonic = linx::TimeOffset{.seconds = 5, .nanoseconds = 0};
    for (const bool enters : {false, true}) {
        // Dropped after 0, 1, 2, ... advances, until it is there.
        for (int advances = 0;; ++advances) {
            auto launch = enters ? linx::start_enter(target.pid(), support::staying()) : linx::start(offset);
            ASSERT_TRUE(launch) << launch.error().message();
            bool is_held = false;
            for (int i = 0; i < advances && !is_held; ++i) {
                ASSERT_TRUE(support::readable_in_time(launch->fd()));
                auto next = launch->advance();
                ASSERT_TRUE(next) << next.error().message();
                is_held = std::holds_alternative<linx::Held>(*next);
            }
            if (is_held) {
                break;
            }
        }
        EXPECT_EQ(support::contents(
                      support::proc_path(target.pid(), "task/" + std::to_string(target.pid()) + "/children")),
                  "");
    }
}

using Reaping = support::LeavesNothing;

TEST_F(Reaping, a_launcher_that_ignores_sigchld_is_refused) {
    support::in_a_child([] {
        const auto expect_refused = [] {
            const linx::Error error = support::error_of(support::reporting());
            EXPECT_EQ(error.stage, Stage::sigchld);
            EXPECT_EQ(error.errnum, ECHILD);
            EXPECT_NE(error.hint.find("SIG_DFL"), std::string::npos);
        };
        ::signal(SIGCHLD, SIG_IGN);
        expect_refused();
        struct sigaction action{};
        action.sa_handler = [](int) {};
        action.sa_flags = SA_NOCLDWAIT;
        ::sigaction(SIGCHLD, &action, nullptr);
        expect_refused();
        ::signal(SIGCHLD, SIG_DFL);
        EXPECT_TRUE(support::report_of(support::reporting()).is_complete());
    });
}

TEST_F(Reaping, a_program_that_reaps_everything_gets_no_guess) {
    linx::ProcessSpec spec;
    spec.argv = {support::workload("returns")};
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    ASSERT_GT(::waitpid(-1, nullptr, 0), 0);
    const auto status = process->wait(support::patience);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().stage, Stage::wait);
    EXPECT_EQ(status.error().errnum, ECHILD);
    EXPECT_NE(status.error().hint.find("reaped"), std::string::npos);
}

TEST_F(Reaping, somebody_else_reaps_the_child_at_the_checkpoint) {
    auto held = linx::spawn(support::reporting(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    ::kill(held->host_pid(), SIGKILL);
    ASSERT_GT(::waitpid(-1, nullptr, 0), 0);
    const auto process = std::move(*held).proceed(support::patience);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().stage, Stage::child_died);
    EXPECT_EQ(process.error().errnum, ECHILD) << process.error().message();
}

TEST_F(Reaping, tells_what_the_workload_used) {
    linx::ProcessSpec spec;
    spec.argv = {support::workload("returns")};
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held);
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process);
    const auto status = process->wait(support::patience);
    ASSERT_TRUE(status);
    EXPECT_GT(status->usage.peak_memory_kib, 0);
    EXPECT_GT((status->usage.user_time + status->usage.system_time).count(), 0);
}

}  // namespace
