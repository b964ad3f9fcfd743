/// `linx completions`.
#include "cli/completion_scripts.hpp"
#include "cli/entries.hpp"
#include "cli/help.hpp"
#include "cli/parse.hpp"
#include "cli/voice.hpp"

namespace linx::cli {

int completions(Arguments words) {
    if (words.empty()) {
        return complain_about_usage("completions", "for which shell? bash or zsh");
    }
    const std::string_view shell = words.front();
    if (shell == "--help" || shell == "-h") {
        return say(help_of(Command::completions));
    }
    if (words.size() > 1) {
        return complain_about_usage("completions", "unexpected word " + quoted(words[1]));
    }
    if (shell == "bash") {
        return say(bash_completions());
    }
    if (shell == "zsh") {
        return say(zsh_completions());
    }
    return complain_about_usage("completions", quoted(shell) + " is not a shell linx knows: bash or zsh");
}

}  // namespace linx::cli
