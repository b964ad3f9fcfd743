#include "child/rehearsal_test.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include <linux/mount.h>
#include <sched.h>

namespace linx::child {
namespace {

/// A directory of programs, gone with the test.
class Directory {
public:
    Directory() : path_(testing::TempDir() + "linx_exec_XXXXXX") {
        EXPECT_NE(::mkdtemp(path_.data()), nullptr);
        EXPECT_EQ(::chmod(path_.c_str(), 0755), 0);
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { std::filesystem::remove_all(path_); }

    std::string file(const std::string& name, const std::string& text, mode_t mode = 0755) const {
        const std::string path = path_ + "/" + name;
        std::ofstream(path, std::ios::binary) << text;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

struct Ended {
    std::optional<Record> failure{};
    int code = 0;
    std::string output{};
};

/// Puts a pipe at the child's stdout, lets it run, and gathers what comes of it.
Ended run(Rehearsal& child, Operation last) {
    int pipe[2] = {-1, -1};
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    const Slot slot = child.slot(pipe[1]);
    child.step(PlaceDescriptors{child.list(std::vector<Move>{{slot, 1}})});
    child.step(SealDescriptors{child.list(std::vector<std::int32_t>{1})});
    child.step(last);
    child.start();
    ::close(pipe[1]);
    Ended ended{.failure = child.hear()};
    std::array<char, 256> buffer{};
    for (ssize_t got = 0; (got = ::read(pipe[0], buffer.data(), buffer.size())) > 0;) {
        ended.output.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(pipe[0]);
    ended.code = child.end();
    return ended;
}

Ended execute(const std::vector<std::string>& candidates, std::vector<std::string> argv = {"tool"},
              bool searched = true) {
    Rehearsal child;
    std::vector<Text> texts;
    for (const std::string& candidate : candidates) {
        texts.push_back(child.text(candidate));
    }
    child.execute_as(std::move(argv), {"A=of the environment"});
    return run(child, Execute{child.list(texts), searched});
}

void expect_failure(const Ended& ended, int errnum, Cause cause) {
    ASSERT_TRUE(ended.failure) << "it ran: " << ended.output;
    EXPECT_EQ(ended.failure->tell, Tell::failed);
    EXPECT_EQ(ended.failure->errnum, errnum) << std::strerror(ended.failure->errnum);
    EXPECT_EQ(ended.failure->cause, cause);
    EXPECT_EQ(ended.code, 125);
}

const std::string hello = "#!/bin/sh\necho hello\n";

TEST(Execute, replaces_the_child_with_arguments_and_environment) {
    const Ended ended = execute({"/bin/sh"}, {"shown", "-c", "echo \"$0 $1 $A\"; exit 7", "zero", "one"});
    EXPECT_EQ(ended.failure, std::nullopt);
    EXPECT_EQ(ended.output, "zero one of the environment\n");
    EXPECT_EQ(ended.code, 7);
}

TEST(Execute, goes_on_to_the_next_directory_after_one_without_the_program) {
    const Directory here;
    const std::string tool = here.file("tool", hello);
    EXPECT_EQ(execute({here / "none", here / "nor/there", tool}).output, "hello\n");
}

TEST(Execute, takes_the_first_that_can_be_executed) {
    const Directory here;
    const std::string first = here.file("first", hello);
    const std::string second = here.file("second", "#!/bin/sh\necho second\n");
    EXPECT_EQ(execute({first, second}).output, "hello\n");
}

TEST(Execute, says_no_such_file_when_there_is_none) {
    const Directory here;
    expect_failure(execute({here / "a", here / "b"}), ENOENT, Cause::unknown);
    expect_failure(execute({here / "a"}, {"tool"}, false), ENOENT, Cause::unknown);
}

TEST(Execute, goes_on_after_a_file_without_permission) {
    const Directory here;
    const std::string denied = here.file("denied", hello, 0644);
    EXPECT_EQ(execute({denied, here.file("tool", hello)}).output, "hello\n");
}

TEST(Execute, remembers_the_first_file_without_permission) {
    const Directory here;
    const std::string denied = here.file("denied", hello, 0644);
    const std::string another = here.file("another", hello, 0644);
    const Ended ended = execute({here / "none", denied, another, here / "nor this"});
    expect_failure(ended, EACCES, Cause::not_executable);
    EXPECT_EQ(ended.failure->candidate, 1U);
}

TEST(Execute, takes_a_directory_for_no_program) {
    const Directory here;
    std::filesystem::create_directory(here / "tool");
    const Ended ended = execute({here / "none", here / "tool"});
    expect_failure(ended, EACCES, Cause::not_regular);
    EXPECT_EQ(ended.failure->candidate, 1U);
}

TEST(Execute, passes_over_an_element_of_path_that_is_no_directory) {
    const Directory here;
    const std::string file = here.file("file", hello);
    EXPECT_EQ(execute({file + "/tool", here.file("tool", hello)}).output, "hello\n");
    expect_failure(execute({file + "/tool", here / "none"}), ENOENT, Cause::unknown);
}

TEST(Execute, says_of_a_given_path_what_the_kernel_says) {
    const Directory here;
    const std::string file = here.file("file", hello);
    expect_failure(execute({file + "/tool"}, {"tool"}, false), ENOTDIR, Cause::unknown);
    std::filesystem::create_symlink("loop", here / "loop");
    expect_failure(execute({here / "loop"}, {"tool"}, false), ELOOP, Cause::unknown);
}

TEST(Execute, ends_the_search_at_an_error_that_no_other_directory_mends) {
    const Directory here;
    std::filesystem::create_symlink("loop", here / "loop");
    const Ended ended = execute({here / "loop", here.file("tool", hello)});
    expect_failure(ended, ELOOP, Cause::unknown);
}

TEST(Execute, gives_a_text_without_interpreter_to_the_shell) {
    const Directory here;
    const std::string script = here.file("script", "echo \"$0|$1|$2|$#\"\nexit 3\n");
    const Ended ended = execute({here / "none", script}, {"shown", "one", "two words"});
    EXPECT_EQ(ended.failure, std::nullopt);
    EXPECT_EQ(ended.output, script + "|one|two words|2\n");
    EXPECT_EQ(ended.code, 3);
}

TEST(Execute, gives_an_empty_file_to_the_shell_too) {
    const Directory here;
    const Ended ended = execute({here.file("empty", "")}, {"shown"}, false);
    EXPECT_EQ(ended.failure, std::nullopt);
    EXPECT_EQ(ended.code, 0);
}

/// What /bin/sh is here, but for a machine that this is not.
std::string foreign_program() {
    constexpr std::size_t machine = 18;  // e_machine, two bytes, of either class
    std::ifstream file("/bin/sh", std::ios::binary);
    std::string program((std::istreambuf_iterator<char>(file)), {});
    program.at(machine) = static_cast<char>(0xfe);
    program.at(machine + 1) = static_cast<char>(0xca);
    return program;
}

TEST(Execute, gives_no_elf_image_to_the_shell) {
    const Directory here;
    const std::string runs_in_a_shell = "\necho a shell has run this\n";
    for (const std::string& program :
         {foreign_program(), std::string("\x7f") + "ELF", "\x7f" + ("ELF" + runs_in_a_shell)}) {
        const std::string path = here.file("tool", program);
        expect_failure(execute({here / "none", path, here.file("next", hello)}), ENOEXEC, Cause::unknown);
        expect_failure(execute({path}, {"tool"}, false), ENOEXEC, Cause::unknown);
    }
}

TEST(Execute, gives_a_text_that_only_begins_like_an_elf_image_to_the_shell) {
    const Directory here;
    EXPECT_EQ(execute({here.file("script",
                                 "\x7f"
                                 "EL=1\necho hello\n")},
                      {"tool"}, false)
                  .output,
              "hello\n");
    EXPECT_EQ(execute({here.file("script", "ELF=1\necho hello\n")}, {"tool"}, false).output, "hello\n");
}

TEST(Execute, notes_the_interpreter_that_a_script_lacks) {
    const Directory here;
    const std::string script = here.file("script", "#!/no/such/interpreter -x\necho never\n");
    const Ended ended = execute({here / "none", script, here / "nor this"});
    expect_failure(ended, ENOENT, Cause::missing_interpreter);
    EXPECT_EQ(ended.failure->candidate, 1U);
    EXPECT_EQ(std::string(ended.failure->text, ended.failure->text_length), "#!/no/such/interpreter -x");
}

TEST(Execute, goes_on_after_a_script_without_its_interpreter) {
    const Directory here;
    const std::string script = here.file("script", "#!/no/such/interpreter\n");
    EXPECT_EQ(execute({script, here.file("tool", hello)}).output, "hello\n");
}

TEST(Execute, notes_no_more_of_a_long_line_than_there_is_room_for) {
    const Directory here;
    const std::string line = "#!/" + std::string(240, 'x');  // the kernel looks at 256 bytes
    const Ended ended = execute({here.file("script", line + "\n")}, {"tool"}, false);
    expect_failure(ended, ENOENT, Cause::missing_interpreter);
    constexpr std::size_t room = sizeof(Record::text);
    ASSERT_EQ(ended.failure->text_length, room);
    EXPECT_EQ(std::string(ended.failure->text, room), line.substr(0, room));
}

/// What is told of a candidate must be of the candidate that is told.
TEST(Execute, keeps_the_cause_and_the_candidate_together) {
    const Directory here;
    const std::string script = here.file("script", "#!/no/such/interpreter\n");
    const std::string file = here.file("file", hello);
    std::filesystem::create_symlink("loop", here / "loop");
    const Ended no_directory = execute({script, file + "/tool"});
    expect_failure(no_directory, ENOENT, Cause::missing_interpreter);
    EXPECT_EQ(no_directory.failure->candidate, 0U);
    const Ended loop = execute({script, here / "loop"});
    expect_failure(loop, ELOOP, Cause::unknown);
    EXPECT_EQ(loop.failure->candidate, 1U);
}

TEST(Execute, notes_a_dynamic_linker_that_is_not_there) {
    std::ifstream file("/bin/true", std::ios::binary);
    std::string program((std::istreambuf_iterator<char>(file)), {});
    const std::size_t at = program.find("/ld-linux");
    if (at == std::string::npos) {
        GTEST_SKIP() << "/bin/true names no dynamic linker of glibc here";
    }
    program[at + 1] = 'x';
    const Directory here;
    const Ended ended = execute({here.file("true", program)}, {"tool"}, false);
    expect_failure(ended, ENOENT, Cause::missing_interpreter);
    EXPECT_EQ(ended.failure->text_length, 0U);
}

TEST(Execute, knows_a_mount_without_exec) {
    const Directory here;
    std::filesystem::create_directory(here / "mount");
    const uid_t uid = ::geteuid();
    Rehearsal child;
    child.execute_as({"tool"});
    child.step(AwaitMapped{true});
    child.step(MakePrivate{});
    MountFilesystem mount{};
    mount.type = child.text("tmpfs");
    mount.source = mount.type;
    mount.target = child.text(here / "mount");
    mount.attributes = MOUNT_ATTR_NOEXEC;
    child.step(mount);
    child.step(OpenFile{child.text(here / "mount/tool"), O_CREAT | O_WRONLY, 0755, 0});
    child.step(Execute{child.list(std::vector<Text>{child.text(here / "mount/tool")}), false});
    child.start(CLONE_NEWUSER | CLONE_NEWNS);
    if (child.pid() == -EPERM || child.pid() == -ENOSPC) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
    ASSERT_TRUE(child.hear());
    std::ofstream(child.proc("uid_map")) << "0 " << uid << " 1\n";
    std::ofstream(child.proc("setgroups")) << "deny";
    std::ofstream(child.proc("gid_map")) << "0 " << ::getegid() << " 1\n";
    child.say(Order::mapped);
    const auto opened = child.hear();
    ASSERT_TRUE(opened);
    ASSERT_EQ(opened->tell, Tell::opened) << "step " << opened->step << ": " << std::strerror(opened->errnum);
    const Record record = child.expect_failure();
    EXPECT_EQ(record.errnum, EACCES);
    EXPECT_EQ(record.cause, Cause::noexec_mount);
    EXPECT_EQ(child.end(), 125);
}

TEST(ExecuteDescriptor, runs_an_open_file) {
    const int shell = ::open("/bin/sh", O_PATH | O_CLOEXEC);
    ASSERT_GE(shell, 0);
    Rehearsal child;
    const Slot slot = child.slot(shell);
    child.execute_as({"shown", "-c", "echo \"$0\"; exit 4"});
    const Ended ended = run(child, ExecuteDescriptor{slot});
    ::close(shell);
    EXPECT_EQ(ended.failure, std::nullopt);
    EXPECT_EQ(ended.output, "shown\n");
    EXPECT_EQ(ended.code, 4);
}

TEST(ExecuteDescriptor, says_what_the_kernel_says) {
    const int directory = ::open("/", O_PATH | O_CLOEXEC);
    ASSERT_GE(directory, 0);
    Rehearsal child;
    const Slot slot = child.slot(directory);
    child.execute_as({"shown"});
    const Ended ended = run(child, ExecuteDescriptor{slot});
    ::close(directory);
    expect_failure(ended, EACCES, Cause::unknown);
}

}  // namespace
}  // namespace linx::child
