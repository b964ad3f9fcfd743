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
