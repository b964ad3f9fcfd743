/// The workload's descriptors: its stdio, what is handed over under any number, and nothing else.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <fcntl.h>
#include <sys/resource.h>

namespace {

using linx::Fd;
using linx::FdRef;
using linx::Namespace;
using linx::Namespaces;
using linx::Stage;
using support::Report;

using Descriptors = support::LeavesNothing;

/// A file that can be told from every other by its name.
Fd named_file(const support::TemporaryDirectory& directory, const std::string& name) {
    return Fd{::open((directory / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
}

/// Moves a descriptor to that number, close-on-exec.
Fd at_number(Fd fd, int number) {
    return Fd{::dup3(fd.ref().number(), number, O_CLOEXEC)};
}

TEST_F(Descriptors, of_a_launcher_with_a_thousand_all_stay_behind) {
    const support::TemporaryDirectory directory;
    std::vector<Fd> many;
    for (int i = 0; i < 1000; ++i) {
        many.emplace_back(::open("/dev/null", O_RDONLY));  // not close-on-exec
        ASSERT_TRUE(many.back().is_open());
    }
    const support::Stranger target{{Namespace::net, Namespace::pid}};
    for (const bool enters : {false, true}) {
        linx::ProcessSpec spec = support::reporting();
        spec.stdin_from = linx::StdioNull{};
        spec.stderr_to = linx::StdioNull{};
        const auto at_checkpoint = [](const linx::Held& held) {
            std::size_t above_stdio = 0;
            for (const auto& entry :
                 std::filesystem::directory_iterator(support::proc_path(held.host_pid(), "fd"))) {
                above_stdio += std::stoi(entry.path().filename()) > 2 ? 1 : 0;
            }
            EXPECT_LE(above_stdio, 4U) << "the checkpoint socket, and what the stdio is made of";
        };
        const Report report = enters ? support::report_from_inside(target.pid(), spec, at_checkpoint)
                                     : support::report_of(spec, at_checkpoint);
        EXPECT_EQ(report["fds"], "3");
        EXPECT_EQ(report["fd.0"], "/dev/null");
        EXPECT_EQ(report["fd.2"], "/dev/null");
    }
}

TEST_F(Descriptors, handed_over_keep_their_number_or_get_another) {
    const support::TemporaryDirectory directory;
    const Fd file = named_file(directory, "a");
    linx::ProcessSpec spec = support::reporting();
    spec.fds = {{.source = file.ref(), .number = file.ref().number()}, {.source = file.ref(), .number = 77}};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["fd." + std::to_string(file.ref().number())], directory / "a");
    EXPECT_EQ(report["fd.77"], directory / "a");
    EXPECT_EQ(report["fds"], "5");
}

TEST_F(Descriptors, are_not_seen_under_the_number_they_come_from) {
    const support::TemporaryDirectory directory;
    const Fd file = named_file(directory, "a");
    const Fd program{::open(support::workload("reports").c_str(), O_RDONLY)};
    const int source = file.ref().number();
    ::fcntl(source, F_SETFD, 0);  // and neither is close-on-exec
    linx::ProcessSpec spec;
    spec.argv = {"reports"};
    spec.program = program.ref();
    spec.stdin_from = linx::StdioFd{file.ref()};
    spec.fds = {{.source = file.ref(), .number = 77}};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["fd." + std::to_string(source)], "(none)");
    EXPECT_EQ(report["fd.77"], directory / "a");
    EXPECT_EQ(report["fds"], "4") << report.text();
}

TEST_F(Descriptors, survive_every_permutation_of_four_numbers) {
    support::in_a_child([] {
        const support::TemporaryDirectory directory;
        std::vector<Fd> files;
        for (int i = 0; i < 4; ++i) {
            files.push_back(at_number(named_file(directory, std::to_string(i)), 40 + i));
        }
        std::vector<int> numbers{40, 41, 42, 43};
        do {
            linx::ProcessSpec spec = support::reporting();
            for (std::size_t i = 0; i < 4; ++i) {
                spec.fds.push_back({.source = files[i].ref(), .number = numbers[i]});
            }
            const Report report = support::report_of(spec);
            for (std::size_t i = 0; i < 4; ++i) {
                EXPECT_EQ(report["fd." + std::to_string(numbers[i])], directory / std::to_string(i));
            }
            EXPECT_EQ(report["fds"], "7");
        } while (std::ranges::next_permutation(numbers).found);
    });
}

TEST_F(Descriptors, may_be_handed_over_where_the_launchs_own_ones_are) {
    // Every low number: whatever the checkpoint socket and the copies of stdio got, they must make way.
    const support::TemporaryDirectory directory;
    const Fd file = named_file(directory, "a");
    linx::ProcessSpec spec = support::reporting();
    spec.stdin_from = linx::StdioNull{};
    spec.stderr_to = linx::StdioFile{.path = directory / "err", .flags = O_WRONLY | O_CREAT};
    for (int number = 3; number < 40; ++number) {
        spec.fds.push_back({.source = file.ref(), .number = number});
    }
    const Report report = support::report_of(spec);
    for (int number = 3; number < 40; ++number) {
        EXPECT_EQ(report["fd." + std::to_string(number)], directory / "a");
    }
    EXPECT_EQ(report["fds"], "40");
    EXPECT_EQ(report["fd.2"], directory / "err");
}

TEST_F(Descriptors, at_the_highest_number) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const support::TemporaryDirectory directory;
    const int highest = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 20)) - 1;
    const Fd file = at_number(named_file(directory, "a"), highest);
    linx::ProcessSpec spec = support::reporting();
    spec.fds = {{.source = file.ref(), .number = 3}, {.source = file.ref(), .number = highest}};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["fd.3"], directory / "a");
    EXPECT_EQ(report["fd." + std::to_string(highest)], directory / "a");
    spec.fds = {{.source = file.ref(), .number = highest + 1}};
    EXPECT_EQ(support::error_of(spec).stage, Stage::spec);
}

TEST_F(Descriptors, that_are_not_open_are_refused) {
    linx::ProcessSpec spec = support::reporting();
    spec.fds = {{.source = FdRef{12345}, .number = 5}};
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::spec);
    EXPECT_EQ(error.errnum, EINVAL);
    EXPECT_NE(error.detail.find("12345 is not open"), std::string::npos) << error.detail;
    spec.fds.clear();
    spec.stdin_from = linx::StdioFd{FdRef{12345}};
    EXPECT_EQ(support::error_of(spec).stage, Stage::spec);
}

TEST_F(Descriptors, zero_to_two_closed_in_the_launcher) {
    support::in_a_child([] {
        const support::TemporaryDirectory directory;
        const support::Stranger target{{Namespace::net, Namespace::pid}};
        // Every combination of the three closed, with stdio from files, in a launch and in an enter.
        for (unsigned closed = 0; closed < 8; ++closed) {
            for (const bool enters : {false, true}) {
                support::Pipe pipe;
                Fd report_to{::fcntl(pipe.in.ref().number(), F_DUPFD_CLOEXEC, 100)};
                const Fd report_from{::fcntl(pipe.out.ref().number(), F_DUPFD_CLOEXEC, 100)};
                pipe.in.reset();
                pipe.out.reset();
                std::vector<Fd> saved;
                for (int fd = 0; fd < 3; ++fd) {
                    saved.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 200));
                    if ((closed >> fd & 1U) != 0) {
                        ::close(fd);
                    }
                }
                linx::ProcessSpec spec = support::reporting();
                spec.stdin_from = linx::StdioNull{};
                spec.stdout_to = linx::StdioFd{report_to.ref()};
                spec.stderr_to = linx::StdioFile{.path = directory / "err", .flags = O_WRONLY | O_CREAT};
                auto held = enters ? linx::enter(target.pid(), spec, support::patience)
                                   : linx::spawn(spec, support::patience);
                auto process =
                    held ? std::move(*held).proceed(support::patience) : std::unexpected(held.error());
                const auto status =
                    process ? process->wait(support::patience) : std::unexpected(process.error());
                for (int fd = 0; fd < 3; ++fd) {
                    if (saved[static_cast<std::size_t>(fd)].is_open()) {
                        ::dup2(saved[static_cast<std::size_t>(fd)].ref().number(), fd);
                    }
                }
                ASSERT_TRUE(status) << status.error().message();
                report_to.reset();
                const Report report{support::read_to_end(report_from.ref())};
                EXPECT_TRUE(report.is_complete()) << report.text();
                EXPECT_EQ(report["fd.0"], "/dev/null");
                EXPECT_EQ(report["fd.2"], directory / "err");
                EXPECT_EQ(report["fds"], "3") << report.text();
            }
        }
    });
}

TEST_F(Descriptors, closed_and_inherited_stays_closed) {
    support::in_a_child([] {
        ::close(0);
        // The number is free, and the first descriptor that the launcher opens, close-on-exec, takes it.
        EXPECT_EQ(support::report_of(support::reporting())["fd.0"], "(none)");
    });
}

using StandardStreams = support::LeavesNothing;

TEST_F(StandardStreams, null_file_descriptor_and_the_same_as_stdout) {
    const support::TemporaryDirectory directory;
    support::put_contents(directory / "in", "first\nsecond\n");
    linx::ProcessSpec spec = support::reporting();
    spec.argv = {support::workload("reports"), "stdin"};
    spec.stdin_from = linx::StdioFile{.path = directory / "in", .flags = O_RDONLY};
    spec.stderr_to = linx::StdioAsStdout{};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["stdin"], "first|second|");
    EXPECT_EQ(report["fd.1"], report["fd.2"]);
    EXPECT_TRUE(report["fd.1"].starts_with("pipe:["));
    spec.stdin_from = linx::StdioNull{};
    EXPECT_EQ(support::report_of(spec)["stdin"], "");
}

TEST_F(StandardStreams, inherited_are_the_launchers_own) {
    const Report report = support::report_of(support::reporting());
    EXPECT_EQ(report["fd.0"], support::link_target("/proc/self/fd/0"));
    EXPECT_EQ(report["fd.2"], support::link_target("/proc/self/fd/2"));
}

TEST_F(StandardStreams, crossed_over) {
    // stdin from the launcher's 2, stderr from its 0.
    const Report before = support::report_of(support::reporting());
    linx::ProcessSpec spec = support::reporting();
    spec.stdin_from = linx::StdioFd{FdRef{2}};
    spec.stderr_to = linx::StdioFd{FdRef{0}};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["fd.0"], before["fd.2"]);
    EXPECT_EQ(report["fd.2"], before["fd.0"]);
}

TEST_F(StandardStreams, a_file_is_made_with_its_mode_and_appended_to) {
    const support::TemporaryDirectory directory;
    for (int run = 0; run < 2; ++run) {
        linx::ProcessSpec spec;
        spec.argv = {support::workload("reports")};
        spec.stdout_to =
            linx::StdioFile{.path = directory / "log", .flags = O_WRONLY | O_CREAT | O_APPEND, .mode = 0640};
        auto held = linx::spawn(spec, support::patience);
        ASSERT_TRUE(held) << held.error().message();
        auto process = std::move(*held).proceed(support::patience);
        ASSERT_TRUE(process) << process.error().message();
        ASSERT_TRUE(process->wait(support::patience));
    }
    const Report report{support::contents(directory / "log")};
    EXPECT_EQ(report.all("end").size(), 2U);
    struct stat status{};
    ::stat((directory / "log").c_str(), &status);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
}

TEST_F(StandardStreams, a_file_that_cannot_be_opened_names_stage_and_path) {
    const support::TemporaryDirectory directory;
    linx::ProcessSpec spec = support::reporting();
    spec.stdin_from = linx::StdioFile{.path = directory / "missing", .flags = O_RDONLY};
    linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::open_stdin);
    EXPECT_EQ(error.errnum, ENOENT);
    EXPECT_EQ(error.detail, directory / "missing");
    EXPECT_EQ(error.message(),
              "open the file for stdin (" + directory / "missing" + "): No such file or directory");

    spec.stdin_from = linx::StdioNull{};
    spec.stdout_to = linx::StdioFile{.path = directory.path(), .flags = O_WRONLY};
    error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::open_stdout);
    EXPECT_EQ(error.errnum, EISDIR);

    spec.stdout_to = linx::StdioNull{};
    spec.stderr_to = linx::StdioFile{.path = "/dev/null/x", .flags = O_WRONLY};
    error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::open_stderr);
    EXPECT_EQ(error.errnum, ENOTDIR);
}

TEST_F(StandardStreams, a_file_is_opened_outside_of_what_is_joined) {
    const support::TemporaryDirectory directory;
    support::put_contents(directory / "in", "from outside");
    const support::Stranger target{
        {.fresh = {Namespace::mount}, .inside = [&directory] {
             return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                    ::mount("x", directory.path().c_str(), "tmpfs", 0, nullptr) == 0 &&
                    support::put_contents(directory / "in", "from inside");
         }}};
    linx::ProcessSpec spec;
    spec.argv = {support::workload("reports"), "stdin"};
    spec.stdin_from = linx::StdioFile{.path = directory / "in", .flags = O_RDONLY};
    EXPECT_EQ(support::report_from_inside(target.pid(), spec)["stdin"], "from outside");
}

}  // namespace
