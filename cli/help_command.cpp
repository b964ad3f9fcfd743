/// `linx help`.
#include "cli/entries.hpp"
#include "cli/help.hpp"
#include "cli/parse.hpp"
#include "cli/voice.hpp"

namespace linx::cli {

int help(Arguments words) {
    if (words.empty()) {
        return say(general_help());
    }
    const std::string_view word = words.front();
    if (word == "--help" || word == "-h") {
        return say(help_of(Command::help));
    }
    const CommandInfo* const command = command_named(word);
    if (command == nullptr || words.size() > 1) {
        return complain_about_usage("help", quoted(words.back()) + " is not a command of linx");
    }
    return say(help_of(command->command));
}

}  // namespace linx::cli
