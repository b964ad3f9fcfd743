/// `linx run` and `linx enter` from the outside: exit codes, signals, streams, the checkpoint.
#include "support/linx_command.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

namespace {

using support::Ended;
using support::linx_command;
using support::LinxCommand;
using support::Words;
using support::workload;

Ended run_sh(const Words& options, const std::string& script) {
    Words words{"run"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "sh", "-c", script});
    return linx_command(words);
}

bool says_up(linx::FdRef fd) {
    return support::read_bytes(fd, 3) == "up\n";
}

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

/// A folder that is removed with all in it.
struct Folder {
    std::string path = "/tmp/linx-cli-XXXXXX";
    Folder() { (void)::mkdtemp(path.data()); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { (void)::system(("rm -rf " + path).c_str()); }
};

TEST(CliRunAnyUser, exits_with_the_code_of_the_workload) {
    EXPECT_EQ(run_sh({}, "exit 0").code(), 0);
    EXPECT_EQ(run_sh({}, "exit 42").code(), 42);
    EXPECT_EQ(run_sh({}, "exit 255").code(), 255);
}

TEST(CliRunAnyUser, exits_with_128_and_the_signal_that_ended_the_workload) {
    EXPECT_EQ(run_sh({}, "kill -TERM $$").code(), 143);
    EXPECT_EQ(run_sh({}, "kill -KILL $$").code(), 137);
    EXPECT_EQ(run_sh({}, "kill -INT $$").code(), 130);
}

TEST(CliRunAnyUser, exits_with_127_when_there_is_no_such_command) {
    const Ended ended =
        linx_command({"run", "--env", "PATH=/bin:/usr/bin", "--", "linx-test-no-such-command"});
    EXPECT_EQ(ended.code(), 127);
    EXPECT_TRUE(ended.err.starts_with("linx: execute (linx-test-no-such-command): No such file or directory"))
        << ended.err;
}

TEST(CliRunAnyUser, exits_with_126_when_the_command_cannot_be_executed) {
    EXPECT_EQ(linx_command({"run", "--", "/etc/passwd"}).code(), 126);
    EXPECT_EQ(linx_command({"run", "--", "/tmp"}).code(), 126);
    EXPECT_EQ(linx_command({"run", "--", "/etc/passwd/x"}).code(), 126);
    // As execvp has it: a folder of the PATH that may not be searched could have held it.
    EXPECT_EQ(linx_command({"run", "--env", "PATH=/etc/passwd:/bin", "--", "linx-test-none"}).code(), 127);
}

TEST(CliRunAnyUser, exits_with_126_for_a_program_of_another_machine) {
    const Folder folder;
    const std::string path = folder.path + "/tool";
    std::ofstream{path} << "\x7f" << "ELF\necho a shell has run this\n";
    ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
    const Ended ended = linx_command({"run", "--", path});
    EXPECT_EQ(ended.code(), 126);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err, "linx: execute (" + path +
                             "): Exec format error\n"
                             "the file is no program for this machine: another architecture, or damaged\n");
}

TEST(CliRunAnyUser, a_text_without_interpreter_is_run_by_the_shell) {
    const Folder folder;
    const std::string path = folder.path + "/script";
    std::ofstream{path} << "echo \"$1\"\n";
    ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
    EXPECT_EQ(linx_command({"run", "--", path, "by the shell"}).out, "by the shell\n");
}

TEST(CliRunAnyUser, exits_with_125_when_linx_fails) {
    EXPECT_EQ(linx_command({"run", "--cwd", "/nonexistent", "--", "true"}).code(), 125);
    EXPECT_EQ(linx_command({"run", "--join", "net=/dev/null", "--", "true"}).code(), 125);
    EXPECT_EQ(linx_command({"run", "--stdin", "/nonexistent", "--", "true"}).code(), 125);
    EXPECT_EQ(linx_command({"enter", "4194304", "--", "true"}).code(), 125);
}

TEST(CliRunAnyUser, all_gives_root_with_a_proc_a_name_and_loopback) {
    const Ended ended = run_sh({"--all"},
                               "echo uid=$(id -u) gid=$(id -g) pid=$$; hostname; readlink /proc/self; "
                               "bash -c '>/dev/tcp/127.0.0.1/1'");
    EXPECT_TRUE(ended.out.starts_with("uid=0 gid=0 pid=1\nlinx\n")) << ended.out << ended.err;
    // Nobody listens on the loopback interface, but it is up.
    EXPECT_NE(ended.err.find("Connection refused"), std::string::npos) << ended.err;
}

TEST(CliRunAnyUser, options_reach_the_workload) {
    EXPECT_EQ(run_sh({"--cwd", "/", "--umask", "027", "--arg0", "zero"}, "pwd; umask").out, "/\n0027\n");
    EXPECT_EQ(linx_command({"run", "--clear-env", "--env", "A=1 2", "--env", "B=", "--", "/usr/bin/env"}).out,
              "A=1 2\nB=\n");
    EXPECT_EQ(run_sh({"--rlimit", "nofile=64:128"}, "ulimit -Sn; ulimit -Hn").out, "64\n128\n");
    EXPECT_EQ(run_sh({"--nice", "5"}, "nice").out, "5\n");
    EXPECT_EQ(run_sh({"--no-new-privs"}, "grep NoNewPrivs /proc/self/status").out, "NoNewPrivs:\t1\n");
    EXPECT_EQ(run_sh({"--user", "--uts", "--hostname", "box"}, "hostname").out, "box\n");
}

TEST(CliRunAnyUser, shifts_the_clocks) {
    const Ended ended = run_sh({"--user", "--time", "--boottime-offset", "1d", "--monotonic-offset", "-1.5s"},
                               "tr -s ' \\t' ' ' </proc/self/timens_offsets");
    EXPECT_EQ(ended.out, "monotonic -2 500000000\nboottime 86400 0\n") << ended.err;
}

TEST(CliRunAnyUser, streams_go_to_files) {
    const Folder folder;
    const std::string in = folder.path + "/in";
    const std::string out = folder.path + "/out";
    std::ofstream{in} << "read\n";
    EXPECT_EQ(
        run_sh({"--stdin", in, "--stdout", out, "--stderr", out}, "cat; echo two >&2; echo three").code(), 0);
    EXPECT_EQ(content(out), "read\ntwo\nthree\n");
    EXPECT_EQ(run_sh({"--append", "--stdout", out}, "echo four").code(), 0);
    EXPECT_EQ(content(out), "read\ntwo\nthree\nfour\n");
    EXPECT_EQ(run_sh({"--stdout", out}, "echo one").code(), 0);
    EXPECT_EQ(content(out), "one\n");
}

TEST(CliRunAnyUser, closes_every_descriptor_that_is_not_handed_over) {
    const support::Pipe pipe;
    const int source = pipe.in.ref().number();
    const auto inherit = [source] {
        ::dup2(source, 50);
        ::dup2(source, 60);
    };
    LinxCommand nothing{{"run", "--", "sh", "-c", "ls /proc/$$/fd"}, inherit};
    EXPECT_EQ(nothing.wait().out, "0\n1\n2\n");
    LinxCommand one{{"run", "--fd", "7=50", "--", "sh", "-c", "ls /proc/$$/fd; echo x >&7"}, inherit};
    EXPECT_EQ(one.wait().out, "0\n1\n2\n7\n");
    EXPECT_EQ(support::read_bytes(pipe.out.ref(), 2), "x\n");
}

TEST(CliRunAnyUser, works_with_its_standard_streams_closed) {
    for (const int closed : {0, 1, 2}) {
        LinxCommand command{{"run", "--", "sh", "-c", "exit 3"}, [closed] { ::close(closed); }};
        EXPECT_EQ(command.wait().code(), 3) << "without descriptor " << closed;
    }
}

TEST(CliRunAnyUser, a_signal_reaches_the_workload) {
    for (const int signum : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGRTMIN}) {
        LinxCommand command{{"run", "--rlimit", "core=0", "--", workload("stays")}};
        ASSERT_TRUE(says_up(command.out()));
        command.signal(signum);
        EXPECT_EQ(command.wait().code(), 128 + signum);
    }
}

TEST(CliRunAnyUser, a_signal_that_the_workload_handles_does_not_end_linx) {
    LinxCommand command{
        {"run", "--", "sh", "-c", "trap 'exit 9' USR1; echo up; while :; do sleep 0.01; done"}};
    ASSERT_TRUE(says_up(command.out()));
    command.signal(SIGUSR1);
    EXPECT_EQ(command.wait().code(), 9);
}

TEST(CliRunAnyUser, a_killed_linx_leaves_no_workload) {
    LinxCommand command{{"run", "--", workload("stays")}};
    ASSERT_TRUE(says_up(command.out()));
    command.signal(SIGKILL);
    // The workload holds the pipe: its end is the workload's end.
    EXPECT_EQ(command.wait().out, "");
    EXPECT_TRUE(support::readable_now(command.out()));
}

TEST(CliRunAnyUser, hangups_that_linx_ignores_are_ignored_by_the_workload) {
    LinxCommand command{{"run", "--", "sh", "-c", "kill -HUP $$; exit 5"}, [] { ::signal(SIGHUP, SIG_IGN); }};
    EXPECT_EQ(command.wait().code(), 5);
}

TEST(CliRunAnyUser, an_inherited_ignored_sigchld_loses_no_status) {
    LinxCommand command{{"run", "--", "sh", "-c", "exit 6"}, [] { ::signal(SIGCHLD, SIG_IGN); }};
    EXPECT_EQ(command.wait().code(), 6);
}

TEST(CliRunAnyUser, a_stopped_workload_goes_on_when_linx_is_continued) {
    // Its process group here is orphaned or not, as it happens: in both cases SIGCONT makes it go on.
    LinxCommand command{{"run", "--", "sh", "-c", "kill -STOP $$; exit 8"}};
    std::string state;
    const auto end = std::chrono::steady_clock::now() + support::deadline;
    while (state.empty() && std::chrono::steady_clock::now() < end) {
        const std::string children = content("/proc/" + std::to_string(command.pid()) + "/task/" +
                                             std::to_string(command.pid()) + "/children");
        const std::string pid = children.substr(0, children.find(' '));
        if (content("/proc/" + pid + "/status").find("State:\tT") != std::string::npos) {
            state = "stopped";
        }
    }
    ASSERT_EQ(state, "stopped");
    command.signal(SIGCONT);
    // One SIGCONT may come before linx has seen the stop.
    while (!support::readable_in_time(command.out(), std::chrono::milliseconds{20}) &&
           std::chrono::steady_clock::now() < end) {
        command.signal(SIGCONT);
    }
    EXPECT_EQ(command.wait().code(), 8);
}

TEST(CliTimeoutAnyUser, ends_the_workload_with_124) {
    const Ended ended = linx_command({"run", "--timeout", "50ms", "--", workload("stays")});
    EXPECT_EQ(ended.code(), 124);
    EXPECT_NE(ended.err.find("linx: the command ran longer than 50 ms"), std::string::npos) << ended.err;
}

TEST(CliTimeoutAnyUser, kills_what_does_not_end) {
    const Ended ended = linx_command({"run", "--timeout", "50ms", "--kill-grace", "50ms", "--", "sh", "-c",
                                      "trap '' TERM; while :; do sleep 0.01; done"});
    EXPECT_EQ(ended.code(), 124);
    EXPECT_NE(ended.err.find("it is killed"), std::string::npos) << ended.err;
}

TEST(CliTimeoutAnyUser, kills_the_init_of_a_pid_namespace) {
    EXPECT_EQ(
        linx_command({"run", "--all", "--timeout", "50ms", "--kill-grace", "50ms", "--", workload("stays")})
            .code(),
        124);
}

TEST(CliTimeoutAnyUser, does_not_touch_what_ends_in_time) {
    EXPECT_EQ(run_sh({"--timeout", "1d"}, "exit 3").code(), 3);
}

TEST(CliCheckpointAnyUser, the_command_sees_the_parked_child) {
    // The child has not executed anything: it still is linx.
    const Ended ended = linx_command({"run", "--at-checkpoint",
                                      "readlink /proc/$LINX_PID/exe; test $(cat /proc/$LINX_PID/comm) = linx",
                                      "--", "echo", "workload"});
    EXPECT_EQ(ended.code(), 0) << ended.err;
    EXPECT_EQ(ended.out, std::string(LINX_COMMAND) + "\nworkload\n");
}

TEST(CliCheckpointAnyUser, a_failure_aborts_the_launch) {
    const Ended failed = linx_command({"run", "--at-checkpoint", "exit 3", "--", "echo", "workload"});
    EXPECT_EQ(failed.code(), 125);
    EXPECT_EQ(failed.out, "");
    EXPECT_EQ(failed.err,
              "linx: the command at the checkpoint failed with exit code 3; the launch is aborted\n");
    const Ended killed = linx_command({"run", "--at-checkpoint", "kill -TERM $$", "--", "echo", "workload"});
    EXPECT_EQ(killed.code(), 125);
    EXPECT_EQ(killed.err,
              "linx: the command at the checkpoint was killed by SIGTERM; the launch is aborted\n");
}

std::string timeout_message(const std::string& time) {
    return "linx: the checkpoint timeout of " + time +
           " has elapsed; the command at the checkpoint is killed, the launch is aborted\n";
}

TEST(CliCheckpointAnyUser, a_timeout_kills_the_command_with_all_that_it_started) {
    const Ended ended =
        linx_command({"run", "--checkpoint-timeout", "100ms", "--at-checkpoint",
                      workload("stays") + " & " + workload("stays"), "--", "echo", "workload"});
    EXPECT_EQ(ended.code(), 125);
    EXPECT_EQ(ended.err, timeout_message("100 ms"));
    EXPECT_EQ(ended.out.find("workload"), std::string::npos);
}

/// So short that it is over before the command has been started at all, or just after.
TEST(CliCheckpointAnyUser, a_timeout_is_called_a_timeout_whenever_it_comes) {
    for (int round = 0; round < 20; ++round) {
        const Ended ended = linx_command({"run", "--checkpoint-timeout", "1ms", "--at-checkpoint",
                                          "exec " + workload("stays"), "--", "echo", "workload"});
        EXPECT_EQ(ended.code(), 125);
        EXPECT_EQ(ended.err, timeout_message("1 ms"));
    }
}

TEST(CliCheckpointAnyUser, a_timeout_of_nothing_is_refused) {
    const Ended ended = linx_command(
        {"run", "--checkpoint-timeout", "0", "--at-checkpoint", "true", "--", "echo", "workload"});
    EXPECT_EQ(ended.code(), 125);
    EXPECT_EQ(ended.out, "");
    EXPECT_NE(ended.err.find("\"0\" leaves CMD no time"), std::string::npos) << ended.err;
}

TEST(CliCheckpointAnyUser, signals_abort_the_launch_and_leave_nothing) {
    for (const int signum : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        LinxCommand command{
            {"run", "--at-checkpoint", "exec " + workload("stays"), "--", "echo", "workload"}};
        ASSERT_TRUE(says_up(command.out()));
        command.signal(signum);
        const Ended ended = command.wait();
        EXPECT_EQ(ended.code(), 128 + signum) << ended.err;
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.err.rfind("linx: aborted by SIG", 0), 0U) << ended.err;
    }
}

TEST(CliCheckpointAnyUser, a_killed_linx_leaves_neither_child_nor_command) {
    LinxCommand command{{"run", "--at-checkpoint", "exec " + workload("stays"), "--", "echo", "workload"}};
    ASSERT_TRUE(says_up(command.out()));
    command.signal(SIGKILL);
    EXPECT_EQ(command.wait().out, "");
}

TEST(CliCheckpointAnyUser, a_killed_linx_leaves_nothing_that_the_command_has_started) {
    const std::string stays = workload("stays");
    LinxCommand command{{"run", "--at-checkpoint", "(" + stays + " & wait) & " + stays + " & wait", "--",
                         "echo", "workload"}};
    ASSERT_EQ(support::read_bytes(command.out(), 6), "up\nup\n");
    command.signal(SIGKILL);
    EXPECT_EQ(command.wait().out, "");
    // The kernel says so: nobody has the pipe any more.
    EXPECT_TRUE(support::readable_now(command.out()));
}

TEST(CliCheckpointAnyUser, what_a_successful_command_leaves_in_the_background_goes_on) {
    const Folder folder;
    const std::string file = folder.path + "/pid";
    const Ended ended = linx_command(
        {"run", "--at-checkpoint", workload("stays") + " >/dev/null 2>&1 & echo $! >" + file, "--", "true"});
    EXPECT_EQ(ended.code(), 0) << ended.err;
    const pid_t pid = std::atoi(content(file).c_str());
    ASSERT_GT(pid, 0);
    const std::string status = content("/proc/" + std::to_string(pid) + "/status");
    EXPECT_NE(status, "");
    EXPECT_EQ(status.find("State:\tZ"), std::string::npos) << status;
    ::kill(pid, SIGKILL);
}

TEST(CliCheckpointAnyUser, nothing_of_the_checkpoint_is_there_when_the_workload_runs) {
    LinxCommand command{{"run", "--at-checkpoint", "true", "--", workload("stays")}};
    ASSERT_TRUE(says_up(command.out()));
    const std::string me = std::to_string(command.pid());
    const std::string children = content("/proc/" + me + "/task/" + me + "/children");
    EXPECT_EQ(std::ranges::count(children, ' '), 1) << children;
}

TEST(CliCheckpointAnyUser, a_child_that_dies_there_ends_the_command) {
    const Ended ended =
        linx_command({"run", "--at-checkpoint", "kill -KILL $LINX_PID; exec " + workload("stays"), "--",
                      "echo", "workload"});
    EXPECT_EQ(ended.code(), 125);
    EXPECT_NE(ended.err.find("the child died at the checkpoint"), std::string::npos) << ended.err;
}

/// A process in eight namespaces of its own to enter.
class CliEnter : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(says_up(target_.out()));
        const std::string me = std::to_string(target_.pid());
        const std::string children = content("/proc/" + me + "/task/" + me + "/children");
        pid_ = children.substr(0, children.find(' '));
        ASSERT_FALSE(pid_.empty());
    }
    Ended enter(const Words& options, const std::string& script) {
        Words words{"enter"};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {pid_, "--", "sh", "-c", script});
        return linx_command(words);
    }

    LinxCommand target_{{"run", "--all", "--hostname", "target", "--", workload("stays")}};
    std::string pid_;
};

TEST_F(CliEnter, joins_all_that_differs) {
    const Ended ended = enter({}, "hostname; pwd; test -e /proc/1/ns && readlink /proc/1/exe; exit 4");
    EXPECT_EQ(ended.code(), 4) << ended.err;
    EXPECT_EQ(ended.out, "target\n/\n" + workload("stays") + "\n");
}

TEST_F(CliEnter, joins_what_is_chosen) {
    const Ended ended = enter({"--uts"}, "hostname; readlink /proc/self/ns/net");
    EXPECT_TRUE(ended.out.starts_with("target\n")) << ended.err;
    char net[64] = {};
    ASSERT_GT(::readlink("/proc/self/ns/net", net, sizeof net - 1), 0);
    EXPECT_EQ(ended.out, std::string("target\n") + net + "\n");
}

TEST_F(CliEnter, inspect_marks_what_differs) {
    const Ended ended = linx_command({"inspect", pid_});
    EXPECT_EQ(ended.code(), 0) << ended.err;
    for (const char* kind : {"user", "mount", "pid", "net", "uts", "ipc", "cgroup", "time"}) {
        EXPECT_NE(ended.out.find(std::string("\n* ") + kind + " "), std::string::npos) << kind << "\n"
                                                                                       << ended.out;
    }
    EXPECT_NE(ended.out.find("pids inwards    " + pid_ + " 1\n"), std::string::npos) << ended.out;
}

}  // namespace
