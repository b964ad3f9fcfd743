#include "cli/command_line.hpp"

#include "cli/division.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace linx::cli {
namespace {

using Words = std::vector<const char*>;

Request request(Command command, const Words& words) {
    auto parsed = parse_command_line(command, words);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error());
    auto* const found = parsed ? std::get_if<Request>(&*parsed) : nullptr;
    EXPECT_NE(found, nullptr);
    return found == nullptr ? Request{} : std::move(*found);
}

ProcessSpec run_spec(const Words& words) {
    return request(Command::run, words).spec;
}

std::string complaint(Command command, const Words& words) {
    const auto parsed = parse_command_line(command, words);
    return parsed ? "" : parsed.error();
}

using Arguments = std::vector<std::string>;

TEST(CommandLine, the_workload_begins_after_the_mark) {
    EXPECT_EQ(run_spec({"--net", "--", "--net", "--"}).argv, (Arguments{"--net", "--"}));
}

TEST(CommandLine, the_workload_begins_at_the_first_plain_word) {
    EXPECT_EQ(run_spec({"--net", "sh", "-c", "--uid=x", "--"}).argv,
              (Arguments{"sh", "-c", "--uid=x", "--"}));
    EXPECT_EQ(run_spec({"-"}).argv, (Arguments{"-"}));
}

TEST(CommandLine, enter_takes_its_pid_before_or_after_the_mark) {
    for (const Words& words :
         {Words{"71", "sh"}, Words{"71", "--", "sh"}, Words{"--", "71", "sh"}, Words{"--", "71", "--", "sh"},
          Words{"--net", "71", "sh"}, Words{"71", "--net", "--", "sh"}}) {
        const Request found = request(Command::enter, words);
        EXPECT_EQ(found.target, 71);
        EXPECT_EQ(found.spec.argv, Arguments{"sh"});
    }
}

TEST(CommandLine, a_value_may_look_like_an_option_or_be_empty) {
    EXPECT_EQ(run_spec({"--arg0", "--all", "--", "sh"}).arg0, "--all");
    EXPECT_EQ(run_spec({"--arg0", "--", "--", "sh"}).arg0, "--");
    EXPECT_EQ(run_spec({"--arg0=", "--", "sh"}).arg0, "");
    EXPECT_EQ(run_spec({"--arg0", "", "--", "sh"}).arg0, "");
    EXPECT_EQ(run_spec({"--arg0=a=b", "--", "sh"}).arg0, "a=b");
    EXPECT_EQ(run_spec({"--arg0=[a,b]", "--", "sh"}).arg0, "[a,b]");
    EXPECT_EQ(run_spec({"--nice", "-5", "--", "sh"}).nice, -5);
}

TEST(CommandLine, the_last_of_single_values_counts_and_lists_keep_their_order) {
    const ProcessSpec spec =
        run_spec({"--uid", "1", "--uid=2", "--mount-fs", "tmpfs:/b", "--mount-fs=tmpfs:/a", "--", "sh"});
    EXPECT_EQ(spec.uid, 2U);
    ASSERT_EQ(spec.mounts.size(), 2U);
    EXPECT_EQ(spec.mounts[0].target, "/b");
    EXPECT_EQ(spec.mounts[1].target, "/a");
}

TEST(CommandLine, all_is_everything_that_is_not_joined) {
    EXPECT_EQ(run_spec({"--all", "--", "sh"}).namespaces, Namespaces::all());
    const ProcessSpec spec = run_spec({"--all", "--join", "net=/run/netns/blue", "--", "sh"});
    EXPECT_FALSE(spec.namespaces->contains(Namespace::net));
    EXPECT_TRUE(spec.namespaces->contains(Namespace::user));
}

TEST(CommandLine, without_flags_run_makes_no_namespace_and_enter_takes_all_that_differ) {
    EXPECT_EQ(run_spec({"sh"}).namespaces, Namespaces{});
    EXPECT_FALSE(request(Command::enter, {"71", "sh"}).spec.namespaces);
    EXPECT_FALSE(request(Command::enter, {"--all", "71", "sh"}).spec.namespaces);
    EXPECT_EQ(request(Command::enter, {"--net", "71", "sh"}).spec.namespaces, Namespaces{Namespace::net});
}

TEST(CommandLine, a_fresh_user_namespace_maps_root_unless_told_otherwise) {
    EXPECT_TRUE(run_spec({"--user", "sh"}).map_root);
    EXPECT_FALSE(run_spec({"--user", "--no-map", "sh"}).map_root);
    EXPECT_FALSE(run_spec({"--user", "--uid-map", "0:1:1", "sh"}).map_root);
    EXPECT_FALSE(run_spec({"--net", "sh"}).map_root);
    EXPECT_EQ(complaint(Command::run, {"--user", "--no-map", "--map-root", "sh"}),
              "--no-map and an id map exclude each other");
}

TEST(CommandLine, fresh_mounts_and_pids_get_a_new_proc) {
    const auto mounts = run_spec({"--mount", "--pid", "sh"}).mounts;
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].type, "proc");
    EXPECT_EQ(mounts[0].target, "/proc");
    EXPECT_TRUE(run_spec({"--mount", "--pid", "--no-proc", "sh"}).mounts.empty());
    EXPECT_TRUE(run_spec({"--mount", "sh"}).mounts.empty());
    EXPECT_EQ(run_spec({"--mount", "--pid", "--mount-fs", "proc:/proc:hidepid=2", "sh"}).mounts.size(), 1U);
}

TEST(CommandLine, a_fresh_uts_namespace_has_a_name_of_its_own) {
    EXPECT_EQ(run_spec({"--uts", "sh"}).hostname, "linx");
    EXPECT_EQ(run_spec({"--uts", "--hostname", "box", "sh"}).hostname, "box");
    EXPECT_FALSE(run_spec({"sh"}).hostname);
}

TEST(CommandLine, the_environment_is_cleared_then_unset_then_set) {
    ASSERT_EQ(::setenv("LINX_TEST_HERE", "yes", 1), 0);
    ASSERT_EQ(::unsetenv("LINX_TEST_ABSENT"), 0);
    const ProcessSpec spec = run_spec({"--env", "A=1", "--env", "LINX_TEST_HERE", "--env", "LINX_TEST_ABSENT",
                                       "--unset", "A", "--clear-env", "sh"});
    EXPECT_EQ(spec.environment.base, EnvironmentBase::empty);
    using Change = std::pair<std::string, std::optional<std::string>>;
    EXPECT_EQ(
        spec.environment.changes,
        (std::vector<Change>{
            {"A", std::nullopt}, {"A", "1"}, {"LINX_TEST_HERE", "yes"}, {"LINX_TEST_ABSENT", std::nullopt}}));
}

TEST(CommandLine, one_file_for_both_streams_is_opened_once) {
    const ProcessSpec same = run_spec({"--stdout", "x", "--stderr", "x", "--append", "sh"});
    EXPECT_TRUE(std::holds_alternative<StdioAsStdout>(same.stderr_to));
    EXPECT_NE(std::get<StdioFile>(same.stdout_to).flags & O_APPEND, 0);
    const ProcessSpec two = run_spec({"--stdout", "x", "--stderr", "y", "sh"});
    EXPECT_EQ(std::get<StdioFile>(two.stderr_to).path, "y");
    EXPECT_NE(std::get<StdioFile>(two.stderr_to).flags & O_TRUNC, 0);
}

TEST(CommandLine, hands_over_only_descriptors_that_are_open) {
    const int open_one = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(open_one, 0);
    const std::string option = "--fd=77=" + std::to_string(open_one);
    const ProcessSpec spec = run_spec({option.c_str(), "sh"});
    ASSERT_EQ(spec.fds.size(), 1U);
    EXPECT_EQ(spec.fds[0].number, 77);
    EXPECT_EQ(spec.fds[0].source.number(), open_one);
    ::close(open_one);
    EXPECT_EQ(complaint(Command::run, {option.c_str(), "sh"}),
              "--fd: descriptor " + std::to_string(open_one) + " is not open");
}

TEST(CommandLine, a_killed_linx_leaves_no_workload_unless_told_otherwise) {
    EXPECT_EQ(run_spec({"sh"}).parent_death_signal, SIGKILL);
    EXPECT_EQ(run_spec({"--parent-death-signal", "TERM", "sh"}).parent_death_signal, SIGTERM);
    EXPECT_FALSE(run_spec({"--parent-death-signal=none", "sh"}).parent_death_signal);
}

TEST(CommandLine, plan_takes_what_run_and_enter_take) {
    EXPECT_TRUE(request(Command::plan, {"--json", "--all", "sh"}).json);
    const Request enter = request(Command::plan, {"--enter", "71", "--no-cgroup", "sh"});
    EXPECT_EQ(enter.target, 71);
    EXPECT_FALSE(enter.spec.target_cgroup);
}

TEST(CommandLine, asks_for_help_wherever_it_stands_before_the_workload) {
    for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"--all", "--help", "--", "sh"},
                               Words{"--uid", "x", "--help"}}) {
        const auto parsed = parse_command_line(Command::run, words);
        ASSERT_TRUE(parsed) << parsed.error();
        EXPECT_TRUE(std::holds_alternative<HelpWanted>(*parsed));
    }
    EXPECT_EQ(run_spec({"sh", "--help"}).argv, (Arguments{"sh", "--help"}));
}

TEST(CommandLine, names_the_option_and_the_reason) {
    EXPECT_EQ(complaint(Command::run, {"--uid", "1x", "sh"}), "--uid: \"1x\" is not an id (0 to 4294967294)");
    EXPECT_EQ(complaint(Command::run, {"--uid"}), "--uid needs a value: ID");
    EXPECT_EQ(complaint(Command::run, {"--all=1", "sh"}), "--all takes no value");
    EXPECT_EQ(complaint(Command::run, {"--umask="}), "--umask: \"\" is not an octal mode (0 to 0777)");
    EXPECT_EQ(complaint(Command::run, {"--net"}), "which command? It is missing after the options");
    EXPECT_EQ(complaint(Command::enter, {"sh"}), "\"sh\" is not a pid (1 to 4194304)");
    EXPECT_EQ(complaint(Command::enter, {}), "which process? Its PID is missing");
    EXPECT_EQ(complaint(Command::inspect, {"1", "2"}), "unexpected word \"2\"");
}

TEST(CommandLine, suggests_the_option_that_was_meant) {
    EXPECT_EQ(complaint(Command::run, {"--hostnam=x", "sh"}),
              "\"--hostnam\" is not an option of 'linx run' (did you mean --hostname?)");
    EXPECT_EQ(complaint(Command::run, {"--xyzzy", "sh"}), "\"--xyzzy\" is not an option of 'linx run'");
    EXPECT_EQ(complaint(Command::run, {"-x", "sh"}), "\"-x\" is not an option of 'linx run'");
    EXPECT_EQ(complaint(Command::enter, {"--hostname=x", "1", "sh"}),
              "--hostname is an option of 'linx run', not of 'linx enter'");
}

TEST(CommandLine, survives_words_that_make_no_sense) {
    for (const Words& words : {Words{"--"}, Words{"---"}, Words{"--="}, Words{"-="}, Words{""},
                               Words{"--all", ""}, Words{"--\n"}, Words{"--{}"}, Words{"--all={}"},
                               Words{"-\x1b"}, Words{"++"}, Words{"/x"}, Words{"--uid"}, Words{"--!"}}) {
        for (const CommandInfo& command : commands) {
            EXPECT_NO_THROW((void)parse_command_line(command.command, words));
        }
    }
}

TEST(Division, builds_only_the_options_that_occur) {
    const Words words{"--net", "--uid", "5", "--net", "--", "--pid"};
    const Division division = divide(Command::run, words);
    ASSERT_EQ(division.used.size(), 2U);
    EXPECT_EQ(division.used[0]->name, "net");
    EXPECT_EQ(division.used[1]->name, "uid");
}

}  // namespace
}  // namespace linx::cli
