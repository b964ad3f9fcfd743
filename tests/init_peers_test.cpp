/// By the names of tini, dumb-init and catatonit: what a caller of those depends on, beside the installed
/// ones.
#include "support/init.hpp"

#include <gmock/gmock.h>

namespace {

using support::Birth;
using support::Ended;
using support::Init;
using support::ours_as;
using support::ours_called;
using support::peer;
using support::Running;
using support::Words;
using support::workload;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// How it ends, and which of its streams it has said something on.
std::string answer(const std::string& path, const Words& words) {
    Running running{path, words};
    const Ended ended = running.wait();
    return std::to_string(ended.code()) + (ended.out.empty() ? "" : " stdout") +
           (ended.err.empty() ? "" : " stderr");
}

struct Question {
    std::string name;
    Words words;
    std::string answer;
};

TEST(InitPeersAnyUser, help_versions_and_errors_have_their_exit_codes_and_streams) {
    const std::vector<Question> questions{
        {"tini", {"-h"}, "0 stdout"},
        {"tini", {"--version"}, "0 stdout"},
        {"tini", {}, "1 stderr"},
        {"tini", {"-Q", "true"}, "1 stderr"},
        {"tini", {"-s", "-e", "256", "true"}, "1 stderr"},
        {"tini", {"-s", "-p", "SIGBOGUS", "true"}, "1 stderr"},
        {"tini", {"-s", "/nowhere/at/all"}, "127 stderr"},
        {"tini", {"-s", "/etc/passwd"}, "126 stderr"},
        {"tini", {"-s", "true"}, "0"},
        {"dumb-init", {"-h"}, "0 stderr"},
        {"dumb-init", {"--help"}, "0 stderr"},
        {"dumb-init", {"-V"}, "0 stderr"},
        {"dumb-init", {"--version"}, "0 stderr"},
        {"dumb-init", {}, "1 stderr"},
        {"dumb-init", {"-Q", "true"}, "1 stderr"},
        {"dumb-init", {"-r", "bogus", "true"}, "1 stderr"},
        {"dumb-init", {"/nowhere/at/all"}, "2 stderr"},
        {"dumb-init", {"-v", "true"}, "0 stderr"},
        {"dumb-init", {"true"}, "0"},
        {"catatonit", {"-h"}, "0 stderr"},
        {"catatonit", {"-L"}, "0 stdout"},
        {"catatonit", {"-V"}, "0 stdout"},
        {"catatonit", {"--version"}, "0 stdout"},
        {"catatonit", {}, "1 stderr"},
        {"catatonit", {"-Q", "true"}, "1 stderr"},
        {"catatonit", {"/nowhere/at/all"}, "1 stderr"},
        {"catatonit", {"true"}, "0"},
    };
    for (const Question& question : questions) {
        const std::string asked =
            question.name + " " + (question.words.empty() ? "" : question.words.front());
        EXPECT_EQ(answer(ours_called(question.name), question.words), question.answer) << asked;
        if (const auto theirs = peer(question.name)) {
            EXPECT_EQ(answer(theirs->path, question.words), question.answer) << "the real " << asked;
        }
    }
}

TEST(InitPeersAnyUser, versions_are_what_callers_parse) {
    EXPECT_THAT(Running(ours_called("docker-init"), {"--version"}).wait().out,
                StartsWith("tini version 0.19.0"));
    EXPECT_THAT(Running(ours_called("podman-init"), {"--version"}).wait().out, HasSubstr("_catatonit"));
    EXPECT_EQ(Running(ours_called("dumb-init"), {"--version"}).wait().err, "dumb-init v1.2.5\n");
}

TEST(InitPeersAnyUser, tini_warns_when_orphans_are_not_its_own) {
    const auto warned = [](const Init& init, const Birth& birth) {
        return support::run(init, {"true"}, birth).err;
    };
    const Birth plain;
    const Birth by_variable{.before_exec = [] { ::setenv("TINI_SUBREAPER", "", 1); }};
    const Birth quiet{.before_exec = [] { ::setenv("TINI_VERBOSITY", "0", 1); }};
    const Birth as_pid_1{.namespaces = static_cast<std::uint64_t>(CLONE_NEWPID) |
                                       (::geteuid() == 0 ? 0 : CLONE_NEWUSER)};
    for (const auto& init : {std::optional{ours_as("tini")}, peer("tini")}) {
        if (init) {
            EXPECT_THAT(warned(*init, plain), HasSubstr("subreaper")) << init->name;
            EXPECT_EQ(warned(init->with({"-s"}), plain), "") << init->name;
            EXPECT_EQ(warned(*init, by_variable), "") << init->name;
            EXPECT_EQ(warned(*init, quiet), "") << init->name;
            EXPECT_EQ(warned(*init, as_pid_1), "") << init->name;
        }
    }
}

TEST(InitPeersAnyUser, dumb_init_stops_its_group_and_then_itself_and_goes_on_with_it) {
    for (const auto& init : {std::optional{ours_as("dumb-init")}, peer("dumb-init")}) {
        if (!init) {
            continue;
        }
        for (const int signum : {SIGTSTP, SIGTTIN, SIGTTOU}) {
            Running running{*init, {workload("stays")}};
            ASSERT_TRUE(running.says("up\n")) << init->name;
            const pid_t child = running.child();
            running.signal(signum);
            EXPECT_TRUE(support::becomes([&] {
                return support::state_of(running.pid()) == 'T' && support::state_of(child) == 'T';
            })) << init->name;
            running.signal(SIGCONT);
            EXPECT_TRUE(support::becomes([&] {
                return support::state_of(running.pid()) == 'S' && support::state_of(child) == 'S';
            })) << init->name;
            running.signal(SIGTERM);
            EXPECT_EQ(running.outcome(), 143) << init->name;
        }
    }
}

TEST(InitPeersAnyUser, dumb_init_ends_its_group_while_the_command_is_not_reaped_yet) {
    const support::TemporaryDirectory folder;
    const Init init = ours_as("dumb-init");
    EXPECT_EQ(Running("/usr/bin/strace",
                      {"-o", folder / "trace", "-e", "trace=kill,waitid,wait4", init.path, "true"})
                  .outcome(),
              0);
    const std::string trace = support::contents(folder / "trace");
    const std::size_t killed = trace.find("kill(-");
    const std::size_t reaped = trace.find("waitid(P_PID");
    ASSERT_NE(killed, std::string::npos) << trace;
    ASSERT_NE(reaped, std::string::npos) << trace;
    EXPECT_LT(killed, reaped) << trace;
}

TEST(InitPeersAnyUser, catatonit_pauses_until_TERM_or_INT) {
    for (const int signum : {SIGTERM, SIGINT}) {
        Running running{ours_called("catatonit"), {"-P"}};
        EXPECT_FALSE(running.ends_within(std::chrono::milliseconds{50}));
        running.signal(SIGUSR1);
        running.signal(signum);
        EXPECT_EQ(running.outcome(), 0) << signum;
    }
}

}  // namespace
