/// The basics of a workload: its program and arguments, environment, directory, umask, limits, priority,
/// session and privileges, as the workload itself finds them.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/resource.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using linx::Stage;
using support::Report;
using Lines = std::vector<std::string>;

using Program = support::LeavesNothing;

/// A spec whose PATH is this one.
linx::ProcessSpec searching(const std::string& name, const std::string& path) {
    linx::ProcessSpec spec;
    spec.argv = {name};
    spec.environment.changes = {{"PATH", path}};
    return spec;
}

void copy_program(const std::string& name, const std::string& to, mode_t mode = 0755) {
    std::filesystem::copy_file(support::workload(name), to);
    ::chmod(to.c_str(), mode);
}

TEST_F(Program, gets_its_arguments_as_they_are) {
    linx::ProcessSpec spec = support::reporting();
    spec.argv = {support::workload("reports"), "", "a b", "$HOME", "-x", "\xff"};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["argc"], "6");
    EXPECT_EQ(report["argv.0"], support::workload("reports"));
    EXPECT_EQ(report["argv.1"], "");
    EXPECT_EQ(report["argv.2"], "a b");
    EXPECT_EQ(report["argv.3"], "$HOME");
    EXPECT_EQ(report["argv.5"], "\xff");
}

TEST_F(Program, may_be_told_another_name) {
    linx::ProcessSpec spec = support::reporting();
    spec.arg0 = "-login";
    EXPECT_EQ(support::report_of(spec)["argv.0"], "-login");
}

TEST_F(Program, is_looked_up_in_the_path_of_its_own_environment) {
    const support::TemporaryDirectory directory;
    copy_program("reports", directory / "found_by_path");
    // The launcher's own PATH does not have it.
    const Report report = support::report_of(searching("found_by_path", "/nonexistent:" + directory.path()));
    EXPECT_EQ(report["argv.0"], "found_by_path");
}

TEST_F(Program, an_element_of_path_that_is_empty_is_the_working_directory) {
    const support::TemporaryDirectory directory;
    copy_program("reports", directory / "here");
    for (const char* path : {"", "/nonexistent:", ":/nonexistent", "/nonexistent::/other"}) {
        linx::ProcessSpec spec = searching("here", path);
        spec.cwd = directory.path();
        EXPECT_TRUE(support::report_of(spec).is_complete()) << path;
    }
}

TEST_F(Program, that_may_not_be_executed_is_passed_over_but_remembered) {
    const support::TemporaryDirectory directory;
    std::filesystem::create_directories(directory / "first");
    std::filesystem::create_directories(directory / "second");
    copy_program("returns", directory / "first/tool", 0644);
    const std::string path = directory / "first" + ":" + directory / "second" + ":/nonexistent";
    const linx::Error error = support::error_of(searching("tool", path));
    EXPECT_EQ(error.stage, Stage::execve);
    EXPECT_EQ(error.errnum, EACCES);
    EXPECT_EQ(error.detail, directory / "first/tool");
    copy_program("reports", directory / "second/tool");
    EXPECT_TRUE(support::report_of(searching("tool", path)).is_complete());
}

TEST_F(Program, a_name_with_a_slash_is_not_looked_up) {
    linx::ProcessSpec spec = searching("./reports", LINX_WORKLOADS);
    spec.cwd = "/";
    EXPECT_EQ(support::error_of(spec).errnum, ENOENT);
    spec.cwd = LINX_WORKLOADS;
    EXPECT_TRUE(support::report_of(spec).is_complete());
}

TEST_F(Program, a_text_without_an_interpreter_is_a_shell_script) {
    if (::access("/bin/sh", X_OK) != 0) {
        GTEST_SKIP() << "this machine has no /bin/sh";
    }
    const support::TemporaryDirectory directory;
    support::put_contents(directory / "script", "echo \"argv.0=$0\"; echo \"argv.1=$1\"; echo end=1\n");
    ::chmod((directory / "script").c_str(), 0755);
    linx::ProcessSpec spec = support::reporting();
    spec.argv = {directory / "script", "word"};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["argv.0"], directory / "script");
    EXPECT_EQ(report["argv.1"], "word");
}

TEST_F(Program, an_open_file_and_no_path_at_all) {
    const std::string image = support::contents(support::workload("reports"));
    const linx::Fd file{::memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    ASSERT_TRUE(support::write_all(file.ref(), image));
    linx::ProcessSpec spec;
    spec.program = file.ref();
    spec.argv = {"anything"};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["argv.0"], "anything");
    EXPECT_EQ(report["fds"], "3") << "the descriptor of the program is closed on exec";
}

using Surroundings = support::LeavesNothing;

TEST_F(Surroundings, the_environment_is_the_callers_with_changes) {
    ::setenv("LINX_TEST_KEPT", "a=b", 1);
    ::setenv("LINX_TEST_UNSET", "x", 1);
    linx::ProcessSpec spec = support::reporting();
    spec.environment.changes = {
        {"LINX_TEST_UNSET", {}}, {"LINX_TEST_SET", "1"}, {"LINX_TEST_SET", "2"}, {"EMPTY", ""}};
    const Lines env = support::report_of(spec).all("env");
    ::unsetenv("LINX_TEST_KEPT");
    ::unsetenv("LINX_TEST_UNSET");
    EXPECT_EQ(std::ranges::count(env, "LINX_TEST_KEPT=a=b"), 1);
    EXPECT_EQ(std::ranges::count(env, "LINX_TEST_SET=2"), 1);
    EXPECT_EQ(std::ranges::count(env, "LINX_TEST_SET=1"), 0);
    EXPECT_EQ(std::ranges::count(env, "EMPTY="), 1);
    EXPECT_TRUE(
        std::ranges::none_of(env, [](const auto& entry) { return entry.starts_with("LINX_TEST_UNSET"); }));
}

TEST_F(Surroundings, an_empty_environment_is_empty) {
    linx::ProcessSpec spec = support::reporting();
    spec.environment.base = linx::EnvironmentBase::empty;
    EXPECT_EQ(support::report_of(spec).all("env"), Lines{});
    spec.environment.changes = {{"ONLY", "this"}};
    EXPECT_EQ(support::report_of(spec).all("env"), Lines{"ONLY=this"});
}

TEST_F(Surroundings, a_minimal_environment_has_path_and_term_only) {
    ::setenv("TERM", "dumb", 1);
    ::setenv("PATHOLOGICAL", "x", 1);
    linx::ProcessSpec spec = support::reporting();
    spec.environment.base = linx::EnvironmentBase::minimal;
    Lines env = support::report_of(spec).all("env");
    ::unsetenv("PATHOLOGICAL");
    std::ranges::sort(env);
    EXPECT_EQ(env, (Lines{std::string("PATH=") + ::getenv("PATH"), "TERM=dumb"}));
}

TEST_F(Surroundings, the_working_directory) {
    const support::TemporaryDirectory directory;
    linx::ProcessSpec spec = support::reporting();
    EXPECT_EQ(support::report_of(spec)["cwd"], support::link_target("/proc/self/cwd"));
    spec.cwd = directory.path();
    EXPECT_EQ(support::report_of(spec)["cwd"], directory.path());
    spec.cwd = directory / "missing";
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::chdir);
    EXPECT_EQ(error.errnum, ENOENT);
    EXPECT_EQ(error.detail, directory / "missing");
}

TEST_F(Surroundings, a_directory_that_appears_while_the_child_waits_will_do) {
    const support::TemporaryDirectory directory;
    linx::ProcessSpec spec = support::reporting();
    spec.cwd = directory / "later";
    const Report report = support::report_of(
        spec, [&directory](const linx::Held&) { std::filesystem::create_directory(directory / "later"); });
    EXPECT_EQ(report["cwd"], directory / "later");
}

TEST_F(Surroundings, the_umask) {
    linx::ProcessSpec spec = support::reporting();
    spec.umask = 0027;
    EXPECT_EQ(support::report_of(spec)["umask"], "27");
    spec.umask = 0;
    EXPECT_EQ(support::report_of(spec)["umask"], "0");
}

TEST_F(Surroundings, no_new_privileges) {
    linx::ProcessSpec spec = support::reporting();
    EXPECT_EQ(support::report_of(spec)["no_new_privs"], "0");
    spec.no_new_privs = true;
    EXPECT_EQ(support::report_of(spec)["no_new_privs"], "1");
}

TEST_F(Surroundings, whom_it_leads) {
    const std::string own_group = std::to_string(::getpgid(0));
    const std::string own_session = std::to_string(::getsid(0));
    linx::ProcessSpec spec = support::reporting();
    const Report nothing = support::report_of(spec);
    EXPECT_EQ(nothing["pgid"], own_group);
    EXPECT_EQ(nothing["sid"], own_session);
    spec.leads = linx::Leads::process_group;
    const Report group = support::report_of(spec);
    EXPECT_EQ(group["pgid"], group["pid"]);
    EXPECT_EQ(group["sid"], own_session);
    spec.leads = linx::Leads::session;
    const Report session = support::report_of(spec);
    EXPECT_EQ(session["pgid"], session["pid"]);
    EXPECT_EQ(session["sid"], session["pid"]);
}

using Limits = support::LeavesNothing;

TEST_F(Limits, soft_and_hard) {
    linx::ProcessSpec spec = support::reporting();
    spec.rlimits = {{.resource = RLIMIT_NOFILE, .soft = 77, .hard = 99},
                    {.resource = RLIMIT_CORE, .soft = 0, .hard = 4096}};
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        rlimit at_checkpoint{};
        ::prlimit(held.host_pid(), RLIMIT_NOFILE, nullptr, &at_checkpoint);
        EXPECT_EQ(at_checkpoint.rlim_cur, before.rlim_cur)
            << "limits are for the workload, not for its preparation";
    });
    EXPECT_EQ(report["rlimit.nofile"], "77 99");
    EXPECT_EQ(report["rlimit.core"], "0 4096");
    rlimit after{};
    ::getrlimit(RLIMIT_NOFILE, &after);
    EXPECT_EQ(after.rlim_cur, before.rlim_cur);
    EXPECT_EQ(after.rlim_max, before.rlim_max);
}

TEST_F(Limits, a_limit_of_descriptors_below_those_that_are_handed_over) {
    const support::Pipe pipe;
    linx::ProcessSpec spec = support::reporting();
    spec.rlimits = {{.resource = RLIMIT_NOFILE, .soft = 10, .hard = 10}};
    spec.fds = {{.source = pipe.out.ref(), .number = 500}};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["rlimit.nofile"], "10 10");
    EXPECT_NE(report["fd.500"], "(none)");
}

TEST_F(Limits, a_limit_bites) {
    const support::TemporaryDirectory directory;
    linx::ProcessSpec spec = support::reporting();
    spec.rlimits = {{.resource = RLIMIT_FSIZE, .soft = 0, .hard = 0}};
    spec.stdout_to = linx::StdioFile{.path = directory / "out", .flags = O_WRONLY | O_CREAT};
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    const auto status = process->wait(support::patience);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->shell_code(), 128 + SIGXFSZ);
}

TEST_F(Limits, raising_a_hard_limit_takes_the_right_of_the_launcher) {
    support::in_a_child([] {
        rlimit low{.rlim_cur = 100, .rlim_max = 100};
        ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &low), 0);
        linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user});
        spec.map_root = true;
        spec.rlimits = {{.resource = RLIMIT_MEMLOCK, .soft = 150, .hard = 200}};
        rlimit probe{.rlim_cur = 100, .rlim_max = 200};
        if (::setrlimit(RLIMIT_MEMLOCK, &probe) == 0) {  // CAP_SYS_RESOURCE
            ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &low), 0);
            EXPECT_EQ(support::report_of(spec)["rlimit.memlock"], "150 200");
            return;
        }
        const linx::Error error = support::error_of(spec);
        EXPECT_EQ(error.stage, Stage::prlimit);
        EXPECT_EQ(error.errnum, EPERM);
        EXPECT_EQ(error.detail, "memlock 150:200");
        EXPECT_NE(error.hint.find("CAP_SYS_RESOURCE"), std::string::npos) << error.hint;
        EXPECT_EQ(support::children_left(), "none");
    });
}

TEST_F(Limits, niceness_up_and_down) {
    linx::ProcessSpec spec = support::reporting();
    spec.nice = 7;
    EXPECT_EQ(support::report_of(spec)["nice"], "7");
    spec.nice = -5;
    EXPECT_EQ(support::report_of(spec)["nice"], "-5") << "root may";
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), 0);
}

}  // namespace
