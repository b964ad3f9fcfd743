/// Signals of the workload: its mask and dispositions, whatever the launcher's are; and the signal that it
/// gets when the launcher dies.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"

#include <csignal>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using support::Report;

using Signals = support::LeavesNothing;

TEST_F(Signals, start_at_their_defaults_whatever_the_launcher_does_with_its_own) {
    support::in_a_child([] {
        ::signal(SIGPIPE, SIG_IGN);
        ::signal(SIGRTMAX, SIG_IGN);
        ::signal(SIGTERM, [](int) {});
        sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        const std::string blocked = support::status_field(::getpid(), "SigBlk");
        for (const Namespaces fresh : {Namespaces{}, Namespaces::all()}) {
            linx::ProcessSpec spec = support::reporting(fresh);
            spec.map_root = fresh.contains(Namespace::user);
            const Report report = support::report_of(spec);
            EXPECT_EQ(report["sigblk"], "0");
            EXPECT_EQ(report["sigign"], "");
        }
        EXPECT_EQ(support::status_field(::getpid(), "SigBlk"), blocked) << "the launcher's mask has changed";
    });
}

TEST_F(Signals, are_ignored_and_blocked_as_the_spec_says) {
    linx::ProcessSpec spec = support::reporting();
    spec.ignored_signals = {SIGPIPE, SIGHUP, 64};
    spec.blocked_signals = {SIGUSR1, 64};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["sigign"], "1,13,64");
    EXPECT_EQ(report["sigblk"], "8000000000000200");
}

TEST_F(Signals, no_handler_of_the_launcher_runs_in_the_child) {
    support::in_a_child([] {
        static const pid_t launcher = ::getpid();
        static volatile std::sig_atomic_t strayed = 0;
        ::signal(SIGUSR1, [](int) { strayed = strayed + (::getpid() != launcher ? 1 : 0); });
        auto held = linx::spawn(support::staying(), support::patience);
        ASSERT_TRUE(held) << held.error().message();
        // Pending until just before exec, when its disposition is the default: it ends the child.
        ::kill(held->host_pid(), SIGUSR1);
        const auto process = std::move(*held).proceed(support::patience);
        ASSERT_FALSE(process);
        EXPECT_EQ(process.error().stage, linx::Stage::child_died);
        EXPECT_EQ(process.error().detail, "killed by SIGUSR1");
        EXPECT_EQ(strayed, 0);
    });
}

TEST_F(Signals, sent_at_the_checkpoint_wait_for_a_workload_that_blocks_them) {
    linx::ProcessSpec spec = support::staying();
    spec.blocked_signals = {SIGUSR1};
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    ::kill(held->host_pid(), SIGUSR1);
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    EXPECT_EQ(support::status_field(process->host_pid(), "ShdPnd"), "0000000000000200");
}

TEST_F(Signals, reach_the_workload_through_its_handle) {
    auto held = linx::spawn(support::staying(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    EXPECT_TRUE(process->signal(0));
    EXPECT_EQ(process->signal(1000).error().errnum, EINVAL);
    ASSERT_TRUE(process->signal(SIGTERM));
    const auto status = process->wait(support::patience);
    ASSERT_TRUE(status) << status.error().message();
    ASSERT_TRUE(std::holds_alternative<linx::Signaled>(status->how));
    EXPECT_EQ(std::get<linx::Signaled>(status->how).signum, SIGTERM);
    EXPECT_EQ(status->shell_code(), 128 + SIGTERM);
    EXPECT_EQ(process->signal(SIGTERM).error().errnum, ESRCH);
}

TEST_F(Signals, a_stop_is_seen_by_who_asks) {
    auto held = linx::spawn(support::staying(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    EXPECT_EQ(*process->try_wait_stopped(), std::nullopt);
    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &child, nullptr);
    ASSERT_TRUE(process->signal(SIGSTOP));
    const timespec limit{.tv_sec = 30, .tv_nsec = 0};
    EXPECT_EQ(::sigtimedwait(&child, nullptr, &limit), SIGCHLD);
    ::sigprocmask(SIG_UNBLOCK, &child, nullptr);
    const auto stopped = process->try_wait_stopped();
    ASSERT_TRUE(stopped) << stopped.error().message();
    EXPECT_EQ(*stopped, SIGSTOP);
    const auto running = process->try_wait();
    ASSERT_TRUE(running);
    EXPECT_FALSE(running->has_value()) << "stopped is not ended";
}

// --- the launcher's death ------------------------------------------------------------------------

/// A launcher in a process of its own, which says its child's pid, then waits to be killed.
class Launcher {
public:
    template <class Work>
    explicit Launcher(Work&& work) {
        support::Pipe said;
        std::fflush(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            work([&said](pid_t child) {
                std::string text = std::to_string(child);
                text.insert(0, 10 - text.size(), '0');
                support::write_all(said.in.ref(), text);
                while (true) {
                    ::pause();
                }
            });
            ::_exit(1);
        }
        said.in.reset();
        const std::string text = support::read_bytes(said.out.ref(), 10);
        EXPECT_EQ(text.size(), 10U) << "the launcher did not come so far";
        child_ = text.size() == 10 ? std::stoi(text) : -1;
        pidfd_ = support::pidfd_of(child_);
        EXPECT_TRUE(pidfd_.is_open());
    }
    /// Kills it, waits, and answers how its child ended, whom we inherit.
    [[nodiscard]] siginfo_t kill() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        siginfo_t info{};
        if (support::readable_in_time(pidfd_.ref())) {
            EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG), 0);
        }
        return info;
    }
    [[nodiscard]] pid_t child() const { return child_; }

private:
    pid_t pid_ = -1;
    pid_t child_ = -1;
    linx::Fd pidfd_;
};

class LauncherKilled : public support::LeavesNothing, public testing::WithParamInterface<Namespaces> {};

TEST_P(LauncherKilled, at_the_checkpoint_takes_the_child_with_it) {
    Launcher launcher{[](const auto& say) {
        linx::ProcessSpec spec = support::staying(GetParam());
        spec.map_root = GetParam().contains(Namespace::user);
        if (GetParam().contains(Namespace::time)) {
            spec.time_offsets.boottime = linx::TimeOffset{.seconds = 1, .nanoseconds = 0};
        }
        // Another launch of the same launcher must not keep this one's socket open.
        const auto other = linx::spawn(support::staying(), support::patience);
        const auto held = linx::spawn(spec, support::patience);
        const auto third = linx::spawn(support::staying(), support::patience);
        if (other && held && third) {
            ::kill(other->host_pid(), SIGSTOP);
            ::kill(third->host_pid(), SIGSTOP);
            say(held->host_pid());
        }
    }};
    const siginfo_t end = launcher.kill();
    EXPECT_EQ(end.si_pid, launcher.child()) << "the child outlives its launcher";
    // The two stopped ones are there still; let them see the end of their launcher too.
    for (int others = 0; others < 2; ++others) {
        siginfo_t info{};
        std::stringstream pids(support::contents("/proc/thread-self/children"));
        pid_t pid = 0;
        if (pids >> pid) {
            const linx::Fd pidfd = support::pidfd_of(pid);
            ::kill(pid, SIGCONT);
            EXPECT_TRUE(support::readable_in_time(pidfd.ref()));
            ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Each, LauncherKilled,
                         testing::Values(Namespaces{}, Namespaces{Namespace::pid}, Namespaces::all()),
                         [](const auto& info) {
                             return info.param == Namespaces::all() ? std::string("all")
                                                                    : "fresh_" + info.param.to_string();
                         });

TEST_F(Signals, a_launcher_without_stdin_that_is_killed_takes_the_child_with_it) {
    // An end of the checkpoint socket under the number 0 would be taken for the child's stdin, and kept.
    Launcher launcher{[](const auto& say) {
        ::close(0);
        const auto held = linx::spawn(support::staying(), support::patience);
        if (held) {
            say(held->host_pid());
        }
    }};
    EXPECT_EQ(launcher.kill().si_pid, launcher.child()) << "the child outlives its launcher";
}

TEST_F(Signals, a_launcher_that_is_killed_while_a_file_is_opened_takes_the_scout_with_it) {
    const std::string fifo = testing::TempDir() + "linx-scout-" + std::to_string(::getpid());
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    Launcher launcher{[&fifo](const auto& say) {
        linx::ProcessSpec spec = support::staying();
        spec.stdin_from = linx::StdioFile{.path = fifo, .flags = O_RDONLY};
        const auto launch = linx::start(spec);
        std::stringstream pids(support::contents("/proc/thread-self/children"));
        pid_t scout = 0;
        if (launch && pids >> scout) {
            say(scout);
        }
    }};
    EXPECT_EQ(launcher.kill().si_pid, launcher.child()) << "the scout outlives its launcher";
    ::unlink(fifo.c_str());
}

TEST_F(Signals, the_parent_death_signal_ends_a_running_workload) {
    for (const bool changes_ids : {false, true}) {
        Launcher launcher{[changes_ids](const auto& say) {
            linx::ProcessSpec spec = support::staying();
            spec.parent_death_signal = SIGUSR2;
            if (changes_ids) {
                spec.uid = 1000;  // which clears the signal
            }
            auto held = linx::spawn(spec, support::patience);
            auto process = held ? std::move(*held).proceed(support::patience) : std::unexpected(held.error());
            if (process) {
                say(process->host_pid());
            }
        }};
        const siginfo_t end = launcher.kill();
        EXPECT_EQ(end.si_code, CLD_KILLED);
        EXPECT_EQ(end.si_status, SIGUSR2);
    }
}

TEST_F(Signals, without_it_a_detached_workload_lives_on) {
    Launcher launcher{[](const auto& say) {
        auto held = linx::spawn(support::staying(), support::patience);
        auto process = held ? std::move(*held).proceed(support::patience) : std::unexpected(held.error());
        if (process) {
            const pid_t pid = process->host_pid();
            const linx::Fd pidfd = std::move(*process).detach();
            say(pid);
        }
    }};
    const pid_t child = launcher.child();
    const linx::Fd pidfd = support::pidfd_of(child);
    // The launcher is dead and reaped, and the workload still there: a signal to it would have come by then.
    ::kill(::getpid(), 0);
    {
        siginfo_t info{};
        ::kill(std::stoi(support::status_field(child, "PPid")), SIGKILL);
        ::waitid(P_ALL, 0, &info, WEXITED);
    }
    EXPECT_FALSE(support::readable_now(pidfd.ref()));
    EXPECT_EQ(support::status_field(child, "PPid"), std::to_string(::getpid()));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST_F(Signals, the_parent_death_signal_is_what_the_spec_says) {
    linx::ProcessSpec spec = support::reporting();
    EXPECT_EQ(support::report_of(spec)["pdeathsig"], "0");
    spec.parent_death_signal = SIGTERM;
    EXPECT_EQ(support::report_of(spec)["pdeathsig"], std::to_string(SIGTERM));
    spec.uid = 1000;
    EXPECT_EQ(support::report_of(spec)["pdeathsig"], std::to_string(SIGTERM));
    spec = support::reporting(Namespaces::all());
    spec.map_root = true;
    spec.parent_death_signal = SIGTERM;
    EXPECT_EQ(support::report_of(spec)["pdeathsig"], std::to_string(SIGTERM));
}

}  // namespace
