#include "cli/options.hpp"

#include "cli/completion_scripts.hpp"
#include "cli/help.hpp"
#include "cli/nearest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace linx::cli {
namespace {

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{std::string(LINX_SOURCE_DIR) + "/" + path}.rdbuf();
    return text.str();
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) {
        result.push_back(line);
    }
    return result;
}

TEST(Options, have_names_of_their_own) {
    std::set<std::string_view> names;
    for (const Option& option : options()) {
        EXPECT_TRUE(names.insert(option.name).second) << option.name;
        EXPECT_FALSE(option.help.empty()) << option.name;
        EXPECT_EQ(option.value.empty(), option.kind == ValueKind::none) << option.name;
        EXPECT_EQ(option.set == nullptr, option.name == "help") << option.name;
    }
}

TEST(Options, have_one_for_each_kind_of_namespace) {
    for (const Namespace kind : every_namespace) {
        EXPECT_NE(find_option(Command::run, name(kind)), nullptr) << name(kind);
    }
}

TEST(Commands, stand_in_the_table_where_their_number_says) {
    for (const CommandInfo& command : commands) {
        EXPECT_EQ(&info(command.command), &command);
        EXPECT_EQ(command_named(command.name), &command);
    }
    EXPECT_EQ(command_named("rn"), nullptr);
}

TEST(Help, fits_a_screen) {
    for (const CommandInfo& command : commands) {
        const auto text = lines(help_of(command.command));
        EXPECT_LE(text.size(), command.command == Command::run ? 40U : 32U) << command.name;
        for (const std::string& line : text) {
            EXPECT_LE(line.size(), 80U) << line;
        }
    }
    EXPECT_LE(lines(general_help()).size(), 24U);
}

TEST(Help, names_every_option_of_a_command) {
    for (const CommandInfo& command : commands) {
        if (command.command == Command::plan) {
            continue;  // refers to run and enter
        }
        for (const Option& option : options()) {
            if (option.commands.contains(command.command)) {
                EXPECT_NE(help_of(command.command).find("--" + std::string(option.name)), std::string::npos)
                    << command.name << " " << option.name;
            }
        }
    }
}

TEST(Help, has_examples) {
    for (const CommandInfo& command : commands) {
        EXPECT_NE(help_of(command.command).find("\n  linx " + std::string(command.name)), std::string::npos);
    }
}

TEST(ManPages, name_every_option_of_their_command) {
    for (const Command command : {Command::run, Command::enter, Command::inspect, Command::doctor}) {
        const std::string page = content("man/linx-" + std::string(info(command).name) + ".1");
        ASSERT_FALSE(page.empty());
        for (const Option& option : options()) {
            std::string written = "\\-\\-" + std::string(option.name);
            for (std::size_t at = written.find('-', 4); at != std::string::npos;
                 at = written.find('-', at + 2)) {
                written.insert(at, "\\");
            }
            if (option.commands.contains(command)) {
                EXPECT_NE(page.find(written), std::string::npos) << info(command).name << " " << written;
            }
        }
    }
}

TEST(Completions, in_the_repository_are_those_that_linx_prints) {
    EXPECT_EQ(content("completions/linx.bash"), bash_completions())
        << "make them again: linx completions bash > completions/linx.bash";
    EXPECT_EQ(content("completions/_linx"), zsh_completions())
        << "make them again: linx completions zsh > completions/_linx";
}

TEST(Completions, have_no_mark_left_open) {
    EXPECT_EQ(bash_completions().find("@"), bash_completions().find("[@]")) << "an @MARK@ was not filled in";
    EXPECT_EQ(zsh_completions().find('@'), zsh_completions().find("@\"")) << "an @MARK@ was not filled in";
}

TEST(Nearest, finds_a_word_with_a_slip_in_it) {
    constexpr std::string_view known[] = {"run", "enter", "plan", "inspect", "doctor"};
    EXPECT_EQ(nearest("rn", known), "run");
    EXPECT_EQ(nearest("netre", known), "");
    EXPECT_EQ(nearest("etner", known), "enter");
    EXPECT_EQ(nearest("insepct", known), "inspect");
    EXPECT_EQ(nearest("docter", known), "doctor");
    EXPECT_EQ(nearest("", known), "");
    EXPECT_EQ(nearest(std::string(5000, 'x'), known), "");
}

}  // namespace
}  // namespace linx::cli
