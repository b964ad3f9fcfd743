/// The checkpoint: before *proceed* nothing of the program has run; afterwards it runs, or nothing is left.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <csignal>

#include <fcntl.h>
#include <sys/sysmacros.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using linx::Stage;

using Checkpoint = support::LeavesNothing;

linx::ProcessSpec everything_fresh() {
    linx::ProcessSpec spec = support::reporting(Namespaces::all());
    spec.map_root = true;
    spec.time_offsets.boottime = linx::TimeOffset{.seconds = 1, .nanoseconds = 0};
    spec.mounts = {{.type = "proc", .target = "/proc", .source = "", .options = {}, .attributes = 0}};
    return spec;
}

TEST_F(Checkpoint, the_program_has_not_run_before_proceed) {
    support::Pipe pipe;
    linx::ProcessSpec spec = support::reporting();
    spec.stdout_to = linx::StdioFd{pipe.in.ref()};
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    pipe.in.reset();
    EXPECT_EQ(support::link_target(support::proc_path(held->host_pid(), "exe")),
              support::link_target("/proc/self/exe"));
    EXPECT_FALSE(support::has_executed(held->host_pid()));
    EXPECT_FALSE(support::readable_now(held->checkpoint_fd()));
    EXPECT_FALSE(support::readable_now(held->pidfd()));
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    EXPECT_TRUE(support::Report{support::read_to_end(pipe.out.ref())}.is_complete());
    EXPECT_TRUE(process->wait(support::patience));
}

TEST_F(Checkpoint, after_proceed_the_program_has_been_executed) {
    auto held = linx::spawn(support::staying(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    EXPECT_EQ(support::link_target(support::proc_path(process->host_pid(), "exe")),
              std::filesystem::canonical(support::workload("stays")));
}

TEST_F(Checkpoint, abort_ends_the_child_and_leaves_nothing) {
    support::Pipe pipe;
    linx::ProcessSpec spec = everything_fresh();
    spec.stdout_to = linx::StdioFd{pipe.in.ref()};
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    pipe.in.reset();
    const pid_t pid = held->host_pid();
    EXPECT_TRUE(std::move(*held).abort());
    EXPECT_FALSE(support::exists(pid));
    EXPECT_EQ(support::read_to_end(pipe.out.ref()), "") << "the program has run";
}

TEST_F(Checkpoint, a_dropped_held_kills_and_reaps) {
    pid_t pid = -1;
    {
        const auto held = linx::spawn(everything_fresh(), support::patience);
        ASSERT_TRUE(held) << held.error().message();
        pid = held->host_pid();
    }
    EXPECT_FALSE(support::exists(pid));
}

TEST_F(Checkpoint, a_dropped_proceeding_or_process_kills_and_reaps) {
    {
        auto held = linx::spawn(support::staying(), support::patience);
        ASSERT_TRUE(held) << held.error().message();
        const pid_t pid = held->host_pid();
        {
            const auto proceeding = std::move(*held).start_proceed();
            ASSERT_TRUE(proceeding) << proceeding.error().message();
        }
        EXPECT_FALSE(support::exists(pid));
    }
    {
        auto held = linx::spawn(support::staying(), support::patience);
        ASSERT_TRUE(held) << held.error().message();
        const pid_t pid = held->host_pid();
        ASSERT_TRUE(std::move(*held).proceed(support::patience));
        EXPECT_FALSE(support::exists(pid));
    }
}

TEST_F(Checkpoint, a_held_or_process_that_is_moved_into_ends_what_it_held) {
    auto one = linx::spawn(support::staying(), support::patience);
    auto other = linx::spawn(support::staying(), support::patience);
    ASSERT_TRUE(one && other);
    const pid_t first = one->host_pid();
    const pid_t second = other->host_pid();
    *one = std::move(*other);
    EXPECT_FALSE(support::exists(first));
    EXPECT_EQ(one->host_pid(), second);
    auto running = std::move(*one).proceed(support::patience);
    ASSERT_TRUE(running) << running.error().message();
    auto third = linx::spawn(support::staying(), support::patience);
    ASSERT_TRUE(third);
    auto newer = std::move(*third).proceed(support::patience);
    ASSERT_TRUE(newer);
    *running = std::move(*newer);
    EXPECT_FALSE(support::exists(second));
    linx::Process moved{std::move(*running)};
    EXPECT_TRUE(support::exists(moved.host_pid()));
}

TEST_F(Checkpoint, a_child_killed_while_it_waits_is_told_by_proceed) {
    for (const bool wait_for_the_end : {true, false}) {
        auto held = linx::spawn(support::reporting(Namespaces{Namespace::pid}), support::patience);
        ASSERT_TRUE(held) << held.error().message();
        ::kill(held->host_pid(), SIGKILL);
        if (wait_for_the_end) {
            ASSERT_TRUE(support::readable_in_time(held->checkpoint_fd()));
            ASSERT_TRUE(support::readable_in_time(held->pidfd()));
        }
        const auto process = std::move(*held).proceed(support::patience);
        ASSERT_FALSE(process);
        EXPECT_EQ(process.error().stage, Stage::child_died) << process.error().message();
        EXPECT_EQ(process.error().errnum, ESRCH);
        EXPECT_EQ(process.error().detail, "killed by SIGKILL");
        expect_nothing_left();
    }
}

TEST_F(Checkpoint, a_child_killed_while_it_waits_can_still_be_aborted) {
    auto held = linx::spawn(support::reporting(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    ::kill(held->host_pid(), SIGKILL);
    EXPECT_TRUE(support::readable_in_time(held->pidfd()));
    EXPECT_TRUE(std::move(*held).abort());
}

TEST_F(Checkpoint, a_child_killed_right_before_exec_is_not_reported_as_running) {
    // Stopped at the checkpoint it cannot read *proceed*; SIGKILL finds it before its exec for certain.
    auto held = linx::spawn(support::staying(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    const pid_t pid = held->host_pid();
    ::kill(pid, SIGSTOP);
    auto proceeding = std::move(*held).start_proceed();
    ASSERT_TRUE(proceeding) << proceeding.error().message();
    ::kill(pid, SIGKILL);
    while (true) {
        ASSERT_TRUE(support::readable_in_time(proceeding->fd()));
        auto next = proceeding->advance();
        if (!next) {
            EXPECT_EQ(next.error().stage, Stage::child_died) << next.error().message();
            EXPECT_EQ(next.error().detail, "killed by SIGKILL");
            break;
        }
        ASSERT_TRUE(std::holds_alternative<linx::Pending>(*next)) << "reported as running";
    }
}

TEST_F(Checkpoint, a_workload_that_ends_at_once_has_run_all_the_same) {
    // Dead before anybody looks: executed, and ended with its own code.
    for (int i = 0; i < 50; ++i) {
        linx::ProcessSpec spec;
        spec.argv = {support::workload("returns"), "7"};
        auto held = linx::spawn(spec, support::patience);
        ASSERT_TRUE(held) << held.error().message();
        const linx::Fd pidfd{::fcntl(held->pidfd().number(), F_DUPFD_CLOEXEC, 3)};
        auto proceeding = std::move(*held).start_proceed();
        ASSERT_TRUE(proceeding);
        ASSERT_TRUE(support::readable_in_time(pidfd.ref()));  // it is a zombie now
        auto next = proceeding->advance();
        ASSERT_TRUE(next) << next.error().message();
        auto* process = std::get_if<linx::Process>(&*next);
        ASSERT_NE(process, nullptr);
        const auto status = process->wait(support::patience);
        ASSERT_TRUE(status) << status.error().message();
        EXPECT_EQ(status->shell_code(), 7);
    }
}

TEST_F(Checkpoint, the_host_can_work_on_the_child_while_it_waits) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::uts, Namespace::net});
    const linx::Fd own_uts{::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC)};
    const support::Report report = support::report_of(spec, [&own_uts](const linx::Held& held) {
        ASSERT_EQ(::setns(held.pidfd().number(), CLONE_NEWUTS), 0);
        EXPECT_EQ(::sethostname("by-the-host", 11), 0);
        ASSERT_EQ(::setns(own_uts.ref().number(), CLONE_NEWUTS), 0);
    });
    EXPECT_EQ(report["hostname"], "by-the-host");
}

using ExecFailure = support::LeavesNothing;

TEST_F(ExecFailure, tells_what_is_missing_or_wrong) {
    const support::TemporaryDirectory directory;
    const auto file = [&directory](const std::string& name, const std::string& text, mode_t mode) {
        support::put_contents(directory / name, text);
        ::chmod((directory / name).c_str(), mode);
        return directory / name;
    };
    struct Case {
        std::string program;
        int errnum;
        std::string hint;
    };
    const Case cases[] = {
        {directory / "missing", ENOENT, ""},
        {file("plain", "data", 0644), EACCES, "no execute permission"},
        {directory.path(), EACCES, "is a directory"},
        {"/dev/null/x", ENOTDIR, ""},
        {file("script", "#!/no/such/interpreter -x\necho\n", 0755), ENOENT,
         "its interpreter is not: /no/such/interpreter"},
        {std::string(5000, 'x') + "/y", ENAMETOOLONG, ""},
    };
    for (const Case& wanted : cases) {
        linx::ProcessSpec spec = support::reporting();
        spec.argv = {wanted.program};
        auto held = linx::spawn(spec, support::patience);
        ASSERT_TRUE(held) << "the program is looked for after proceed: " << held.error().message();
        const auto process = std::move(*held).proceed(support::patience);
        ASSERT_FALSE(process) << wanted.program;
        EXPECT_EQ(process.error().stage, Stage::execve);
        EXPECT_EQ(process.error().errnum, wanted.errnum) << process.error().message();
        EXPECT_EQ(process.error().detail, wanted.program);
        EXPECT_NE(process.error().hint.find(wanted.hint), std::string::npos) << process.error().message();
        expect_nothing_left();
    }
}

TEST_F(ExecFailure, of_a_program_for_another_machine) {
    std::string foreign = support::contents(support::workload("returns"));
    foreign[18] = 0x7f;  // e_machine
    const support::TemporaryDirectory directory;
    support::put_contents(directory / "foreign", foreign);
    ::chmod((directory / "foreign").c_str(), 0755);
    const linx::Fd open_file{::open((directory / "foreign").c_str(), O_RDONLY | O_CLOEXEC)};
    linx::ProcessSpec spec = support::reporting();
    spec.program = open_file.ref();
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::execve);
    EXPECT_EQ(error.errnum, ENOEXEC);
    EXPECT_NE(error.hint.find("no program for this machine"), std::string::npos) << error.hint;
}

TEST_F(ExecFailure, on_a_noexec_mount_says_so) {
    support::in_a_child([] {
        const support::TemporaryDirectory directory;
        ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(::mount("x", directory.path().c_str(), "tmpfs", MS_NOEXEC, nullptr), 0);
        std::filesystem::copy_file(support::workload("returns"), directory / "tool");
        linx::ProcessSpec spec = support::reporting();
        spec.argv = {directory / "tool"};
        const linx::Error error = support::error_of(spec);
        EXPECT_EQ(error.stage, Stage::execve);
        EXPECT_EQ(error.errnum, EACCES);
        EXPECT_NE(error.hint.find("noexec"), std::string::npos) << error.message();
        EXPECT_EQ(support::children_left(), "none");
        ::umount2(directory.path().c_str(), MNT_DETACH);
    });
}

TEST_F(ExecFailure, of_a_file_open_for_writing) {
    const support::TemporaryDirectory directory;
    std::filesystem::copy_file(support::workload("returns"), directory / "busy");
    const linx::Fd writer{::open((directory / "busy").c_str(), O_RDWR | O_CLOEXEC)};
    linx::ProcessSpec spec = support::reporting();
    spec.argv = {directory / "busy"};
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.errnum, ETXTBSY) << error.message();
    EXPECT_NE(error.hint.find("open for writing"), std::string::npos);
}

TEST_F(ExecFailure, the_program_may_appear_while_the_child_waits) {
    const support::TemporaryDirectory directory;
    linx::ProcessSpec spec = support::reporting();
    spec.argv = {directory / "late"};
    EXPECT_TRUE(support::report_of(spec, [&directory](const linx::Held&) {
                    std::filesystem::copy_file(support::workload("reports"), directory / "late");
                }).is_complete());
}

}  // namespace
