/// Job control by a real pseudo-terminal.
#include "support/init.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/ioctl.h>

namespace {

using support::Birth;
using support::Ended;
using support::Init;
using support::ours;
using support::ours_as;
using support::peer;
using support::Running;
using support::workload;
using testing::HasSubstr;
using testing::Not;

/// The side of a terminal that a person sits at.
class Terminal {
public:
    Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        EXPECT_EQ(::grantpt(master_.ref().number()), 0);
        EXPECT_EQ(::unlockpt(master_.ref().number()), 0);
        path_ = ::ptsname(master_.ref().number());
    }
    /// For before_exec: a session of its own, and this its terminal, as stdin and as `also`.
    void control(std::initializer_list<int> also = {}) const {
        ::setsid();
        const int slave = ::open(path_.c_str(), O_RDWR);
        ::ioctl(slave, TIOCSCTTY, 0);
        ::dup2(slave, 0);
        for (const int fd : also) {
            ::dup2(slave, fd);
        }
        ::close(slave);
    }
    void type(const std::string& text) const { EXPECT_TRUE(support::write_all(master_.ref(), text)); }
    /// What is typed reaches that process: its group has the foreground.
    [[nodiscard]] bool is_for(pid_t pid) const {
        return support::becomes([&] { return ::tcgetpgrp(master_.ref().number()) == ::getpgid(pid); });
    }
    /// Waits for a text on the screen, and forgets what is up to it; what was seen when it does not come.
    testing::AssertionResult shows(const std::string& text) {
        while (true) {
            if (const std::size_t at = screen_.find(text); at != std::string::npos) {
                screen_.erase(0, at + text.size());
                return testing::AssertionSuccess();
            }
            char buffer[4096];
            const ssize_t got = support::readable_in_time(master_.ref(), support::deadline)
                                    ? ::read(master_.ref().number(), buffer, sizeof buffer)
                                    : 0;
            if (got <= 0) {
                return testing::AssertionFailure() << "no " << text << " in: " << screen_;
            }
            screen_.append(buffer, static_cast<std::size_t>(got));
        }
    }

private:
    linx::Fd master_;
    std::string path_;
    std::string screen_;
};

/// How often a command in the init's own group hears the terminal's ^C.
long interrupts(const Init& init) {
    const Terminal terminal;
    Running running{init, {workload("hears")}, {.before_exec = [&] { terminal.control(); }}};
    EXPECT_TRUE(running.says("up\n")) << init.name;
    terminal.type("\x03");
    EXPECT_TRUE(running.says("signal=2 ")) << init.name;
    // Whatever the init forwards of ^C comes before this.
    running.signal(SIGTERM);
    const Ended ended = running.wait();
    EXPECT_EQ(ended.code(), 7) << init.name;
    return 1 + (ended.out.find("signal=2 ") != std::string::npos ? 1 : 0);
}

TEST(InitTerminalAnyUser, an_interrupt_comes_once_whoever_leads) {
    EXPECT_EQ(interrupts(ours()), 1);
    EXPECT_EQ(interrupts(ours({"--pgrp"})), 1);
    EXPECT_EQ(interrupts(ours({"--no-pgrp"})), 1);
    EXPECT_EQ(interrupts(ours_as("dumb-init", {"-c"})), 1);
}

TEST(InitTerminalAnyUser, an_interrupt_sent_by_a_process_reaches_a_command_in_the_own_group) {
    const Terminal terminal;
    Running running{
        ours({"--no-pgrp"}), {workload("hears"), "2"}, {.before_exec = [&] { terminal.control(); }}};
    ASSERT_TRUE(running.says("up\n"));
    running.signal(SIGINT);
    EXPECT_EQ(running.outcome(), 7);
}

/// The command of an init under a shell, or of a shell under an init.
pid_t grandchild(const Running& running) {
    const std::vector<pid_t> all = support::children_of(running.child());
    return all.size() == 1 ? all.front() : -1;
}

/// A shell with job control, or an init with such a shell, at that terminal.
Birth interactive(const Terminal& terminal) {
    return {.before_exec = [&terminal] {
        ::setenv("PS1", "ready> ", 1);
        ::unsetenv("ENV");
        terminal.control({1, 2});
    }};
}

TEST(InitTerminalAnyUser, under_a_shell_it_stops_goes_on_and_ends_with_its_command) {
    Terminal terminal;
    Running shell{"/bin/sh", {"-i"}, interactive(terminal)};
    ASSERT_TRUE(terminal.shows("ready> "));
    terminal.type(std::string(LINX_INIT) + " -- " + workload("stays") + "\n");
    ASSERT_TRUE(terminal.shows("up"));
    const pid_t command = grandchild(shell);
    ASSERT_TRUE(terminal.is_for(command));
    terminal.type("\x1a");
    ASSERT_TRUE(terminal.shows("Stopped"));
    ASSERT_TRUE(terminal.shows("ready> "));
    terminal.type("fg\n");
    ASSERT_TRUE(terminal.is_for(command));
    terminal.type("\x03");
    ASSERT_TRUE(terminal.shows("ready> "));
    terminal.type("echo code=$?.\n");
    EXPECT_TRUE(terminal.shows("code=130."));
}

TEST(InitTerminalAnyUser, started_in_the_background_it_leaves_the_foreground_to_the_shell) {
    Terminal terminal;
    Running shell{"/bin/sh", {"-i"}, interactive(terminal)};
    ASSERT_TRUE(terminal.shows("ready> "));
    terminal.type(std::string(LINX_INIT) + " -- " + workload("stays") + " &\n");
    ASSERT_TRUE(terminal.shows("up"));
    terminal.type("echo still=$((40+2))\n");
    EXPECT_TRUE(terminal.shows("still=42"));
    terminal.type("kill %1; wait %1; echo code=$?.\n");
    EXPECT_TRUE(terminal.shows("code=143."));
}

TEST(InitTerminalAnyUser, a_shell_inside_has_job_control) {
    Terminal terminal;
    Running init{ours(), {"/bin/sh", "-i"}, interactive(terminal)};
    ASSERT_TRUE(terminal.shows("ready> "));
    terminal.type(workload("stays") + "\n");
    ASSERT_TRUE(terminal.shows("up"));
    const pid_t command = grandchild(init);
    ASSERT_TRUE(terminal.is_for(command));
    terminal.type("\x1a");
    ASSERT_TRUE(terminal.shows("Stopped"));
    ASSERT_TRUE(terminal.shows("ready> "));
    terminal.type("fg\n");
    ASSERT_TRUE(terminal.is_for(command));
    terminal.type("\x03");
    ASSERT_TRUE(terminal.shows("ready> "));
    terminal.type("exit 6\n");
    EXPECT_EQ(init.outcome(), 6);
}

}  // namespace
