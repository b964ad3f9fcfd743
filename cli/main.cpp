/// The command linx: finds the command that is meant and calls it.
#include "cli/commands.hpp"
#include "cli/entries.hpp"
#include "cli/help.hpp"
#include "cli/nearest.hpp"
#include "cli/parse.hpp"
#include "cli/voice.hpp"

#include <exception>

namespace linx::cli {

namespace {

int no_command(std::string_view word) {
    std::array<std::string_view, commands.size()> names;
    for (std::size_t at = 0; at < names.size(); ++at) {
        names[at] = commands[at].name;
    }
    return complain_about_usage("",
                                quoted(word) + " is not a command of linx" + did_you_mean(word, names, ""));
}

int call(Command command, Arguments words) {
    switch (command) {
        case Command::run:
            return run(words);
        case Command::enter:
            return enter(words);
        case Command::plan:
            return plan(words);
        case Command::init:
            return init(words);
        case Command::inspect:
            return inspect(words);
        case Command::doctor:
            return doctor(words);
        case Command::completions:
            return completions(words);
        case Command::help:
            return help(words);
    }
    return exit_failed;
}

int dispatch(Arguments words) {
    if (words.empty()) {
        return complain_about_usage("", "which command? run, enter, plan, init, inspect or doctor");
    }
    const std::string_view first = words.front();
    if (first == "--version") {
        return say("linx " LINX_VERSION "\n");
    }
    if (first == "--help" || first == "-h") {
        return say(general_help());
    }
    const CommandInfo* const command = command_named(first);
    return command == nullptr ? no_command(first) : call(command->command, words.subspan(1));
}

}  // namespace

}  // namespace linx::cli

int main(int argc, char** argv) {
    try {
        const linx::cli::Arguments words(argv, static_cast<std::size_t>(argc));
        return linx::cli::dispatch(words.subspan(words.empty() ? 0 : 1));
    } catch (const std::exception& error) {
        linx::cli::complain(error.what());
        return linx::cli::exit_failed;
    }
}
