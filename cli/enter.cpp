/// `linx enter`: a launch inside the namespaces of a process.
#include "cli/command_line.hpp"
#include "cli/entries.hpp"
#include "cli/help.hpp"
#include "cli/launch.hpp"
#include "cli/voice.hpp"

namespace linx::cli {

int enter(Arguments words) {
    auto parsed = parse_command_line(Command::enter, words);
    if (!parsed) {
        return complain_about_usage("enter", parsed.error());
    }
    if (std::holds_alternative<HelpWanted>(*parsed)) {
        return say(help_of(Command::enter));
    }
    return launch(std::move(std::get<Request>(*parsed)));
}

}  // namespace linx::cli
