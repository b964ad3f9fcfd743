/// ^C, ^Z and the terminal: `linx run` is a job of a shell like any other.
#include "support/linx_command.hpp"
#include "support/terminal.hpp"

#include <gtest/gtest.h>

namespace {

using support::ctrl_c;
using support::ctrl_d;
using support::ctrl_z;
using support::Terminal;

const std::string linx_run = std::string(LINX_COMMAND) + " run ";
const std::string stays = support::workload("stays");

/// An interactive shell. Whatever is typed is echoed, so no expected text stands in a typed line as it is.
class CliTerminalAnyUser : public testing::Test {
protected:
    void SetUp() override {
        type("echo re''ady");
        ASSERT_TRUE(shell_.shows("ready\r\n"));
    }

    void type(const std::string& line) { shell_.type(line + "\n"); }
    /// Starts a workload that says "up", as soon as it has the terminal.
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
    /// After the end or the stop of a job. What is typed before the shell has the terminal again, the job
    /// might still read.
    void expect_code(const std::string& code) {
        ASSERT_TRUE(shell_.is_back());
        type("echo code=$?.");
        EXPECT_TRUE(shell_.shows("code=" + code + ".\r\n")) << shell_.rest();
    }

    Terminal shell_{{"bash", "--norc", "--noprofile", "--noediting", "-i"}};
};

TEST_F(CliTerminalAnyUser, ctrl_c_ends_the_workload_and_the_code_is_130) {
    start(linx_run + stays);
    shell_.type(ctrl_c);
    expect_code("130");
}

TEST_F(CliTerminalAnyUser, ctrl_c_stops_the_script_too) {
    start("bash -c '" + linx_run + stays + "; echo sur\"\"vived'");
    shell_.type(ctrl_c);
    ASSERT_TRUE(shell_.is_back());
    type("echo code=$?.");
    const std::string shown = shell_.shown_up_to("code=130.\r\n");
    EXPECT_FALSE(shown.empty()) << shell_.rest();
    EXPECT_EQ(shown.find("survived"), std::string::npos) << shown;
}

TEST_F(CliTerminalAnyUser, ctrl_c_is_seen_by_the_rest_of_the_job) {
    start("sh -c 'trap \"echo peer in\"\"terrupted\" INT; " + linx_run + stays + "; :'");
    shell_.type(ctrl_c);
    EXPECT_TRUE(shell_.shows("peer interrupted\r\n")) << shell_.rest();
}

TEST_F(CliTerminalAnyUser, ctrl_c_ends_a_pipeline) {
    start(linx_run + stays + " | cat");
    shell_.type(ctrl_c);
    expect_code("130");
}

TEST_F(CliTerminalAnyUser, ctrl_c_that_the_workload_handles_does_not_end_linx) {
    start(linx_run + "-- sh -c 'trap \"echo hand\"\"led; exit 7\" INT; echo u\"\"p; read line; read line'");
    shell_.type(ctrl_c);
    EXPECT_TRUE(shell_.shows("handled\r\n"));
    expect_code("7");
}

TEST_F(CliTerminalAnyUser, ctrl_z_stops_the_job_and_fg_continues_it) {
    start(linx_run + "-- sh -c 'echo u\"\"p; exec cat'");
    stop();
    fg();
    type("one''line");
    ASSERT_TRUE(shell_.shows("\r\none''line\r\n")) << shell_.rest();
    stop();
    fg();
    shell_.type(ctrl_c);
    expect_code("130");
}

TEST_F(CliTerminalAnyUser, ctrl_z_stops_a_whole_pipeline) {
    start(linx_run + stays + " | cat");
    stop();
    fg();
    shell_.type(ctrl_c);
    expect_code("130");
}

TEST_F(CliTerminalAnyUser, in_the_background_it_leaves_the_terminal_alone) {
    type(linx_run + "-- sh -c 'echo u\"\"p; exec cat' &");
    ASSERT_TRUE(shell_.shows("up\r\n"));
    // The shell still reads what is typed; cat is stopped as soon as it wants to.
    type("until jobs | grep -q Stop''ped; do :; done; echo cat sto''od still");
    ASSERT_TRUE(shell_.shows("cat stood still\r\n")) << shell_.rest();
    fg();
    type("one''line");
    ASSERT_TRUE(shell_.shows("\r\none''line\r\n")) << shell_.rest();
    shell_.type(ctrl_d);
    expect_code("0");
}

TEST_F(CliTerminalAnyUser, brought_to_the_foreground_while_it_runs_it_gets_the_terminal_when_it_asks) {
    // It asks when the file is gone, which is after fg: asking in the background, it would be stopped.
    std::string in_background = "/tmp/linx-terminal-XXXXXX";
    const linx::Fd file{::mkstemp(in_background.data())};
    ASSERT_TRUE(file.is_open());
    start(linx_run + "-- sh -c 'echo u\"\"p; while test -e " + in_background +
          "; do :; done; read line </dev/tty; echo got=$line.' &");
    fg();
    ::unlink(in_background.c_str());
    type("wo''rd");
    EXPECT_TRUE(shell_.shows("got=wo''rd.\r\n")) << shell_.rest();
    expect_code("0");
}

TEST_F(CliTerminalAnyUser, a_pager_behind_it_can_read_the_keyboard) {
    start(linx_run + stays + " | sh -c 'read line; echo $line; read key </dev/tty; echo key=$key.'");
    type("q");
    EXPECT_TRUE(shell_.shows("key=q.\r\n")) << shell_.rest();
    shell_.type(ctrl_c);
}

TEST_F(CliTerminalAnyUser, settings_are_put_back_after_a_workload_that_was_killed) {
    type(linx_run + "-- sh -c 'stty -echo; kill -KILL $$'; echo di''ed");
    ASSERT_TRUE(shell_.shows("died\r\n"));
    type("stty -a | tr -s '; ' '\\n\\n' | grep -x -e echo -e -echo; echo en''d");
    EXPECT_NE(shell_.shown_up_to("end\r\n").find("\r\necho\r\n"), std::string::npos);
}

TEST_F(CliTerminalAnyUser, the_command_at_the_checkpoint_may_ask) {
    type(linx_run + "--at-checkpoint 'read a; echo first=$a.' -- sh -c 'read b; echo second=$b.'");
    type("x");
    EXPECT_TRUE(shell_.shows("first=x.\r\n")) << shell_.rest();
    type("y");
    EXPECT_TRUE(shell_.shows("second=y.\r\n")) << shell_.rest();
    expect_code("0");
}

TEST_F(CliTerminalAnyUser, ctrl_c_at_the_checkpoint_aborts_the_launch) {
    start(linx_run + "--at-checkpoint 'echo u\"\"p; exec " + stays + "' -- echo not re''ached");
    shell_.type(ctrl_c);
    ASSERT_TRUE(shell_.is_back());
    type("echo code=$?.");
    const std::string shown = shell_.shown_up_to("code=130.\r\n");
    EXPECT_FALSE(shown.empty()) << shell_.rest();
    EXPECT_EQ(shown.find("not reached"), std::string::npos) << shown;
}

TEST_F(CliTerminalAnyUser, a_session_of_its_own_is_stopped_and_ended_through_linx) {
    start(linx_run + "--session -- " + stays);
    stop();
    fg();
    shell_.type(ctrl_c);
    expect_code("130");
}

TEST(CliTerminalWithoutShellAnyUser, ctrl_z_is_ignored_and_ctrl_c_gives_the_exit_code_130) {
    // linx leads the session: nobody could continue it.
    Terminal terminal{{LINX_COMMAND, "run", "--", "sh", "-c", "echo up; exec cat"}};
    ASSERT_TRUE(terminal.shows("up\r\n"));
    terminal.type(ctrl_z);
    terminal.type("still here\n");
    ASSERT_TRUE(terminal.shows("still here\r\nstill here\r\n")) << terminal.rest();
    terminal.type(ctrl_c);
    const int status = terminal.wait();
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
}

}  // namespace
