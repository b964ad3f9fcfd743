#include "isolate/command.hpp"

#include "isolate/callers_test.hpp"
#include "program/draft_view_test.hpp"
#include "vocabulary/escaped.hpp"

#include <array>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linx::isolate {
namespace {

using program::action;
using program::Draft;
using program::elements;
using program::lines;
using program::operation;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr std::array<const char*, 6> launchers{"PATH=/bin:/opt",   "HOME=/root", "TERM=vt100",
                                               "PATHOLOGICAL=yes", "EMPTY=",     nullptr};

struct Compiled {
    Command command;
    Draft draft;
};

Compiled compiled(const ProcessSpec& spec, const Circumstances& now = plain(root()),
                  const char* const* environment = launchers.data()) {
    Compiled out;
    auto command = compile_command(spec, now, environment, out.draft);
    EXPECT_TRUE(command) << command.error().message();
    out.command = command.value_or(Command{});
    return out;
}

std::string refused(const ProcessSpec& spec) {
    Draft draft;
    const auto done = compile_command(spec, plain(root()), launchers.data(), draft);
    return done ? "" : done.error().message();
}

ProcessSpec running(std::vector<std::string> argv) {
    ProcessSpec spec;
    spec.argv = std::move(argv);
    return spec;
}

std::vector<std::string> environment_of(Environment environment, bool entering = false) {
    ProcessSpec spec = running({"true"});
    spec.environment = std::move(environment);
    Circumstances now = plain(root());
    now.entering = entering;
    return compiled(spec, now).command.environment;
}

std::vector<std::string> candidates_of(const Draft& draft) {
    std::vector<std::string> paths;
    for (const auto& text :
         elements<child::Text>(draft.arena, operation<child::Execute>(draft, Stage::execve)->candidates)) {
        paths.emplace_back(draft.arena.view(text));
    }
    return paths;
}

TEST(Candidates, of_a_name_with_a_slash_are_that_path_alone) {
    EXPECT_THAT(candidates("/bin/ls", "/opt"), ElementsAre("/bin/ls"));
    EXPECT_THAT(candidates("./ls", "/opt"), ElementsAre("./ls"));
    EXPECT_THAT(candidates("bin/ls", std::nullopt), ElementsAre("bin/ls"));
}

TEST(Candidates, follow_the_elements_of_path) {
    EXPECT_THAT(candidates("ls", "/usr/bin:/bin"), ElementsAre("/usr/bin/ls", "/bin/ls"));
    EXPECT_THAT(candidates("ls", "/bin"), ElementsAre("/bin/ls"));
    EXPECT_THAT(candidates("ls", "bin/"), ElementsAre("bin//ls"));
}

TEST(Candidates, take_an_empty_element_for_the_working_directory) {
    EXPECT_THAT(candidates("ls", ""), ElementsAre("ls"));
    EXPECT_THAT(candidates("ls", ":/bin"), ElementsAre("ls", "/bin/ls"));
    EXPECT_THAT(candidates("ls", "/bin:"), ElementsAre("/bin/ls", "ls"));
    EXPECT_THAT(candidates("ls", "/bin::/sbin"), ElementsAre("/bin/ls", "ls", "/sbin/ls"));
    EXPECT_THAT(candidates("ls", ":"), ElementsAre("ls", "ls"));
}

TEST(Candidates, without_path_are_those_of_execvp) {
    EXPECT_THAT(candidates("ls", std::nullopt), ElementsAre("/bin/ls", "/usr/bin/ls"));
}

TEST(Execute, searches_the_workloads_own_path) {
    ProcessSpec spec = running({"tool", "-x"});
    EXPECT_THAT(candidates_of(compiled(spec).draft), ElementsAre("/bin/tool", "/opt/tool"));
    spec.environment.changes = {{"PATH", "/home/bin"}};
    const Compiled changed = compiled(spec);
    EXPECT_THAT(candidates_of(changed.draft), ElementsAre("/home/bin/tool"));
    EXPECT_TRUE(operation<child::Execute>(changed.draft, Stage::execve)->searched);
    EXPECT_THAT(changed.command.argv, ElementsAre("tool", "-x"));
    spec.environment.changes = {{"PATH", std::nullopt}};
    EXPECT_THAT(candidates_of(compiled(spec).draft), ElementsAre("/bin/tool", "/usr/bin/tool"));
}

TEST(Execute, searches_no_path_for_a_path) {
    const Compiled out = compiled(running({"/opt/tool"}));
    EXPECT_THAT(candidates_of(out.draft), ElementsAre("/opt/tool"));
    EXPECT_FALSE(operation<child::Execute>(out.draft, Stage::execve)->searched);
    EXPECT_THAT(lines(out.draft), Contains("exec child execve (/opt/tool)"));
}

TEST(Execute, shows_the_program_another_name_when_asked) {
    ProcessSpec spec = running({"tool", "one"});
    spec.arg0 = "-tool";
    const Compiled out = compiled(spec);
    EXPECT_THAT(out.command.argv, ElementsAre("-tool", "one"));
    EXPECT_THAT(candidates_of(out.draft), ElementsAre("/bin/tool", "/opt/tool"));
    spec.arg0 = "";
    EXPECT_THAT(compiled(spec).command.argv, ElementsAre("", "one"));
}

TEST(Execute, takes_an_open_file_in_place_of_a_path) {
    ProcessSpec spec = running({"shown", "one"});
    spec.program = FdRef{17};
    const Compiled out = compiled(spec);
    EXPECT_THAT(out.command.argv, ElementsAre("shown", "one"));
    const auto* borrowed = action<program::BorrowFd>(out.draft, Stage::duplicate_fd);
    ASSERT_NE(borrowed, nullptr);
    EXPECT_EQ(borrowed->number, 17);
    EXPECT_EQ(borrowed->field, "program");
    const auto* execute = operation<child::ExecuteDescriptor>(out.draft, Stage::execve);
    ASSERT_NE(execute, nullptr);
    EXPECT_EQ(execute->slot, borrowed->slot);
}

TEST(Execute, gives_an_open_file_without_arguments_a_name) {
    ProcessSpec spec;
    spec.program = FdRef{17};
    EXPECT_THAT(compiled(spec).command.argv, testing::SizeIs(1));
    spec.argv = {""};
    EXPECT_THAT(compiled(spec).command.argv, ElementsAre(""));
    spec.arg0 = "name";
    EXPECT_THAT(compiled(spec).command.argv, ElementsAre("name"));
}

TEST(Argv, must_name_a_program) {
    EXPECT_EQ(refused({}), "argv: is empty; it must name a program");
    EXPECT_EQ(refused(running({""})), "argv: the name of the program is empty");
    EXPECT_EQ(refused(running({"", "x"})), "argv: the name of the program is empty");
    EXPECT_EQ(refused(running({"x", ""})), "");
    ProcessSpec spec = running({""});
    spec.arg0 = "name";
    EXPECT_EQ(refused(spec), "argv: the name of the program is empty");
}

TEST(Argv, holds_no_nul_byte) {
    const std::string nul("a\0b", 3);
    EXPECT_EQ(refused(running({nul})), "argv: argument 0: holds a NUL byte");
    EXPECT_EQ(refused(running({"x", "y", nul})), "argv: argument 2: holds a NUL byte");
    ProcessSpec spec = running({"x"});
    spec.arg0 = nul;
    EXPECT_EQ(refused(spec), "arg0: holds a NUL byte");
    spec.arg0 = "fine";
    spec.argv = {nul};
    EXPECT_EQ(refused(spec), "argv: argument 0: holds a NUL byte");
}

TEST(Environment, is_the_launchers_for_a_spawn) {
    EXPECT_THAT(environment_of({}),
                ElementsAre("PATH=/bin:/opt", "HOME=/root", "TERM=vt100", "PATHOLOGICAL=yes", "EMPTY="));
}

TEST(Environment, is_path_and_term_for_an_enter) {
    EXPECT_THAT(environment_of({}, true), ElementsAre("PATH=/bin:/opt", "TERM=vt100"));
    EXPECT_THAT(environment_of({.base = EnvironmentBase::minimal}),
                ElementsAre("PATH=/bin:/opt", "TERM=vt100"));
    EXPECT_THAT(environment_of({.base = EnvironmentBase::caller}, true), testing::SizeIs(5));
}

TEST(Environment, may_start_empty) {
    EXPECT_THAT(environment_of({.base = EnvironmentBase::empty}), IsEmpty());
    EXPECT_THAT(environment_of({.base = EnvironmentBase::empty, .changes = {{"A", "1"}}}),
                ElementsAre("A=1"));
}

TEST(Environment, of_a_launcher_without_one_is_empty) {
    EXPECT_THAT(compiled(running({"true"}), plain(root()), nullptr).command.environment, IsEmpty());
}

TEST(Environment, changes_in_order_and_the_last_word_counts) {
    const auto changed =
        environment_of({.base = EnvironmentBase::minimal,
                        .changes = {{"A", "1"}, {"TERM", "dumb"}, {"A", "2"}, {"B", "x=y"}}});
    EXPECT_THAT(changed, ElementsAre("PATH=/bin:/opt", "TERM=dumb", "A=2", "B=x=y"));
}

TEST(Environment, unsets_what_has_no_value_and_that_name_alone) {
    const auto changed = environment_of(
        {.base = {},
         .changes = {{"PATH", std::nullopt}, {"NOT_THERE", std::nullopt}, {"HOME", std::nullopt}}});
    EXPECT_THAT(changed, ElementsAre("TERM=vt100", "PATHOLOGICAL=yes", "EMPTY="));
}

TEST(Environment, can_unset_what_it_has_set) {
    EXPECT_THAT(
        environment_of({.base = EnvironmentBase::empty, .changes = {{"A", "1"}, {"A", std::nullopt}}}),
        IsEmpty());
    EXPECT_THAT(environment_of({.base = EnvironmentBase::empty, .changes = {{"A", std::nullopt}, {"A", ""}}}),
                ElementsAre("A="));
}

TEST(Environment, replaces_every_copy_of_a_variable_that_the_launcher_has_twice) {
    constexpr std::array<const char*, 4> twice{"A=1", "B=2", "A=3", nullptr};
    ProcessSpec spec = running({"true"});
    spec.environment.changes = {{"A", "new"}};
    EXPECT_THAT(compiled(spec, plain(root()), twice.data()).command.environment, ElementsAre("B=2", "A=new"));
}

TEST(Environment, takes_names_only) {
    ProcessSpec spec = running({"true"});
    for (const std::string& name :
         {std::string(), std::string("A=B"), std::string("="), std::string("A\0B", 3)}) {
        for (const std::optional<std::string>& value :
             {std::optional<std::string>("1"), std::optional<std::string>()}) {
            spec.environment.changes = {{name, value}};
            EXPECT_TRUE(
                refused(spec).starts_with("environment: `" + escaped(name) + "` is no name of a variable"))
                << refused(spec);
        }
    }
    spec.environment.changes = {{"A", std::string("1\0", 2)}};
    EXPECT_EQ(refused(spec), "environment: the value of A holds a NUL byte");
}

TEST(Directory, is_the_launchers_own_unless_asked_for) {
    EXPECT_THAT(lines(compiled(running({"true"})).draft),
                Not(Contains(testing::StartsWith("seal child chdir"))));
    ProcessSpec spec = running({"true"});
    spec.cwd = "/srv/data";
    const Compiled out = compiled(spec);
    EXPECT_THAT(lines(out.draft), Contains("seal child chdir (/srv/data)"));
    EXPECT_THAT(lines(out.draft), Not(Contains("seal child verify_cwd")));
    EXPECT_EQ(out.draft.arena.view(operation<child::ChangeDirectory>(out.draft, Stage::chdir)->path),
              "/srv/data");
}

TEST(Directory, is_verified_in_a_joined_mount_namespace) {
    Circumstances now = plain(root());
    now.joined = {Namespace::mount};
    EXPECT_THAT(lines(compiled(running({"true"}), now).draft),
                testing::IsSupersetOf({"seal child chdir (/)", "seal child verify_cwd"}));
    ProcessSpec spec = running({"true"});
    spec.cwd = "/srv";
    EXPECT_THAT(lines(compiled(spec, now).draft),
                testing::IsSupersetOf({"seal child chdir (/srv)", "seal child verify_cwd"}));
}

TEST(Directory, is_a_path) {
    ProcessSpec spec = running({"true"});
    for (const std::string& path : {std::string(), std::string("/a\0b", 4)}) {
        spec.cwd = path;
        EXPECT_EQ(refused(spec), "cwd: must be a path, without a NUL byte");
    }
}

TEST(Signals, are_all_reset_by_default) {
    const Compiled out = compiled(running({"true"}));
    const auto* step = operation<child::ResetSignals>(out.draft, Stage::signals);
    ASSERT_NE(step, nullptr);
    EXPECT_EQ(step->ignored, 0U);
    EXPECT_EQ(step->blocked, 0U);
}

TEST(Signals, are_sets_of_the_kernels_bits) {
    ProcessSpec spec = running({"true"});
    spec.ignored_signals = {SIGHUP, SIGPIPE, SIGHUP};
    spec.blocked_signals = {1, 64};
    const Compiled out = compiled(spec);
    const auto* step = operation<child::ResetSignals>(out.draft, Stage::signals);
    EXPECT_EQ(step->ignored, (std::uint64_t{1} << (SIGHUP - 1)) | (std::uint64_t{1} << (SIGPIPE - 1)));
    EXPECT_EQ(step->blocked, 0x8000000000000001U);
}

TEST(Signals, are_numbers_of_signals_that_can_be_held_off) {
    for (const int signum : {-1, 0, 65}) {
        ProcessSpec spec = running({"true"});
        const std::string rule = ": " + std::to_string(signum) + " is no signal; signals are 1 to 64";
        spec.ignored_signals = {SIGHUP, signum};
        EXPECT_EQ(refused(spec), "ignored_signals" + rule);
        spec.ignored_signals = {};
        spec.blocked_signals = {signum};
        EXPECT_EQ(refused(spec), "blocked_signals" + rule);
        spec.blocked_signals = {};
        spec.parent_death_signal = signum;
        EXPECT_EQ(refused(spec), "parent_death_signal" + rule);
    }
    for (const int signum : {SIGKILL, SIGSTOP}) {
        ProcessSpec spec = running({"true"});
        spec.blocked_signals = {signum};
        EXPECT_EQ(refused(spec), "blocked_signals: SIGKILL and SIGSTOP can be neither ignored nor blocked");
    }
}

TEST(ParentDeath, is_armed_at_birth_and_once_more_after_the_ids_have_changed) {
    ProcessSpec spec = running({"true"});
    EXPECT_EQ(operation<child::ArmParentDeath>(compiled(spec).draft, Stage::parent_death_signal), nullptr);
    spec.parent_death_signal = SIGKILL;
    const Compiled out = compiled(spec);
    EXPECT_THAT(lines(out.draft), testing::IsSupersetOf({"birth child parent_death_signal (SIGKILL)",
                                                         "seal child parent_death_signal (SIGKILL)"}));
    EXPECT_EQ(operation<child::ArmParentDeath>(out.draft, Stage::parent_death_signal, 0)->signum, SIGKILL);
    EXPECT_EQ(operation<child::ArmParentDeath>(out.draft, Stage::parent_death_signal, 1)->signum, SIGKILL);
}

TEST(Leadership, is_one_step_of_its_own) {
    ProcessSpec spec = running({"true"});
    EXPECT_THAT(lines(compiled(spec).draft), ElementsAre("seal child signals", "exec child execve (true)"));
    spec.leads = Leads::session;
    EXPECT_THAT(lines(compiled(spec).draft), Contains("prepare child setsid"));
    spec.leads = Leads::process_group;
    EXPECT_THAT(lines(compiled(spec).draft), Contains("prepare child setpgid"));
}

}  // namespace
}  // namespace linx::isolate
