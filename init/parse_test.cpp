#include "init/options.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

namespace linx::init {
namespace {

/// A command line, parsed; the words stay where they are.
class CommandLine {
public:
    explicit CommandLine(std::vector<std::string> words) : words_(std::move(words)) {
        for (std::string& word : words_) {
            argv_.push_back(word.data());
        }
        argv_.push_back(nullptr);
        set_defaults(options, 0);
        verdict = parse(static_cast<int>(words_.size()), argv_.data(), &nothing_, options);
    }

    std::vector<std::string> command() const {
        std::vector<std::string> words;
        for (char** at = options.command; at != nullptr && *at != nullptr; ++at) {
            words.emplace_back(*at);
        }
        return words;
    }

    Options options;
    Verdict verdict;

private:
    std::vector<std::string> words_;
    std::vector<char*> argv_;
    char* nothing_ = nullptr;
};

using Words = std::vector<std::string>;

TEST(InitParse, ends_the_options_at_the_command) {
    const CommandLine line({"linx-init", "--exit-as-signal", "ls", "--pause"});
    EXPECT_TRUE(line.verdict.runs);
    EXPECT_EQ(line.command(), (Words{"ls", "--pause"}));
    EXPECT_FALSE(line.options.pause);
}

TEST(InitParse, refuses_what_it_does_not_know) {
    EXPECT_EQ(CommandLine({"linx-init", "--bogus", "ls"}).verdict.code, 125);
    EXPECT_EQ(CommandLine({"linx-init"}).verdict.code, 125);
    EXPECT_EQ(CommandLine({"linx-init", "--rewrite", "TERM", "ls"}).verdict.code, 125);
    EXPECT_EQ(CommandLine({"linx-init", "--map-exit=256:0", "ls"}).verdict.code, 125);
}

TEST(InitParse, rewrites_and_drops_signals_by_name_and_number) {
    const CommandLine line(
        {"linx-init", "--rewrite", "TERM:QUIT", "--rewrite=RTMIN+3:9", "--rewrite", "HUP:", "ls"});
    EXPECT_EQ(line.options.rewrite[SIGTERM], SIGQUIT);
    EXPECT_EQ(line.options.rewrite[37], 9);
    EXPECT_EQ(line.options.rewrite[SIGHUP], 0);
    EXPECT_EQ(line.options.rewrite[SIGINT], SIGINT);
}

TEST(InitParse, reads_signals_strictly) {
    EXPECT_EQ(signal_number("SIGTERM"), SIGTERM);
    EXPECT_EQ(signal_number("RTMAX-1"), 63);
    EXPECT_EQ(signal_number("RTMIN-1"), -1);
    EXPECT_EQ(signal_number("65"), -1);
    EXPECT_EQ(signal_number("15x"), -1);
    EXPECT_EQ(signal_number(""), -1);
}

TEST(InitParse, reads_durations_strictly) {
    EXPECT_EQ(duration("500ms"), 500);
    EXPECT_EQ(duration("10s"), 10'000);
    EXPECT_EQ(duration("5"), 5'000);
    EXPECT_EQ(duration("2m"), 120'000);
    EXPECT_EQ(duration("24h"), 86'400'000);
    for (const char* wrong : {"", "s", "25h", "-1s", "1.5s", "10 s", "1d"}) {
        EXPECT_EQ(duration(wrong), -1) << wrong;
    }
}

TEST(InitParse, knows_how_to_leave) {
    const CommandLine line({"linx-init", "--grace", "2s", "--wait-all", "ls"});
    EXPECT_TRUE(line.options.has_grace);
    EXPECT_EQ(line.options.grace_ms, 2000U);
    EXPECT_TRUE(line.options.waits_for_all);
    EXPECT_FALSE(CommandLine({"linx-init", "ls"}).options.has_grace);
    EXPECT_EQ(CommandLine({"linx-init", "--grace", "soon", "ls"}).verdict.code, 125);
}

TEST(InitParse, maps_ranges_of_exit_codes) {
    const CommandLine line({"linx-init", "--map-exit", "140-143:7", "--map-exit=3:0", "ls"});
    EXPECT_EQ(line.options.exit_codes[139], 139);
    EXPECT_EQ(line.options.exit_codes[140], 7);
    EXPECT_EQ(line.options.exit_codes[143], 7);
    EXPECT_EQ(line.options.exit_codes[144], 144);
    EXPECT_EQ(line.options.exit_codes[3], 0);
    for (const char* wrong : {"143-140:0", "1-256:0", "1-:0", "-1:0", "1-2", "1:256"}) {
        EXPECT_EQ(CommandLine({"linx-init", "--map-exit", wrong, "ls"}).verdict.code, 125) << wrong;
    }
}

TEST(InitParse, holds_signals_back) {
    const CommandLine line({"linx-init", "--delay", "TERM:10s", "--delay=RTMIN+1:5ms", "ls"});
    EXPECT_EQ(line.options.delay_ms[SIGTERM], 10'000U);
    EXPECT_EQ(line.options.delay_ms[35], 5U);
    EXPECT_EQ(line.options.delay_ms[SIGINT], 0U);
    EXPECT_EQ(CommandLine({"linx-init", "--delay", "TERM", "ls"}).verdict.code, 125);
    EXPECT_EQ(CommandLine({"linx-init", "--delay", "TERM:", "ls"}).verdict.code, 125);
}

TEST(InitParse, starts_again_always_or_on_failure) {
    EXPECT_EQ(CommandLine({"linx-init", "--restart", "ls"}).options.restart, Restart::always);
    EXPECT_EQ(CommandLine({"linx-init", "--restart=on-failure", "ls"}).options.restart, Restart::on_failure);
    EXPECT_EQ(CommandLine({"linx-init", "ls"}).options.restart, Restart::never);
    EXPECT_EQ(CommandLine({"linx-init", "--restart=often", "ls"}).verdict.code, 125);
}

TEST(InitParse, takes_users_and_groups_by_number) {
    const CommandLine line({"linx-init", "--user", "1000:1001", "--groups=5,6", "ls"});
    EXPECT_EQ(line.options.user, 1000U);
    EXPECT_EQ(line.options.group, 1001U);
    EXPECT_TRUE(line.options.has_groups);
    ASSERT_EQ(line.options.group_count, 2U);
    EXPECT_EQ(line.options.groups[1], 6U);
    EXPECT_EQ(CommandLine({"linx-init", "--user=7", "--group", "8", "ls"}).options.group, 8U);
    EXPECT_EQ(CommandLine({"linx-init", "--groups=", "ls"}).options.group_count, 0U);
    EXPECT_TRUE(CommandLine({"linx-init", "--groups=", "ls"}).options.has_groups);
    for (const char* wrong : {"--user=root", "--user=4294967295", "--user=1:", "--user=", "--group=x",
                              "--groups=1,", "--groups=,1", "--groups=1,,2"}) {
        EXPECT_EQ(CommandLine({"linx-init", wrong, "ls"}).verdict.code, 125) << wrong;
    }
}

TEST(InitParse, takes_a_directory_and_variables) {
    const CommandLine line({"linx-init", "--cwd", "/usr", "--env", "A=b", "--env=C=", "ls"});
    EXPECT_STREQ(line.options.directory, "/usr");
    ASSERT_EQ(line.options.variable_count, 2U);
    EXPECT_STREQ(line.options.variables[0], "A=b");
    EXPECT_STREQ(line.options.variables[1], "C=");
    for (const char* wrong : {"--cwd=", "--env=A", "--env==b", "--env="}) {
        EXPECT_EQ(CommandLine({"linx-init", wrong, "ls"}).verdict.code, 125) << wrong;
    }
}

TEST(InitParse, takes_what_launchers_and_watchers_hand_over) {
    const CommandLine line({"linx-init", "-v", "--status-fd", "4", "--report-fd=5", "--exec-fd", "6",
                            "--arg0", "name", "--child-mask", "ff", "--", "ls"});
    EXPECT_TRUE(line.options.verbose);
    EXPECT_EQ(line.options.status_fd, 4);
    EXPECT_EQ(line.options.report_fd, 5);
    EXPECT_EQ(line.options.exec_fd, 6);
    EXPECT_STREQ(line.options.arg0, "name");
    EXPECT_EQ(line.options.child_mask, 0xffU);
    EXPECT_EQ(CommandLine({"linx-init", "--status-fd", "-1", "ls"}).verdict.code, 125);
}

TEST(InitParse, answers_help_where_its_peers_do) {
    for (const auto& [name, fd] :
         {std::pair{"tini", 1}, {"dumb-init", 2}, {"catatonit", 2}, {"linx-init", 1}}) {
        const CommandLine line({name, "-h"});
        EXPECT_FALSE(line.verdict.runs) << name;
        EXPECT_EQ(line.verdict.code, 0) << name;
        EXPECT_EQ(line.verdict.fd, fd) << name;
    }
}

TEST(InitParse, stops_for_the_terminal_as_dumb_init_unless_told_otherwise) {
    EXPECT_EQ(CommandLine({"dumb-init", "ls"}).options.rewrite[SIGTSTP], SIGSTOP);
    EXPECT_EQ(CommandLine({"dumb-init", "-r", "20:15", "ls"}).options.rewrite[SIGTSTP], SIGTERM);
    EXPECT_EQ(CommandLine({"dumb-init", "-c", "ls"}).options.rewrite[SIGTSTP], SIGTSTP);
    EXPECT_EQ(CommandLine({"dumb-init", "--verbose", "ls"}).options.verbose, true);
}

TEST(InitParse, lets_options_follow_the_operands_of_tini) {
    const CommandLine line({"/sbin/tini", "ls", "-g", "-e", "143", "a", "--", "-s"});
    EXPECT_EQ(line.command(), (Words{"ls", "a", "-s"}));
    EXPECT_TRUE(line.options.to_group);
    EXPECT_FALSE(line.options.subreaper);
    EXPECT_EQ(line.options.exit_codes[143], 0);
}

TEST(InitParse, stops_at_the_command_of_dumb_init) {
    const CommandLine line({"dumb-init", "--rewrite", "15:0", "ls", "-c"});
    EXPECT_EQ(line.command(), (Words{"ls", "-c"}));
    EXPECT_EQ(line.options.rewrite[SIGTERM], 0);
    EXPECT_EQ(line.options.lead, Lead::session);
}

TEST(InitParse, pauses_as_catatonit) {
    const CommandLine line({"/catatonit", "-P"});
    EXPECT_TRUE(line.verdict.runs);
    EXPECT_TRUE(line.options.pause);
    EXPECT_EQ(CommandLine({"catatonit"}).verdict.code, 1);
}

}  // namespace
}  // namespace linx::init
