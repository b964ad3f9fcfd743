#include "cli/completion_scripts.hpp"

#include "cli/completion_frames.hpp"
#include "cli/division.hpp"
#include "cli/options.hpp"

namespace linx::cli {

namespace {

template <class Words>
std::string joined(const Words& words, std::string_view between) {
    std::string text;
    for (const auto& word : words) {
        text += text.empty() ? "" : between;
        text += word;
    }
    return text;
}

std::vector<std::string> command_names() {
    std::vector<std::string> names;
    for (const CommandInfo& command : commands) {
        names.emplace_back(command.name);
    }
    return names;
}

std::vector<std::string> option_words(Command command) {
    std::vector<std::string> words;
    for (const Option& option : options()) {
        if (option.commands.contains(command)) {
            words.push_back("--" + std::string(option.name));
        }
    }
    return words;
}

/// All options whose value is of that kind, as a pattern of `case`.
std::string pattern_of(ValueKind kind) {
    std::vector<std::string> words;
    for (const Option& option : options()) {
        if (option.kind == kind) {
            words.push_back("--" + std::string(option.name));
        }
    }
    return joined(words, "|");
}

std::string namespace_words() {
    std::vector<std::string> words;
    for (const Namespace kind : every_namespace) {
        words.push_back(std::string(name(kind)) + "=");
    }
    return joined(words, " ");
}

std::string limit_words() {
    std::vector<std::string> words;
    for (const std::string_view limit : rlimit_names()) {
        words.push_back(std::string(limit) + "=");
    }
    return joined(words, " ");
}

std::string valued_pattern() {
    std::vector<std::string> words;
    for (const Option& option : options()) {
        if (!option.value.empty()) {
            words.push_back("--" + std::string(option.name));
        }
    }
    return joined(words, "|");
}

void fill(std::string& text, std::string_view mark, std::string_view with) {
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + with.size())) {
        text.replace(at, mark.size(), with);
    }
}

/// For single quotes and for the brackets of _arguments.
std::string zsh_escaped(std::string_view text) {
    std::string escaped;
    for (const char letter : text) {
        if (letter == '[' || letter == ']' || letter == ':') {
            escaped += '\\';
        }
        escaped += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    }
    return escaped;
}

std::string_view zsh_action(ValueKind kind) {
    switch (kind) {
        case ValueKind::file:
            return "_files";
        case ValueKind::directory:
            return "_directories";
        case ValueKind::command:
            return "_command_names -e";
        case ValueKind::signal:
            return "_signals -a";
        case ValueKind::pid:
            return "_pids";
        case ValueKind::join:
            return "_linx_join";
        case ValueKind::rlimit:
            return "_linx_rlimit";
        case ValueKind::none:
        case ValueKind::text:
            return " ";
    }
    return " ";
}

std::string zsh_arguments(Command command) {
    std::string text = "    " + std::string(info(command).name) + ")\n        _arguments -S -A '-*'";
    for (const Option& option : options()) {
        if (!option.commands.contains(command)) {
            continue;
        }
        text += " \\\n            '*--" + std::string(option.name);
        text += option.value.empty() ? "" : "=";
        text += "[" + zsh_escaped(option.help) + "]";
        if (!option.value.empty()) {
            text += ":" + zsh_escaped(option.value) + ":" + std::string(zsh_action(option.kind));
        }
        text += "'";
    }
    if (takes_pid(command)) {
        text += " \\\n            '1:PID:_pids'";
    }
    if (takes_workload(command)) {
        const char* const place = takes_pid(command) ? "2" : "1";
        text += " \\\n            '(-)" + std::string(place) + ":command:_command_names -e'";
        text += " \\\n            '*::argument:_normal'";
    }
    return text + "\n        ;;\n";
}

}  // namespace

std::string bash_completions() {
    std::string text{bash_frame};
    std::string cases;
    for (const CommandInfo& command : commands) {
        cases += "    " + std::string(command.name) + ") echo '" +
                 joined(option_words(command.command), " ") + "' ;;\n";
    }
    fill(text, "@OPTIONS@", cases);
    fill(text, "@FILES@", pattern_of(ValueKind::file));
    fill(text, "@DIRECTORIES@", pattern_of(ValueKind::directory));
    fill(text, "@COMMANDS@", pattern_of(ValueKind::command));
    fill(text, "@SIGNALS@", pattern_of(ValueKind::signal));
    fill(text, "@PIDS@", pattern_of(ValueKind::pid));
    fill(text, "@JOINS@", pattern_of(ValueKind::join));
    fill(text, "@RLIMITS@", pattern_of(ValueKind::rlimit));
    fill(text, "@SIGNAL_NAMES@", joined(signal_names(), " "));
    fill(text, "@NAMESPACES@", namespace_words());
    fill(text, "@RLIMIT_NAMES@", limit_words());
    fill(text, "@VALUED@", valued_pattern());
    fill(text, "@NAMES@", joined(command_names(), " "));
    return text;
}

std::string zsh_completions() {
    std::string text{zsh_frame};
    std::string summaries;
    std::string arguments;
    for (const CommandInfo& command : commands) {
        summaries += "        '" + std::string(command.name) + ":" + zsh_escaped(command.summary) + "'\n";
        if (command.command != Command::completions && command.command != Command::help) {
            arguments += zsh_arguments(command.command);
        }
    }
    std::vector<std::string> joins;
    for (const Namespace kind : every_namespace) {
        joins.push_back("'" + std::string(name(kind)) + ":path or pid:_files'");
    }
    std::vector<std::string> limits;
    for (const std::string_view limit : rlimit_names()) {
        limits.push_back("'" + std::string(limit) + ":value: '");
    }
    fill(text, "@SUMMARIES@", summaries);
    fill(text, "@ARGUMENTS@", arguments);
    fill(text, "@JOIN_VALUES@", joined(joins, " "));
    fill(text, "@RLIMIT_VALUES@", joined(limits, " "));
    return text;
}

}  // namespace linx::cli
