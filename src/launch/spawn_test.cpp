#include <linx/spawn.hpp>

#include "launch/map_helper.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx {
namespace {

constexpr std::chrono::seconds long_enough{20};
const Patience patient{.timeout = long_enough};

struct Pipe {
    Fd reader;
    Fd writer;
};

Pipe make_pipe() {
    std::array<int, 2> numbers{};
    EXPECT_EQ(::pipe2(numbers.data(), O_CLOEXEC), 0);
    return {.reader = Fd{numbers[0]}, .writer = Fd{numbers[1]}};
}

ProcessSpec shell(const std::string& script) {
    ProcessSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    return spec;
}

/// Waits for the next chance of whatever has an fd() and an advance().
template <class Stage>
auto advanced(Stage& stage) {
    while (true) {
        pollfd entry = {.fd = stage.fd().number(), .events = POLLIN, .revents = 0};
        EXPECT_EQ(::poll(&entry, 1, std::chrono::milliseconds(long_enough).count()), 1);
        auto next = stage.advance();
        if (!next || !std::holds_alternative<Pending>(*next)) {
            return next;
        }
    }
}

std::size_t open_descriptors() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

/// What a launch may leave behind: no child, no descriptor.
class Launching : public testing::Test {
protected:
    void SetUp() override { before_ = open_descriptors(); }
    void TearDown() override {
        EXPECT_EQ(open_descriptors(), before_) << "a descriptor is left behind";
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left behind";
        EXPECT_EQ(errno, ECHILD);
    }
    std::size_t before_ = 0;
};

using Spawn = Launching;
using MapHelperRun = Launching;
using ProcessOf = Launching;

Result<Process> run(const ProcessSpec& spec) {
    auto held = spawn(spec, patient);
    if (!held) {
        return std::unexpected(held.error());
    }
    return std::move(*held).proceed(patient);
}

int code_of(const ProcessSpec& spec) {
    auto process = run(spec);
    if (!process) {
        ADD_FAILURE() << process.error().message();
        return -1;
    }
    const auto status = process->wait(patient);
    EXPECT_TRUE(status);
    return status ? status->shell_code() : -1;
}

std::string output_of(ProcessSpec spec) {
    Pipe pipe = make_pipe();
    spec.stdout_to = StdioFd{pipe.writer.ref()};
    auto process = run(spec);
    pipe.writer.reset();
    if (!process) {
        return process.error().message();
    }
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(pipe.reader.ref().number(), buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    EXPECT_TRUE(process->wait(patient));
    return text;
}

Error error_of(const ProcessSpec& spec) {
    const auto process = run(spec);
    EXPECT_FALSE(process) << "it was launched";
    return process ? Error{} : process.error();
}

TEST_F(Spawn, holds_a_child_that_has_run_nothing_of_its_program) {
    Pipe pipe = make_pipe();
    ProcessSpec spec = shell("echo ran");
    spec.stdout_to = StdioFd{pipe.writer.ref()};
    auto held = spawn(spec, patient);
    ASSERT_TRUE(held) << held.error().message();
    pipe.writer.reset();
    EXPECT_GT(held->host_pid(), 0);
    EXPECT_EQ(held->child_pid(), held->host_pid());
    EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(held->host_pid()) + "/exe"),
              std::filesystem::read_symlink("/proc/self/exe"));
    EXPECT_TRUE(std::move(*held).abort());
    char byte = 0;
    EXPECT_EQ(::read(pipe.reader.ref().number(), &byte, 1), 0) << "the program ran";
}

TEST_F(Spawn, kills_and_reaps_the_child_when_it_is_dropped) {
    pid_t pid = -1;
    {
        const auto held = spawn(shell("exit 0"), patient);
        ASSERT_TRUE(held);
        pid = held->host_pid();
    }
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
}

TEST_F(Spawn, shows_that_the_held_child_was_killed_by_somebody) {
    auto held = spawn(shell("exit 0"), patient);
    ASSERT_TRUE(held);
    ASSERT_EQ(::kill(held->host_pid(), SIGKILL), 0);
    pollfd entry = {.fd = held->checkpoint_fd().number(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&entry, 1, 20'000), 1);
    const auto process = std::move(*held).proceed(patient);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().stage, Stage::child_died);
    EXPECT_EQ(process.error().detail, "killed by SIGKILL");
}

TEST_F(Spawn, can_be_driven_by_a_loop_that_never_blocks) {
    auto launch = start(shell("exit 5"));
    ASSERT_TRUE(launch);
    const int number = launch->fd().number();
    auto held = advanced(*launch);
    ASSERT_TRUE(held) << held.error().message();
    EXPECT_GE(number, 0);
    auto proceeding = std::move(std::get<Held>(*held)).start_proceed();
    ASSERT_TRUE(proceeding);
    auto process = advanced(*proceeding);
    ASSERT_TRUE(process) << process.error().message();
    const auto status = std::get<Process>(*process).wait(patient);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->shell_code(), 5);
}

TEST_F(Spawn, ends_what_it_has_begun_when_a_launch_is_dropped) {
    auto launch = start(shell("exit 0"));
    ASSERT_TRUE(launch);
}

TEST_F(Spawn, tells_of_a_program_that_is_not_there_after_proceed) {
    ProcessSpec spec;
    spec.argv = {"/no/such/program"};
    const Error error = error_of(spec);
    EXPECT_EQ(error.stage, Stage::execve);
    EXPECT_EQ(error.errnum, ENOENT);
    EXPECT_EQ(error.message(), "execute (/no/such/program): No such file or directory");
}

TEST_F(Spawn, names_the_step_that_failed_in_the_child) {
    ProcessSpec spec = shell("exit 0");
    spec.cwd = "/no/such/directory";
    EXPECT_EQ(error_of(spec).message(),
              "change the working directory (/no/such/directory): No such file or directory");
}

TEST_F(Spawn, names_the_file_that_the_scout_could_not_open) {
    ProcessSpec spec = shell("exit 0");
    spec.stdout_to = StdioNull{};
    spec.stdin_from = StdioFile{.path = "/no/such/file", .flags = O_RDONLY};
    const Error error = error_of(spec);
    EXPECT_EQ(error.stage, Stage::open_stdin);
    EXPECT_EQ(error.errnum, ENOENT);
    EXPECT_EQ(error.detail, "/no/such/file");
}

TEST_F(Spawn, names_the_descriptor_that_is_not_open) {
    ProcessSpec spec = shell("exit 0");
    spec.fds = {{FdRef{1 << 20}, 3}};
    EXPECT_EQ(error_of(spec).message(), "fds: 3: descriptor 1048576 is not open");
    spec.fds = {};
    spec.stdin_from = StdioFd{FdRef{-1}};
    EXPECT_EQ(error_of(spec).message(), "stdin: descriptor -1 is not open");
}

TEST_F(Spawn, refuses_a_path_that_is_no_namespace_or_one_of_another_kind) {
    ProcessSpec spec = shell("exit 0");
    spec.join = {{.kind = Namespace::net, .from = NamespacePath{"/dev/null"}}};
    EXPECT_EQ(error_of(spec).message(),
              "open the net namespace (/dev/null): Invalid argument\nthis file is no namespace");
    spec.join = {{.kind = Namespace::net, .from = NamespacePath{"/proc/self/ns/uts"}}};
    EXPECT_EQ(
        error_of(spec).message(),
        "open the net namespace (/proc/self/ns/uts): Invalid argument\nthis is a namespace of another kind");
    spec.join = {{.kind = Namespace::net, .from = NamespacePath{"/no/such/namespace"}}};
    EXPECT_EQ(error_of(spec).errnum, ENOENT);
}

TEST_F(Spawn, joins_nothing_where_it_is_already) {
    ProcessSpec spec = shell("exit 0");
    for (const Namespace kind : {Namespace::user, Namespace::mount, Namespace::net, Namespace::uts,
                                 Namespace::ipc, Namespace::cgroup}) {
        spec.join.push_back(
            {.kind = kind, .from = NamespacePath{"/proc/self/ns/" + std::string(proc_name(kind))}});
    }
    EXPECT_EQ(code_of(spec), 0) << "to join any of them takes a right";
}

TEST_F(Spawn, refuses_a_launcher_that_would_never_see_an_exit_status) {
    struct sigaction before = {};
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    ASSERT_EQ(::sigaction(SIGCHLD, &ignore, &before), 0);
    const auto held = spawn(shell("exit 0"), patient);
    EXPECT_EQ(::sigaction(SIGCHLD, &before, nullptr), 0);
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().stage, Stage::sigchld);
    EXPECT_NE(held.error().hint, "");
}

TEST_F(Spawn, hands_the_arguments_the_environment_and_the_directory_over) {
    ProcessSpec spec = shell("echo \"$0 $1 $A\"; pwd; umask");
    spec.argv.insert(spec.argv.end(), {"zero", "one two"});
    spec.environment = {.base = EnvironmentBase::empty, .changes = {{"A", "b"}}};
    spec.cwd = "/proc";
    spec.umask = 027;
    EXPECT_EQ(output_of(spec), "zero one two b\n/proc\n0027\n");
}

TEST_F(Spawn, finds_the_program_in_the_workloads_own_path) {
    ProcessSpec spec;
    spec.argv = {"sh", "-c", "exit 6"};
    spec.environment = {.base = EnvironmentBase::empty, .changes = {{"PATH", "/nowhere:/bin"}}};
    EXPECT_EQ(code_of(spec), 6);
    spec.environment.changes = {{"PATH", "/nowhere"}};
    EXPECT_EQ(error_of(spec).errnum, ENOENT);
}

TEST_F(Spawn, gives_the_workload_the_descriptors_of_the_spec_and_no_other) {
    const Fd inheritable{::open("/dev/null", O_RDONLY)};
    const Fd zero{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    ProcessSpec spec = shell("for fd in /proc/self/fd/*; do echo \"${fd##*/} $(readlink \"$fd\")\"; done");
    spec.fds = {{zero.ref(), 9}};
    spec.stdin_from = StdioNull{};
    spec.stderr_to = StdioAsStdout{};
    const std::string text = output_of(spec);
    EXPECT_NE(text.find("9 /dev/zero\n"), std::string::npos) << text;
    EXPECT_NE(text.find("0 /dev/null\n"), std::string::npos) << text;
    for (int number = 3; number < 9; ++number) {
        const std::string link = "/dev/null\n";
        EXPECT_EQ(text.find(std::to_string(number) + " " + link), std::string::npos) << text;
    }
    EXPECT_EQ(text.find("socket:"), std::string::npos) << text;
}

TEST_F(Spawn, opens_files_through_the_scout) {
    const std::string path = testing::TempDir() + "linx_spawn_" + std::to_string(::getpid());
    ProcessSpec spec = shell("echo out; echo err >&2");
    spec.stdout_to = StdioFile{.path = path, .flags = O_WRONLY | O_CREAT | O_TRUNC, .mode = 0600};
    spec.stderr_to = StdioAsStdout{};
    EXPECT_EQ(code_of(spec), 0);
    struct stat status = {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_size, 8);
    EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST_F(Spawn, runs_a_program_that_is_an_open_file) {
    const Fd program{::open("/bin/sh", O_PATH | O_CLOEXEC)};
    ProcessSpec spec;
    spec.program = program.ref();
    spec.argv = {"anything", "-c", "exit 8"};
    EXPECT_EQ(code_of(spec), 8);
}

TEST_F(Spawn, is_patient_only_as_long_as_it_was_told) {
    const Pipe cancel = make_pipe();
    ASSERT_EQ(::write(cancel.writer.ref().number(), "x", 1), 1);
    const auto cancelled = spawn(shell("exit 0"), {.timeout = {}, .cancel = cancel.reader.ref()});
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().errnum, ECANCELED);
    EXPECT_EQ(cancelled.error().stage, Stage::checkpoint);
}

TEST_F(ProcessOf, a_shell_ends_with_its_code_once_and_for_all) {
    auto process = run(shell("exit 42"));
    ASSERT_TRUE(process);
    for (int asked = 0; asked < 2; ++asked) {
        const auto status = process->wait(patient);
        ASSERT_TRUE(status);
        ASSERT_TRUE(std::holds_alternative<Exited>(status->how));
        EXPECT_EQ(std::get<Exited>(status->how).code, 42);
        EXPECT_GT(status->usage.peak_memory_kib, 0);
    }
    const auto sent = process->signal(SIGTERM);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().errnum, ESRCH);
    EXPECT_EQ(sent.error().stage, Stage::signal);
}

TEST_F(ProcessOf, a_sleeper_can_be_asked_about_and_signalled) {
    auto process = run(shell("while :; do read -r line; done < /dev/zero"));
    ASSERT_TRUE(process);
    const auto running = process->try_wait();
    ASSERT_TRUE(running);
    EXPECT_FALSE(*running);
    const auto impatient = process->wait({.timeout = std::chrono::milliseconds(1)});
    ASSERT_FALSE(impatient);
    EXPECT_EQ(impatient.error().errnum, ETIMEDOUT);
    EXPECT_EQ(impatient.error().stage, Stage::wait);
    ASSERT_TRUE(process->signal(SIGTERM));
    const auto status = process->wait(patient);
    ASSERT_TRUE(status);
    ASSERT_TRUE(std::holds_alternative<Signaled>(status->how));
    EXPECT_EQ(std::get<Signaled>(status->how).signum, SIGTERM);
    EXPECT_EQ(status->shell_code(), 128 + SIGTERM);
}

TEST_F(ProcessOf, a_wrong_signal_number_is_refused) {
    auto process = run(shell("while :; do read -r line; done < /dev/zero"));
    ASSERT_TRUE(process);
    const auto sent = process->signal(4711);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().errnum, EINVAL);
}

TEST_F(ProcessOf, a_stopped_one_tells_its_signal_once) {
    auto process = run(shell("kill -STOP $$; exit 3"));
    ASSERT_TRUE(process);
    siginfo_t info = {};
    ASSERT_EQ(::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(process->pidfd().number()), &info,
                       WSTOPPED | WNOWAIT),
              0);
    const auto stopped = process->try_wait_stopped();
    ASSERT_TRUE(stopped);
    EXPECT_EQ(*stopped, SIGSTOP);
    const auto again = process->try_wait_stopped();
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, std::nullopt);
    ASSERT_TRUE(process->signal(SIGCONT));
    const auto status = process->wait(patient);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->shell_code(), 3);
}

TEST_F(ProcessOf, somebody_elses_reaping_is_told) {
    auto process = run(shell("exit 0"));
    ASSERT_TRUE(process);
    ASSERT_EQ(::waitpid(process->host_pid(), nullptr, 0), process->host_pid());
    const auto status = process->wait(patient);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().errnum, ECHILD);
    EXPECT_NE(status.error().hint, "");
}

TEST_F(ProcessOf, a_dropped_one_is_killed_and_an_assigned_one_too) {
    const ProcessSpec spec = shell("while :; do read -r line; done < /dev/zero");
    auto first = run(spec);
    auto second = run(spec);
    ASSERT_TRUE(first && second);
    const pid_t pid = first->host_pid();
    *first = std::move(*second);
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
    Process& itself = *first;
    *first = std::move(itself);
    EXPECT_TRUE(first->signal(0));
}

TEST_F(ProcessOf, a_detached_one_lives_on) {
    auto process = run(shell("while :; do read -r line; done < /dev/zero"));
    ASSERT_TRUE(process);
    const pid_t pid = process->host_pid();
    {
        const Fd pidfd = std::move(*process).detach();
        EXPECT_TRUE(pidfd.is_open());
    }
    EXPECT_EQ(::kill(pid, SIGKILL), 0);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

Result<bool> helped(const std::string& program, std::vector<std::string> arguments = {}) {
    auto helper =
        launch::MapHelper::start(Stage::newuidmap, {.name = program, .arguments = std::move(arguments)}, 71);
    if (!helper) {
        return std::unexpected(helper.error());
    }
    while (true) {
        pollfd entry = {.fd = helper->fd().number(), .events = POLLIN, .revents = 0};
        EXPECT_EQ(::poll(&entry, 1, 20'000), 1);
        auto done = helper->advance();
        if (!done || *done) {
            return done;
        }
    }
}

TEST_F(MapHelperRun, is_done_when_the_helper_succeeds) {
    const auto done = helped("true");
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_TRUE(*done);
}

TEST_F(MapHelperRun, says_that_the_helper_is_missing) {
    const auto done = helped("linx-has-no-such-helper");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().stage, Stage::newuidmap);
    EXPECT_EQ(done.error().errnum, ENOENT);
    EXPECT_EQ(done.error().detail, "linx-has-no-such-helper");
}

TEST_F(MapHelperRun, tells_the_code_of_a_helper_that_says_nothing) {
    const auto done = helped("false");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().errnum, EPERM);
    EXPECT_EQ(done.error().detail, "exit code 1");
}

TEST_F(MapHelperRun, passes_on_what_the_helper_complains_about) {
    const auto done = helped("cat", {"/no/such/file"});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().stage, Stage::newuidmap);
    EXPECT_EQ(done.error().errnum, EPERM);
    EXPECT_NE(done.error().detail.find("71"), std::string::npos)
        << "the pid comes first: " << done.error().detail;
    EXPECT_EQ(done.error().detail.find('\n'), std::string::npos);
}

TEST_F(MapHelperRun, ends_the_helper_when_it_is_dropped) {
    const auto helper = launch::MapHelper::start(Stage::newuidmap, {.name = "true", .arguments = {}}, 71);
    ASSERT_TRUE(helper);
}

/// The only child that this process has; -1 when there are none or more.
pid_t only_child() {
    std::ifstream file("/proc/thread-self/children");
    pid_t child = -1;
    pid_t another = -1;
    file >> child >> another;
    return another > 0 ? -1 : child;
}

TEST_F(Spawn, involves_the_child_that_it_will_reap_and_nobody_else) {
    auto launch = start(shell("exit 0"));
    ASSERT_TRUE(launch);
    const pid_t child = only_child();
    ASSERT_GT(child, 0);
    EXPECT_TRUE(launch->involves(child));
    EXPECT_FALSE(launch->involves(::getpid()));
    EXPECT_FALSE(launch->involves(1));
    EXPECT_FALSE(launch->involves(-1));
    EXPECT_FALSE(launch->involves(0));
    auto held = advanced(*launch);
    ASSERT_TRUE(held);
    auto proceeding = std::move(std::get<Held>(*held)).start_proceed();
    ASSERT_TRUE(proceeding);
    EXPECT_TRUE(proceeding->involves(child));
    EXPECT_FALSE(proceeding->involves(::getpid()));
}

/// A FIFO that nobody writes to: the scout that opens it is the one process of the launch.
TEST_F(Spawn, involves_the_scout_that_opens_its_files) {
    const std::string fifo = testing::TempDir() + "linx_fifo_" + std::to_string(::getpid());
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    ProcessSpec spec = shell("exit 0");
    spec.stdin_from = StdioFile{.path = fifo, .flags = O_RDONLY};
    {
        const auto launch = start(spec);
        ASSERT_TRUE(launch);
        const pid_t scout = only_child();
        ASSERT_GT(scout, 0);
        EXPECT_TRUE(launch->involves(scout));
    }
    EXPECT_EQ(only_child(), -1) << "it was reaped with the launch";
    ::unlink(fifo.c_str());
}

}  // namespace
}  // namespace linx
