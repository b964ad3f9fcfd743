/// The options of linx-init, from outside.
#include "support/init.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

namespace {

using support::Birth;
using support::Ended;
using support::ours;
using support::outcome;
using support::run;
using support::Running;
using support::Words;
using support::workload;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const std::string hears = workload("hears");
const std::string stays = workload("stays");

TEST(InitOptionsAnyUser, a_command_that_is_deaf_to_TERM_is_killed_after_its_grace) {
    const Words deaf{"sh", "-c", "trap '' TERM; echo up; exec sleep 1000"};
    Running running{ours({"--grace", "200ms"}), deaf};
    ASSERT_TRUE(running.says("up\n"));
    const auto begin = std::chrono::steady_clock::now();
    running.signal(SIGTERM);
    EXPECT_EQ(running.outcome(), 128 + SIGKILL);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 190ms);
}

TEST(InitOptionsAnyUser, a_command_that_hears_TERM_ends_at_once_in_spite_of_its_grace) {
    Running running{ours({"--grace", "1h"}), {stays}};
    ASSERT_TRUE(running.says("up\n"));
    running.signal(SIGTERM);
    EXPECT_EQ(running.outcome(), 128 + SIGTERM);
}

/// Leaves somebody in another session behind, who says "done" when it reads a line, and ends with 4.
const Words leaver{"sh", "-c", "exec 3<&0; setsid sh -c 'echo up; read line <&3; echo done' & exit 4"};

TEST(InitOptionsAnyUser, it_waits_for_the_last_descendant_if_asked) {
    Running running{ours({"--wait-all"}), leaver};
    ASSERT_TRUE(running.says("up\n"));
    running.write("go on\n");
    EXPECT_TRUE(running.says("done\n"));
    EXPECT_EQ(running.outcome(), 4);
}

TEST(InitOptionsAnyUser, a_TERM_while_it_waits_for_the_last_reaches_that) {
    Running running{ours({"--wait-all", "-v"}), leaver};
    ASSERT_TRUE(running.says("up\n"));
    ASSERT_FALSE(running.complained_up_to(", code 4\n").empty());
    running.signal(SIGTERM);
    const Ended ended = running.wait();
    EXPECT_EQ(ended.code(), 4);
    EXPECT_THAT(ended.out, Not(HasSubstr("done")));
}

TEST(InitOptionsAnyUser, a_signal_can_become_another_or_none) {
    Running running{ours({"--rewrite", "TERM:QUIT", "--rewrite", "USR1:"}), {hears, "3"}};
    ASSERT_TRUE(running.says("up\n"));
    running.signal(SIGUSR1);
    running.signal(SIGTERM);
    const Ended ended = running.wait();
    EXPECT_EQ(ended.code(), 7);
    EXPECT_THAT(ended.out, HasSubstr("signal=3 "));
    EXPECT_THAT(ended.out, Not(HasSubstr("signal=10 ")));
}

TEST(InitOptionsAnyUser, a_signal_can_be_held_back_while_others_pass) {
    Running running{ours({"--delay", "TERM:300ms"}), {hears}};
    ASSERT_TRUE(running.says("up\n"));
    const auto begin = std::chrono::steady_clock::now();
    running.signal(SIGTERM);
    running.signal(SIGUSR1);
    EXPECT_THAT(running.said_up_to("\n"), HasSubstr("signal=10 "));
    EXPECT_THAT(running.said_up_to("\n"), HasSubstr("signal=15 "));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 290ms);
    EXPECT_EQ(running.outcome(), 7);
}

TEST(InitOptionsAnyUser, exit_codes_are_mapped_in_ranges) {
    const auto mapped = [](const char* code) {
        return outcome(ours({"--map-exit", "10-12:0", "--map-exit", "143:9"}), {"sh", "-c", code});
    };
    EXPECT_EQ(mapped("exit 9"), 9);
    EXPECT_EQ(mapped("exit 10"), 0);
    EXPECT_EQ(mapped("exit 12"), 0);
    EXPECT_EQ(mapped("exit 13"), 13);
    EXPECT_EQ(mapped("kill -TERM $$"), 9);
}

TEST(InitOptionsAnyUser, a_command_that_fails_is_started_again_until_it_succeeds) {
    const support::TemporaryDirectory folder;
    const Words second_time{"sh", "-c", "echo run; test -e $0 && exit 0; touch $0; exit 1", folder / "mark"};
    const Ended ended = run(ours({"--restart=on-failure"}), second_time);
    EXPECT_EQ(ended.code(), 0) << ended.err;
    EXPECT_EQ(ended.out, "run\nrun\n");
}

TEST(InitOptionsAnyUser, a_command_is_started_again_until_TERM_comes) {
    Running running{ours({"--restart"}), {stays}};
    ASSERT_TRUE(running.says("up\n"));
    support::signal_one(running.child(), SIGKILL);
    ASSERT_TRUE(running.says("up\n"));
    running.signal(SIGTERM);
    EXPECT_EQ(running.outcome(), 128 + SIGTERM);
}

TEST(InitOptionsAnyUser, a_TERM_between_two_starts_ends_it_with_the_last_code) {
    Running running{ours({"--restart", "-v"}), {"sh", "-c", "exit 3"}};
    // The fifth time between two starts is 1.6 s long.
    for (int run = 0; run < 5; ++run) {
        ASSERT_FALSE(running.complained_up_to(", code 3\n").empty());
    }
    running.signal(SIGTERM);
    EXPECT_EQ(running.outcome(std::chrono::seconds{1}), 3);
}

TEST(InitOptionsAnyUser, what_happens_is_told_in_lines_of_JSON) {
    const Birth with_nine{.before_exec = [] { ::dup2(2, 9); }};
    Running running{ours({"--status-fd", "9"}), {stays}, with_nine};
    ASSERT_TRUE(running.says("up\n"));
    const std::string pid = std::to_string(running.child());
    EXPECT_EQ(running.complained_up_to("\n"), R"({"event":"start","pid":)" + pid + "}\n");
    EXPECT_EQ(::access(support::proc_path(running.child(), "fd/9").c_str(), F_OK), -1)
        << "the command has it";
    support::signal_one(running.child(), SIGSTOP);
    EXPECT_EQ(running.complained_up_to("\n"), R"({"event":"stop","pid":)" + pid + ",\"signal\":19}\n");
    support::signal_one(running.child(), SIGCONT);
    EXPECT_EQ(running.complained_up_to("\n"), R"({"event":"continue","pid":)" + pid + ",\"signal\":18}\n");
    running.signal(SIGTERM);
    EXPECT_THAT(running.complained_up_to("\n"),
                testing::MatchesRegex(R"(\{"event":"end","pid":)" + pid +
                                      R"(,"signal":15,"user_us":[0-9]+,"system_us":[0-9]+,)" +
                                      R"("max_rss_kib":[0-9]+\}.)"));
    EXPECT_EQ(running.outcome(), 143);
}

TEST(InitOptionsAnyUser, a_status_reader_that_is_gone_or_does_not_read_holds_nothing_up) {
    const Birth gone{.before_exec = [] {
        int ends[2];
        (void)!::pipe(ends);
        ::dup2(ends[1], 9);
        ::close(ends[0]);
        ::close(ends[1]);
    }};
    Running running{ours({"--status-fd", "9"}), {hears}, gone};
    ASSERT_TRUE(running.says("up\n"));
    running.signal(SIGTERM);
    const Ended ended = running.wait();
    EXPECT_EQ(ended.code(), 7);
    EXPECT_THAT(ended.out, Not(HasSubstr("signal=13 "))) << "its own SIGPIPE was forwarded";

    const Birth full{.before_exec = [] {
        int ends[2];
        (void)!::pipe2(ends, O_NONBLOCK);
        const std::string much(4096, 'x');
        while (::write(ends[1], much.data(), much.size()) > 0) {
        }
        ::fcntl(ends[1], F_SETFL, 0);
        ::dup2(ends[0], 8);
        ::dup2(ends[1], 9);
    }};
    EXPECT_EQ(outcome(ours({"--status-fd", "9"}), {"sh", "-c", "exec sleep 0.1"}, full), 0);
}

TEST(InitOptionsAnyUser, it_says_what_it_does_on_stderr_alone) {
    Running running{ours({"-v"}), {hears}};
    ASSERT_TRUE(running.says("up\n"));
    const std::string pid = std::to_string(running.child());
    running.signal(SIGTERM);
    const Ended ended = running.wait();
    EXPECT_THAT(ended.err, HasSubstr("linx-init: started process " + pid + "\n"));
    EXPECT_THAT(ended.err, HasSubstr("linx-init: signal 15 becomes 15\n"));
    EXPECT_THAT(ended.err, HasSubstr("linx-init: reaped process " + pid + ", code 7\n"));
    EXPECT_THAT(ended.out, Not(HasSubstr("linx-init")));
    EXPECT_EQ(run(ours(), {"true"}).err, "");
}

TEST(InitOptionsAnyUser, the_command_runs_somewhere_and_with_variables) {
    const Birth with_a{.before_exec = [] { ::setenv("A", "old", 1); }};
    const Ended ended = run(ours({"--cwd", "/usr", "--env", "A=new", "--env", "B="}),
                            {"sh", "-c", "pwd; echo $A; echo ${B-unset}; env | grep -c ^A="}, with_a);
    EXPECT_EQ(ended.out, "/usr\nnew\n\n1\n");
    EXPECT_EQ(outcome(ours({"--cwd", "/nowhere/at/all"}), {"true"}), 125);
    EXPECT_EQ(outcome(ours({"--env", "PATH=/nowhere"}), {"true"}), 127) << "PATH is the command's";
}

TEST(InitOptionsAnyUser, ones_own_user_is_nobody_else) {
    const std::string id = std::to_string(::getuid());
    const Ended ended = run(ours({"--user", id}), {"id", "-u"});
    EXPECT_EQ(ended.out, id + "\n");
}

TEST(InitOptions, the_command_runs_as_somebody_without_the_groups_of_root) {
    const Words identity{"grep", "-E", "^(Uid|Gid|Groups):", "/proc/self/status"};
    const Birth grouped{.before_exec = [] {
        const gid_t groups[] = {0, 4};
        ::syscall(SYS_setgroups, 2, groups);
    }};
    EXPECT_EQ(run(ours({"--user", "1234:2345"}), identity, grouped).out,
              "Uid:\t1234\t1234\t1234\t1234\nGid:\t2345\t2345\t2345\t2345\nGroups:\t \n");
    EXPECT_EQ(run(ours({"--user", "1234", "--group", "2345", "--groups", "7,8"}), identity, grouped).out,
              "Uid:\t1234\t1234\t1234\t1234\nGid:\t2345\t2345\t2345\t2345\nGroups:\t7 8 \n");
}

TEST(InitOptions, who_may_not_become_somebody_does_not_run_the_command) {
    const Birth nobody{.before_exec = [] { (void)::setuid(65534); }};
    const Ended ended = run(ours({"--user", "0"}), {"echo", "up"}, nobody);
    EXPECT_EQ(ended.code(), 125);
    EXPECT_EQ(ended.out, "");
}

TEST(InitOptionsAnyUser, a_launcher_hands_over_the_program_and_its_name) {
    EXPECT_EQ(run(ours({"--arg0", "other"}), {"sh", "-c", "echo $0"}).out, "other\n");
    const Birth opened{.before_exec = [] {
        const int shell = ::open("/bin/sh", O_RDONLY);
        ::dup2(shell, 50);
        ::close(shell);
    }};
    const Words looks{"name", "-c", "echo $0; test -e /proc/self/fd/50 || echo closed"};
    EXPECT_EQ(run(ours({"--exec-fd", "50"}), looks, opened).out, "name\nclosed\n");
}

TEST(InitOptionsAnyUser, LISTEN_PIDFDID_is_the_inode_of_the_pidfd_of_the_child) {
    const Birth activated{.before_exec = [] {
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_PIDFDID", "1", 1);
    }};
    Running running{ours(), {stays}, activated};
    ASSERT_TRUE(running.says("up\n"));
    const linx::Fd pidfd = support::pidfd_of(running.child());
    struct stat status = {};
    ASSERT_EQ(::fstat(pidfd.ref().number(), &status), 0);
    const std::string variables = support::contents(support::proc_path(running.child(), "environ"));
    struct statfs system = {};
    ASSERT_EQ(::fstatfs(pidfd.ref().number(), &system), 0);
    constexpr long pidfs = 0x50494446;
    if (system.f_type == pidfs) {
        EXPECT_THAT(variables, HasSubstr("LISTEN_PIDFDID=" + std::to_string(status.st_ino)));
    } else {
        EXPECT_THAT(variables, Not(HasSubstr("LISTEN_PIDFDID")));  // before 6.9 it has no inode
    }
}

TEST(InitOptionsAnyUser, it_is_a_small_file_and_takes_little_memory_while_it_waits) {
    EXPECT_LE(std::filesystem::file_size(LINX_INIT), 40'000U);
    const Birth bare{.before_exec = [] { ::clearenv(); }};
    std::vector<long> resident;
    for (int i = 0; i < 9; ++i) {
        Running running{ours(), {stays}, bare};
        ASSERT_TRUE(running.says("up\n"));
        ASSERT_TRUE(support::becomes([&] { return support::state_of(running.pid()) == 'S'; }));
        resident.push_back(std::stol(support::status_field(running.pid(), "VmRSS")));
    }
    // Where the kernel begins the stack is by chance, and a page more or less with it.
    std::ranges::nth_element(resident, resident.begin() + 4);
    EXPECT_LE(resident[4], 32);
}

TEST(InitOptionsAnyUser, a_command_that_could_not_be_executed_is_reaped) {
    for (int i = 0; i < 20; ++i) {
        Running running{ours(), {"/nowhere/at/all"}};
        EXPECT_EQ(running.outcome(), 127);
        EXPECT_EQ(support::children_of(::getpid()).size(), 0U) << "left to the test, which is a subreaper";
    }
}

}  // namespace
