/// `linx run`: a launch in namespaces of its own.
#include "cli/command_line.hpp"
#include "cli/entries.hpp"
#include "cli/help.hpp"
#include "cli/launch.hpp"
#include "cli/voice.hpp"

namespace linx::cli {

int run(Arguments words) {
    auto parsed = parse_command_line(Command::run, words);
    if (!parsed) {
        return complain_about_usage("run", parsed.error());
    }
    if (std::holds_alternative<HelpWanted>(*parsed)) {
        return say(help_of(Command::run));
    }
    return launch(std::move(std::get<Request>(*parsed)));
}

}  // namespace linx::cli
