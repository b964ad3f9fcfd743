/// The faults of the peers, one test each: ours does not have it, and the installed peer shows it.
#include "support/init.hpp"
#include "support/report.hpp"

#include <gmock/gmock.h>

namespace {

using support::Birth;
using support::Ended;
using support::hang;
using support::Init;
using support::ours;
using support::outcome;
using support::peer;
using support::Report;
using support::Running;
using support::Words;
using support::workload;
using testing::HasSubstr;
using testing::Not;

const std::string hears = workload("hears");
const std::string reports = workload("reports");
const std::string stays = workload("stays");

Report report_of(const Init& init, const Birth& birth) {
    const Ended ended = support::run(init, {reports}, birth);
    EXPECT_EQ(ended.code(), 0) << init.name << ": " << ended.err;
    Report report{ended.out};
    EXPECT_TRUE(report.is_complete()) << init.name << ": " << ended.out;
    return report;
}

/// How the init ends when it is sent that signal while `hears` runs, and what was heard.
struct Heard {
    std::string text;
    int outcome = -1;
};
Heard heard(const Init& init, int signum) {
    Running running{init, {hears, std::to_string(signum)}};
    EXPECT_TRUE(running.says("up\n")) << init.name;
    running.signal(signum);
    Heard heard;
    heard.outcome = running.outcome(init.name == ours().name ? support::deadline : hang);
    heard.text = running.said_up_to("\n", std::chrono::milliseconds{0});
    return heard;
}

// --- at birth -------------------------------------------------------------------------------------

TEST(InitFaultsAnyUser, with_SIGCHLD_ignored_at_birth_the_end_of_the_command_is_seen) {
    const Birth ignoring{.before_exec = [] { ::signal(SIGCHLD, SIG_IGN); }};
    EXPECT_EQ(outcome(ours(), {"sh", "-c", "exit 5"}, ignoring), 5);
    for (const auto& init : {peer("tini", {"-s"}), peer("catatonit")}) {
        if (init) {
            Running running{*init, {"true"}, ignoring};
            EXPECT_FALSE(running.ends_within(hang)) << init->name << " has learnt it";
        }
    }
}

TEST(InitFaultsAnyUser, a_closed_stdin_is_no_reason_to_refuse) {
    const Birth closed{.before_exec = [] { ::close(0); }};
    EXPECT_EQ(outcome(ours(), {"sh", "-c", "test ! -e /proc/self/fd/0 && exit 5"}, closed), 5);
    if (const auto tini = peer("tini", {"-s"})) {
        EXPECT_EQ(outcome(*tini, {"sh", "-c", "exit 5"}, closed), 1) << "tini has learnt it";
    }
}

TEST(InitFaultsAnyUser, the_child_has_the_mask_that_the_init_was_born_with) {
    const Birth none{.before_exec = [] {
        sigset_t mask;
        ::sigemptyset(&mask);
        ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    }};
    EXPECT_EQ(report_of(ours(), none)["sigblk"], "0");
    if (const auto catatonit = peer("catatonit")) {
        EXPECT_NE(report_of(*catatonit, none)["sigblk"], "0") << "catatonit has learnt it";
    }
}

TEST(InitFaultsAnyUser, the_child_has_the_mask_and_the_dispositions_of_who_started_the_init) {
    const Birth special{.before_exec = [] {
        for (const int ignored : {SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGPIPE, SIGRTMAX}) {
            ::signal(ignored, SIG_IGN);
        }
        sigset_t mask;
        ::sigemptyset(&mask);
        for (const int blocked : {SIGUSR2, SIGTERM, SIGCHLD, SIGRTMIN}) {
            ::sigaddset(&mask, blocked);
        }
        ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    }};
    const auto bare = Running{reports, {}, special}.wait();
    const Report without{bare.out};
    const Report with = report_of(ours(), special);
    EXPECT_EQ(with["sigign"], without["sigign"]);
    EXPECT_EQ(with["sigblk"], without["sigblk"]);
    if (const auto dumb_init = peer("dumb-init")) {
        const Report lost = report_of(*dumb_init, special);
        EXPECT_NE(lost["sigign"] + " " + lost["sigblk"], without["sigign"] + " " + without["sigblk"])
            << "dumb-init has learnt it";
    }
}

TEST(InitFaultsAnyUser, inherited_descriptors_and_the_directory_are_not_held_while_the_child_has_them) {
    const support::TemporaryDirectory folder;
    const auto descriptors = [](pid_t pid) {
        const auto all = std::filesystem::directory_iterator(support::proc_path(pid, "fd"));
        return std::count_if(begin(all), end(all), [](const auto& entry) {
            const int fd = std::stoi(entry.path().filename().string());
            return fd >= 100 && fd < 110;
        });
    };
    const Birth rich{.before_exec = [&] {
        (void)::chdir(folder.path().c_str());
        for (int fd = 100; fd < 110; ++fd) {
            ::dup2(2, fd);
        }
    }};
    const auto look = [&](const Init& init) {
        Running running{init, {stays}, rich};
        EXPECT_TRUE(running.says("up\n")) << init.name;
        EXPECT_EQ(descriptors(running.child()), 10) << init.name;
        EXPECT_EQ(support::link_target(support::proc_path(running.child(), "cwd")), folder.path());
        return std::pair{descriptors(running.pid()),
                         support::link_target(support::proc_path(running.pid(), "cwd"))};
    };
    EXPECT_EQ(look(ours()), (std::pair<long, std::string>{0, "/"}));
    if (const auto tini = peer("tini", {"-s"})) {
        EXPECT_EQ(look(*tini), (std::pair<long, std::string>{10, folder.path()})) << "tini has learnt it";
    }
    if (const auto dumb_init = peer("dumb-init")) {
        EXPECT_EQ(look(*dumb_init).first, 10) << "dumb-init has learnt it";
    }
}

TEST(InitFaultsAnyUser, LISTEN_PID_is_the_pid_of_the_child) {
    const Birth activated{.before_exec = [] {
        const std::string pid = std::to_string(::getpid());
        ::setenv("LISTEN_PID", pid.c_str(), 1);
        ::setenv("LISTEN_FDS", "1", 1);
        ::setenv("WATCHDOG_PID", pid.c_str(), 1);
        ::setenv("WATCHDOG_USEC", "1000000", 1);
    }};
    const Words command{"sh", "-c", "test $LISTEN_PID = $$ && test $LISTEN_FDS = 1"};
    EXPECT_EQ(outcome(ours(), command, activated), 0);
    EXPECT_EQ(
        outcome(ours(), {"sh", "-c", "test $WATCHDOG_PID = $$ && test $WATCHDOG_USEC = 1000000"}, activated),
        0);
    for (const auto& init : {peer("tini", {"-s"}), peer("dumb-init")}) {
        if (init) {
            EXPECT_EQ(outcome(*init, command, activated), 1) << init->name << " has learnt it";
        }
    }
}

// --- signals --------------------------------------------------------------------------------------

TEST(InitFaultsAnyUser, faults_sent_from_outside_are_for_the_child) {
    for (const int signum : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
        const Heard ours_heard = heard(ours(), signum);
        EXPECT_THAT(ours_heard.text, HasSubstr("signal=" + std::to_string(signum) + " "));
        EXPECT_EQ(ours_heard.outcome, 7) << signum;
        for (const auto& init : {peer("tini", {"-s"}), peer("catatonit")}) {
            if (init) {
                const Heard theirs = heard(*init, signum);
                EXPECT_EQ(theirs.text, "") << init->name << " has learnt it";
                EXPECT_EQ(theirs.outcome, 1000 + signum) << init->name << " has learnt it";
            }
        }
    }
}

TEST(InitFaultsAnyUser, every_signal_that_can_be_caught_reaches_the_child_once) {
    for (int signum = 1; signum <= SIGRTMAX; ++signum) {
        const bool is_glibc_internal = signum == 32 || signum == 33;  // sigfillset leaves them out
        const bool is_for_the_init = signum == SIGCHLD || signum == SIGKILL || signum == SIGSTOP;
        const bool is_job_control =
            signum == SIGTSTP || signum == SIGTTIN || signum == SIGTTOU || signum == SIGCONT;
        if (is_glibc_internal || is_for_the_init || is_job_control) {
            continue;
        }
        Running running{ours(), {hears}};
        ASSERT_TRUE(running.says("up\n"));
        running.signal(signum);
        ASSERT_TRUE(running.says("signal=" + std::to_string(signum) + " ")) << signum;
        if (signum != SIGTERM) {
            running.signal(SIGTERM);
        }
        const Ended ended = running.wait();
        EXPECT_EQ(ended.code(), 7) << signum;
        EXPECT_THAT(ended.out, Not(HasSubstr("signal=" + std::to_string(signum) + " "))) << "heard twice";
    }
}

TEST(InitFaultsAnyUser, the_value_of_a_queued_signal_reaches_the_child) {
    const auto value_of = [](const Init& init, int signum) {
        Running running{init, {hears}};
        EXPECT_TRUE(running.says("up\n"));
        running.queue(signum, 4711);
        return running.said_up_to("\n", hang);
    };
    const std::string from_us = "code=-1 from=" + std::to_string(::getpid()) + " value=4711\n";
    EXPECT_EQ(value_of(ours(), SIGUSR1), "signal=10 " + from_us);
    EXPECT_EQ(value_of(ours(), SIGRTMIN + 3), "signal=37 " + from_us);
    for (const auto& init : {peer("tini", {"-s"}), peer("dumb-init"), peer("catatonit")}) {
        if (init) {
            EXPECT_THAT(value_of(*init, SIGUSR1), Not(HasSubstr("value=4711")))
                << init->name << " has learnt it";
        }
    }
}

TEST(InitFaultsAnyUser, real_time_signals_come_all_and_in_their_order) {
    Running running{ours(), {hears}};
    ASSERT_TRUE(running.says("up\n"));
    constexpr int count = 200;
    for (int value = 0; value < count; ++value) {
        running.queue(SIGRTMIN, value);
    }
    for (int value = 0; value < count; ++value) {
        EXPECT_THAT(running.said_up_to("\n"), HasSubstr(" value=" + std::to_string(value) + "\n"));
    }
}

TEST(InitFaultsAnyUser, no_signal_is_sent_to_a_pid_that_was_reaped) {
    // After the command's end, the number may be anybody's. What is sent when is seen by strace.
    const auto calls_after_the_end = [](const Init& init) {
        const support::TemporaryDirectory folder;
        Words words{"-o", folder / "trace", "-e", "trace=kill,tkill,tgkill,rt_sigqueueinfo,wait4,waitid",
                    init.path};
        words.insert(words.end(), init.options.begin(), init.options.end());
        words.emplace_back("true");
        EXPECT_EQ(Running("/usr/bin/strace", words).outcome(), 0) << init.name;
        std::stringstream trace(support::contents(folder / "trace"));
        std::string pid;
        std::string offence;
        for (std::string line; std::getline(trace, line);) {
            const std::size_t equals = line.rfind(" = ");
            if (line.starts_with("wait4(") && equals != std::string::npos &&
                std::atoi(line.c_str() + equals + 3) > 0) {
                pid = std::to_string(std::atoi(line.c_str() + equals + 3));
            } else if (line.starts_with("waitid(") && line.find("si_pid=") != std::string::npos &&
                       line.find("WNOWAIT") == std::string::npos) {
                pid = std::to_string(std::atoi(line.c_str() + line.find("si_pid=") + 7));
            } else if (!pid.empty() && !line.starts_with("wait") &&
                       (line.find("(" + pid + ",") != std::string::npos ||
                        line.find("(-" + pid + ",") != std::string::npos)) {
                offence = line;
            }
        }
        return offence;
    };
    EXPECT_EQ(calls_after_the_end(ours()), "");
    EXPECT_EQ(calls_after_the_end(support::ours_as("dumb-init", {"-c"})), "");
    if (const auto dumb_init = peer("dumb-init", {"-c"})) {
        EXPECT_THAT(calls_after_the_end(*dumb_init), HasSubstr("kill(")) << "dumb-init has learnt it";
    }
}

// --- those who are left ---------------------------------------------------------------------------

/// A command that leaves someone behind, who writes "farewell" at SIGTERM, and ends.
const Words leaver{"sh", "-c",
                   "sh -c 'trap \"echo farewell; exit\" TERM; echo up; sleep 1000 & wait' & "
                   "read line; exit 3"};

std::string last_words(const Init& init, const Birth& birth) {
    Running running{init, leaver, birth};
    if (!running.says("up\n")) {
        ADD_FAILURE() << init.name << " did not start its command";
        return "(nothing)";
    }
    running.write("go on\n");
    const Ended ended = running.wait();
    EXPECT_EQ(ended.code(), 3) << init.name << ": " << ended.err;
    return ended.out;
}

std::uint64_t fresh_pid_namespace() {
    return CLONE_NEWPID | (::geteuid() == 0 ? 0 : CLONE_NEWUSER);
}

TEST(InitFaultsAnyUser, who_runs_in_the_background_has_a_time_of_grace) {
    const Birth as_pid_1{.namespaces = fresh_pid_namespace()};
    EXPECT_EQ(last_words(ours({"--grace", "10s"}), as_pid_1), "farewell\n");
    // dumb-init sends TERM and ends at once: whether anybody is quick enough to answer is a race, and no
    // verdict.
    for (const auto& init : {peer("tini"), peer("catatonit")}) {
        if (init) {
            EXPECT_EQ(last_words(*init, as_pid_1), "") << init->name << " has learnt it";
        }
    }
}

TEST(InitFaultsAnyUser, nobody_is_left_behind_when_it_is_not_pid_1) {
    // In a session of its own, deaf to SIGTERM: only a subreaper that looks for it finds it.
    const Words command{"sh", "-c",
                        "setsid sh -c 'trap \"\" TERM; echo $$; exec sleep 1000 >/dev/null' & "
                        "read line"};
    const auto survives = [&](const Init& init) {
        Running running{init, command};
        const std::string said = running.said_up_to("\n");
        if (said.empty()) {
            ADD_FAILURE() << init.name << " has started nobody";
            return false;
        }
        const pid_t left = std::stoi(said);
        running.write("go on\n");
        EXPECT_EQ(running.outcome(), 0) << init.name;
        const char state = support::state_of(left);
        support::signal_one(left, SIGKILL);
        return state != 'X' && state != 'Z';
    };
    EXPECT_FALSE(survives(ours({"--grace", "100ms"})));
    for (const auto& init : {peer("tini", {"-s"}), peer("dumb-init"), peer("catatonit")}) {
        if (init) {
            EXPECT_TRUE(survives(*init)) << init->name << " has learnt it";
        }
    }
}

// --- rest -----------------------------------------------------------------------------------------

/// How often the kernel has put it to sleep within a window of 2.5 seconds; a window is a time, by its
/// nature.
long wake_ups(const Init& init) {
    Running running{init, {stays}};
    if (!running.says("up\n")) {
        ADD_FAILURE() << init.name << " did not start its command";
        return -1;
    }
    const auto sleeps = [&] {
        return std::stol(support::status_field(running.pid(), "voluntary_ctxt_switches"));
    };
    EXPECT_TRUE(support::becomes([&] { return support::state_of(running.pid()) == 'S'; }));
    const long before = sleeps();
    EXPECT_FALSE(running.ends_within(std::chrono::milliseconds{2500}));
    return sleeps() - before;
}

TEST(InitFaultsAnyUser, while_nothing_happens_it_does_not_wake_up) {
    EXPECT_EQ(wake_ups(ours()), 0);
    EXPECT_EQ(wake_ups(ours({"--grace", "1s"})), 0);
    EXPECT_EQ(wake_ups(support::ours_as("tini", {"-s"})), 0);
    EXPECT_EQ(wake_ups(support::ours_as("dumb-init")), 0);
    EXPECT_EQ(wake_ups(support::ours_as("catatonit")), 0);
    if (const auto tini = peer("tini", {"-s"})) {
        EXPECT_GE(wake_ups(*tini), 2) << "tini has learnt it";
    }
}

}  // namespace
