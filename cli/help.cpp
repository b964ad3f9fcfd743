#include "cli/help.hpp"

#include "cli/options.hpp"

namespace linx::cli {

namespace {

/// Where the explanations begin.
constexpr std::size_t help_column = 35;
constexpr std::size_t width = 80;

std::string written(const Option& option) {
    return "--" + std::string(option.name) + (option.value.empty() ? "" : " " + std::string(option.value));
}

/// One line of the help: neighbours with the same explanation.
struct Row {
    std::string left;
    std::string_view help;
};

/// The explanation beside the options where there is room, else on a line of its own.
std::string laid_out(const Row& row) {
    std::string line = "  " + row.left;
    if (line.size() + 2 > help_column && line.size() + 2 + row.help.size() > width) {
        return line + "\n" + std::string(help_column, ' ') + std::string(row.help) + "\n";
    }
    line.append(line.size() + 2 > help_column ? 2 : help_column - line.size(), ' ');
    return line + std::string(row.help) + "\n";
}

std::string options_of(Command command, Group group) {
    std::string text;
    Row row;
    for (const Option& option : options()) {
        if (option.group != group || !option.commands.contains(command)) {
            continue;
        }
        if (option.help == row.help) {
            row.left += " " + written(option);
            continue;
        }
        text += row.left.empty() ? "" : laid_out(row);
        row = {.left = written(option), .help = option.help};
    }
    return text + (row.left.empty() ? "" : laid_out(row));
}

constexpr Group every_group[] = {Group::namespaces, Group::identity,  Group::program,
                                 Group::files,      Group::lifecycle, Group::other};

/// plan takes run's and enter's options; its help does not repeat them.
bool shown(Command command, Group group) {
    return command != Command::plan || group == Group::other;
}

}  // namespace

std::string general_help() {
    std::string text =
        "usage: linx COMMAND [OPTION...] [ARG...]\n"
        "Starts Linux processes with a checkpoint between clone and exec.\n\n";
    for (const CommandInfo& command : commands) {
        std::string line = "  linx " + std::string(command.name);
        line.resize(20, ' ');
        text += line + std::string(command.summary) + "\n";
    }
    return text +
           "\n  linx --version    linx --help    linx COMMAND --help    man linx\n"
           "\nExamples:\n"
           "  linx run --all -- sh          root in eight fresh namespaces, for any user\n"
           "  linx plan --all -- sh         the same as a list of steps; runs nothing\n"
           "  linx enter 4711 -- sh         inside the namespaces of process 4711\n";
}

std::string help_of(Command command) {
    const CommandInfo& about = info(command);
    std::string text = "usage: linx " + std::string(about.name) + " " + std::string(about.usage) + "\n" +
                       std::string(about.about) + "\n";
    for (const Group group : every_group) {
        const std::string lines = shown(command, group) ? options_of(command, group) : "";
        text += lines.empty() ? "" : std::string(heading(group)) + "\n" + lines;
    }
    return text + "Examples\n" + std::string(about.examples);
}

}  // namespace linx::cli
