/// `linx run --init` and `linx init` from the outside: whose exit code it is, who gets the signals, what is
/// left.
#include "support/linx_command.hpp"
#include "support/proc.hpp"
#include "support/terminal.hpp"

#include <gtest/gtest.h>

namespace {

using support::ctrl_c;
using support::ctrl_d;
using support::ctrl_z;
using support::Ended;
using support::linx_command;
using support::LinxCommand;
using support::Terminal;
using support::Words;
using support::workload;

Ended run_init(const Words& options, const Words& command) {
    Words words{"run", "--init"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return linx_command(words);
}

bool says_up(linx::FdRef fd) {
    return support::read_bytes(fd, 3) == "up\n";
}

const std::string stubborn =
    "trap '' TERM; " + workload("stays") + " & echo up; while :; do sleep 0.01; done";

// --- linx run --init -----------------------------------------------------------------------------

TEST(CliInitAnyUser, the_exit_code_is_that_of_the_command) {
    for (const int code : {0, 1, 42, 143, 255}) {
        EXPECT_EQ(run_init({}, {"sh", "-c", "exit " + std::to_string(code)}).code(), code);
    }
    EXPECT_EQ(run_init({}, {"sh", "-c", "kill -TERM $$"}).code(), 143);
    EXPECT_EQ(run_init({}, {"sh", "-c", "kill -KILL $$"}).code(), 137);
}

TEST(CliInitAnyUser, a_command_that_cannot_be_executed_is_told_as_without_an_init) {
    for (const Words& words : {Words{"linx-test-no-such-command"}, Words{"/etc/passwd"}, Words{"/tmp"},
                               Words{"/etc/passwd/x"}, Words{"/nonexistent"}}) {
        const Ended with = run_init({}, words);
        Words plain{"run", "--"};
        plain.insert(plain.end(), words.begin(), words.end());
        const Ended without = linx_command(plain);
        EXPECT_EQ(with.code(), without.code());
        EXPECT_EQ(with.err, without.err);
        EXPECT_EQ(with.out, "");
    }
}

TEST(CliInitAnyUser, the_init_is_process_1_of_a_fresh_pid_namespace) {
    const Ended ended = run_init({"--all"}, {"sh", "-c", "echo $$; cat /proc/1/comm; readlink /proc/1/exe"});
    EXPECT_EQ(ended.out, "2\nlinx-init\n/memfd:linx-init (deleted)\n") << ended.err;
}

TEST(CliInitAnyUser, a_signal_ends_what_the_kernel_would_shield) {
    for (const int signum : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGRTMIN}) {
        LinxCommand command{{"run", "--init", "--all", "--rlimit", "core=0", "--", workload("stays")}};
        ASSERT_TRUE(says_up(command.out()));
        command.signal(signum);
        EXPECT_EQ(command.wait().code(), 128 + signum);
    }
}

TEST(CliInitAnyUser, a_killed_linx_leaves_neither_init_nor_command) {
    LinxCommand command{{"run", "--init", "--", workload("stays")}};
    ASSERT_TRUE(says_up(command.out()));
    command.signal(SIGKILL);
    EXPECT_EQ(command.wait().out, "");
    EXPECT_TRUE(support::readable_now(command.out()));
}

TEST(CliInitAnyUser, what_the_command_has_left_behind_is_killed_with_its_end) {
    const Ended ended = run_init({}, {"sh", "-c", "setsid " + workload("stays") + " & exit 3"});
    EXPECT_EQ(ended.code(), 3);
}

TEST(CliInitAnyUser, a_timeout_ends_the_command_by_its_terminating_signal) {
    const Ended ended = run_init({"--all", "--timeout", "50ms", "--kill-grace", "1h"}, {workload("stays")});
    EXPECT_EQ(ended.code(), 124);
    EXPECT_EQ(ended.err.find("it is killed"), std::string::npos) << ended.err;
}

TEST(CliInitAnyUser, a_timeout_kills_what_does_not_end_and_its_whole_group) {
    for (const Words& options : {Words{}, Words{"--session"}, Words{"--all"}}) {
        Words words{"run", "--init", "--timeout", "50ms", "--kill-grace", "50ms"};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"--", "sh", "-c", stubborn});
        LinxCommand command{words};
        const Ended ended = command.wait();
        EXPECT_EQ(ended.code(), 124);
        EXPECT_NE(ended.err.find("it is killed"), std::string::npos) << ended.err;
        // Everybody had the pipe: nobody has it any more.
        EXPECT_TRUE(support::readable_now(command.out()));
    }
}

TEST(CliInitAnyUser, enter_takes_one_too) {
    LinxCommand target{{"run", "--all", "--", workload("stays")}};
    ASSERT_TRUE(says_up(target.out()));
    const std::string children = support::contents("/proc/" + std::to_string(target.pid()) + "/task/" +
                                                   std::to_string(target.pid()) + "/children");
    const std::string pid = children.substr(0, children.find(' '));
    const Ended ended =
        linx_command({"enter", "--init", pid, "--", "sh", "-c", "cat /proc/$PPID/comm; exit 6"});
    EXPECT_EQ(ended.out, "linx-init\n") << ended.err;
    EXPECT_EQ(ended.code(), 6);
}

TEST(CliInitAnyUser, plan_shows_the_init_and_what_it_executes) {
    const Ended ended = linx_command({"plan", "--init", "--", "sh"});
    EXPECT_EQ(ended.code(), 0) << ended.err;
    EXPECT_NE(ended.out.find("  child        execute the init\n  init         execute (sh)\n"),
              std::string::npos)
        << ended.out;
}

// --- linx init -----------------------------------------------------------------------------------

TEST(CliInitCommandAnyUser, is_linx_init) {
    EXPECT_EQ(linx_command({"init", "--", "sh", "-c", "exit 7"}).code(), 7);
    EXPECT_EQ(linx_command({"init", "--", "sh", "-c", "cat /proc/$PPID/comm"}).out, "linx-init\n");
    EXPECT_EQ(linx_command({"init", "--map-exit", "3:0", "sh", "-c", "exit 3"}).code(), 0);
    EXPECT_EQ(linx_command({"init", "--", "linx-test-no-such-command"}).code(), 127);
    EXPECT_EQ(linx_command({"init", "--", "/etc/passwd"}).code(), 126);
    EXPECT_EQ(linx_command({"init"}).code(), 125);
    const Ended help = linx_command({"init", "--help"});
    EXPECT_EQ(help.code(), 0);
    EXPECT_TRUE(help.out.starts_with("Usage: linx-init ")) << help.out;
}

TEST(CliInitCommandAnyUser, keeps_the_process_and_forwards_to_the_command) {
    LinxCommand command{{"init", "--", workload("stays")}};
    ASSERT_TRUE(says_up(command.out()));
    EXPECT_EQ(support::contents("/proc/" + std::to_string(command.pid()) + "/comm"), "linx-init\n");
    command.signal(SIGTERM);
    EXPECT_EQ(command.wait().code(), 143);
}

// --- in a terminal -------------------------------------------------------------------------------

const std::string linx_run = std::string(LINX_COMMAND) + " run --init ";

/// An interactive shell, as in cli_terminal_test.cpp: what is expected never stands in a typed line as it is.
class CliInitTerminalAnyUser : public testing::Test {
protected:
    void SetUp() override {
        type("echo re''ady");
        ASSERT_TRUE(shell_.shows("ready\r\n"));
    }
    void type(const std::string& line) { shell_.type(line + "\n"); }
    void start(const std::string& command) {
        type(command);
        ASSERT_TRUE(shell_.shows("up\r\n")) << shell_.rest();
    }
    void fg() {
        ASSERT_TRUE(shell_.is_back());
        type("fg");
        ASSERT_TRUE(shell_.is_lent());
    }
    void stop() {
        shell_.type(ctrl_z);
        ASSERT_TRUE(shell_.shows("Stopped")) << shell_.rest();
        expect_code("148");
    }
    void expect_code(const std::string& code) {
        ASSERT_TRUE(shell_.is_back());
        type("echo code=$?.");
        EXPECT_TRUE(shell_.shows("code=" + code + ".\r\n")) << shell_.rest();
    }

    Terminal shell_{{"bash", "--norc", "--noprofile", "--noediting", "-i"}};
};

TEST_F(CliInitTerminalAnyUser, ctrl_c_ends_the_command_and_the_code_is_130) {
    start(linx_run + "-- " + workload("stays"));
    shell_.type(ctrl_c);
    expect_code("130");
}

TEST_F(CliInitTerminalAnyUser, ctrl_z_stops_the_job_and_fg_continues_it) {
    start(linx_run + "-- sh -c 'echo u\"\"p; exec cat'");
    for (int round = 0; round < 2; ++round) {
        stop();
        fg();
        type("one''line");
        ASSERT_TRUE(shell_.shows("\r\none''line\r\n")) << shell_.rest();
    }
    shell_.type(ctrl_d);
    expect_code("0");
}

TEST_F(CliInitTerminalAnyUser, in_the_background_it_leaves_the_terminal_alone) {
    type(linx_run + "-- sh -c 'echo u\"\"p; exec cat' &");
    ASSERT_TRUE(shell_.shows("up\r\n"));
    type("until jobs | grep -q Stop''ped; do :; done; echo cat sto''od still");
    ASSERT_TRUE(shell_.shows("cat stood still\r\n")) << shell_.rest();
    fg();
    type("one''line");
    ASSERT_TRUE(shell_.shows("\r\none''line\r\n")) << shell_.rest();
    shell_.type(ctrl_d);
    expect_code("0");
}

TEST_F(CliInitTerminalAnyUser, a_session_of_its_own_is_stopped_and_ended_through_linx) {
    start(linx_run + "--session -- " + workload("stays"));
    stop();
    fg();
    shell_.type(ctrl_c);
    expect_code("130");
}

TEST_F(CliInitTerminalAnyUser, as_process_1_it_cannot_be_stopped_and_ctrl_c_ends_it) {
    start(linx_run + "--all -- sh -c 'echo u\"\"p; exec cat'");
    shell_.type(ctrl_z);
    type("one''line");
    ASSERT_TRUE(shell_.shows("\r\none''line\r\n")) << shell_.rest();
    shell_.type(ctrl_c);
    expect_code("130");
}

}  // namespace
