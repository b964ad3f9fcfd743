/// A launch with an init: whose end is told, and who gets the signals.
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"

#include <csignal>
#include <cstdlib>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using linx::Namespace;
using support::Report;
using Init = support::LeavesNothing;

linx::Result<linx::Process> running(linx::ProcessSpec spec) {
    spec.init = true;
    spec.leads = linx::Leads::session;
    auto held = linx::spawn(spec, support::patience);
    if (!held) {
        return std::unexpected(held.error());
    }
    return std::move(*held).proceed(support::patience);
}

TEST_F(Init, passes_a_signal_to_a_workload_that_would_be_shielded_as_pid_1) {
    linx::ProcessSpec spec = support::staying();
    spec.namespaces = linx::Namespaces{Namespace::pid};
    auto process = running(spec);
    ASSERT_TRUE(process) << process.error().message();
    ASSERT_TRUE(process->signal(SIGTERM));
    const auto status = process->wait(support::patience);
    ASSERT_TRUE(status) << status.error().message();
    ASSERT_TRUE(std::holds_alternative<linx::Signaled>(status->how));
    EXPECT_EQ(std::get<linx::Signaled>(status->how).signum, SIGTERM);
}

using InitWorkload = support::LeavesNothing;

linx::ProcessSpec reporting_under_init(const std::optional<linx::Namespaces>& fresh = {}) {
    linx::ProcessSpec spec = support::reporting(fresh);
    spec.init = true;
    return spec;
}

TEST_F(InitWorkload, is_the_child_of_the_init_and_leads_what_the_spec_says) {
    pid_t init = 0;
    const Report report =
        support::report_of(reporting_under_init(), [&](const auto& held) { init = held.host_pid(); });
    EXPECT_EQ(report.number("ppid"), init);
    EXPECT_EQ(report["pgid"], std::to_string(::getpgrp())) << "the spec has it lead nothing";
    linx::ProcessSpec leading = reporting_under_init();
    leading.leads = linx::Leads::session;
    const Report leader = support::report_of(leading, [&](const auto& held) { init = held.host_pid(); });
    EXPECT_EQ(leader["pgid"], leader["pid"]);
    EXPECT_EQ(leader.number("sid"), init);
}

TEST_F(InitWorkload, is_process_2_of_a_fresh_pid_namespace) {
    const Report report = support::report_of(reporting_under_init(linx::Namespaces{Namespace::pid}));
    EXPECT_EQ(report["pid"], "2");
    EXPECT_EQ(report["ppid"], "1");
}

TEST_F(InitWorkload, finds_the_descriptors_that_were_handed_over_and_no_other) {
    const support::Pipe pipe;
    linx::ProcessSpec spec = reporting_under_init();
    // Under the numbers that the init would take first for itself.
    spec.fds = {{.source = pipe.in.ref(), .number = 3}, {.source = pipe.out.ref(), .number = 4}};
    const std::string behind =
        support::link_target("/proc/self/fd/" + std::to_string(pipe.in.ref().number()));
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["fds"], "5");
    EXPECT_TRUE(report["fd.3"].starts_with(behind)) << report["fd.3"];
    EXPECT_TRUE(report["fd.4"].starts_with(behind)) << report["fd.4"];
}

TEST_F(InitWorkload, has_the_signals_that_were_asked_for) {
    linx::ProcessSpec spec = reporting_under_init();
    const Report by_default = support::report_of(spec);
    EXPECT_EQ(by_default["sigblk"], "0");
    EXPECT_EQ(by_default["sigign"], "");
    spec.blocked_signals = {SIGUSR1, 64};
    spec.ignored_signals = {SIGHUP, SIGCHLD};
    const Report asked = support::report_of(spec);
    EXPECT_EQ(asked["sigblk"], "8000000000000200");
    spec.init = false;
    EXPECT_EQ(asked["sigign"], support::report_of(spec)["sigign"]);
    EXPECT_NE(asked["sigign"], "");
}

TEST_F(InitWorkload, dies_with_the_init) {
    EXPECT_EQ(support::report_of(reporting_under_init())["pdeathsig"], std::to_string(SIGKILL));
}

TEST_F(InitWorkload, may_be_told_another_name) {
    linx::ProcessSpec spec = reporting_under_init();
    spec.arg0 = "-login";
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["argv.0"], "-login");
    EXPECT_EQ(report["argc"], "1");
}

TEST_F(InitWorkload, may_be_an_open_file_and_no_path_at_all) {
    const std::string image = support::contents(support::workload("reports"));
    const linx::Fd file{::memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    ASSERT_TRUE(support::write_all(file.ref(), image));
    linx::ProcessSpec spec;
    spec.init = true;
    spec.program = file.ref();
    spec.argv = {"anything", "word"};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["argv.0"], "anything");
    EXPECT_EQ(report["argv.1"], "word");
    EXPECT_EQ(report["fds"], "3");
}

TEST_F(InitWorkload, that_cannot_be_executed_is_told_as_without_an_init) {
    for (const char* program : {"linx-test-no-such-program", "/nonexistent/program", "/etc/passwd", "/"}) {
        linx::ProcessSpec spec;
        spec.argv = {program};
        const linx::Error without = support::error_of(spec);
        spec.init = true;
        for (const auto& fresh :
             {std::optional<linx::Namespaces>{}, std::optional{linx::Namespaces{Namespace::pid}}}) {
            spec.namespaces = fresh;
            const linx::Error with = support::error_of(spec);
            EXPECT_EQ(with.stage, linx::Stage::execve);
            EXPECT_EQ(with.message(), without.message());
            expect_nothing_left();
        }
    }
}

using InitEnd = support::LeavesNothing;

linx::ExitStatus end_of(const std::vector<std::string>& argv) {
    linx::ProcessSpec spec;
    spec.argv = argv;
    auto process = running(spec);
    EXPECT_TRUE(process) << process.error().message();
    const auto status = process->wait(support::patience);
    EXPECT_TRUE(status) << status.error().message();
    return *status;
}

TEST_F(InitEnd, is_the_workloads_exit_code_or_signal) {
    for (const int code : {0, 1, 128 + SIGTERM, 255}) {
        const auto end = end_of({"/bin/sh", "-c", "exit " + std::to_string(code)});
        ASSERT_TRUE(std::holds_alternative<linx::Exited>(end.how));
        EXPECT_EQ(std::get<linx::Exited>(end.how).code, code);
    }
    for (const int signum : {SIGHUP, SIGKILL, SIGTERM, 64}) {
        const auto end = end_of({"/bin/sh", "-c", "kill -" + std::to_string(signum) + " $$"});
        ASSERT_TRUE(std::holds_alternative<linx::Signaled>(end.how));
        EXPECT_EQ(std::get<linx::Signaled>(end.how).signum, signum);
    }
}

/// The child of a process that nobody has reaped yet.
pid_t child_of(pid_t pid) {
    const std::string number = std::to_string(pid);
    return std::atoi(support::contents("/proc/" + number + "/task/" + number + "/children").c_str());
}

TEST_F(InitEnd, is_the_inits_own_when_that_is_killed_and_the_workload_dies_with_it) {
    auto process = running(support::staying());
    ASSERT_TRUE(process) << process.error().message();
    const pid_t workload = child_of(process->host_pid());
    ASSERT_GT(workload, 1);
    const linx::Fd orphan = support::pidfd_of(workload);
    ASSERT_TRUE(process->signal(SIGKILL));
    const auto status = process->wait(support::patience);
    ASSERT_TRUE(status) << status.error().message();
    ASSERT_TRUE(std::holds_alternative<linx::Signaled>(status->how));
    EXPECT_EQ(std::get<linx::Signaled>(status->how).signum, SIGKILL);
    ASSERT_TRUE(support::readable_in_time(orphan.ref())) << "the workload lives on";
    // It has come to us, who take over orphans.
    EXPECT_EQ(::waitpid(workload, nullptr, 0), workload);
}

TEST_F(InitEnd, comes_after_that_of_whatever_the_workload_has_left_behind) {
    support::Pipe pipe;
    linx::ProcessSpec spec;
    spec.argv = {support::workload("begets"), "child", "session", "ends"};
    spec.stdout_to = linx::StdioFd{pipe.in.ref()};
    auto process = running(spec);
    ASSERT_TRUE(process) << process.error().message();
    pipe.in.reset();
    const auto status = process->wait(support::patience);
    ASSERT_TRUE(status) << status.error().message();
    EXPECT_EQ(status->shell_code(), 3);
    EXPECT_TRUE(support::readable_now(pipe.out.ref())) << "somebody still holds the pipe";
}

TEST_F(InitEnd, is_that_of_a_signal_which_came_before_the_workload_was_there) {
    for (int round = 0; round < 200; ++round) {
        linx::ProcessSpec spec = support::staying();
        spec.init = true;
        auto held = linx::spawn(spec, support::patience);
        ASSERT_TRUE(held) << held.error().message();
        const linx::Fd init = support::pidfd_of(held->host_pid());
        // To the parked child: it is pending when the init is born.
        ASSERT_EQ(::syscall(SYS_pidfd_send_signal, init.ref().number(), SIGTERM, nullptr, 0), 0);
        auto process = std::move(*held).proceed(support::patience);
        ASSERT_TRUE(process) << process.error().message();
        const auto status = process->wait(support::patience);
        ASSERT_TRUE(status) << status.error().message();
        EXPECT_EQ(status->shell_code(), 128 + SIGTERM);
    }
}

}  // namespace
