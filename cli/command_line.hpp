/// From the words after `linx COMMAND` to a request: CLI11 takes the words apart, the table of
/// options says what they mean.
#pragma once

#include "cli/commands.hpp"
#include "cli/request.hpp"

#include <span>
#include <string>
#include <variant>

namespace linx::cli {

/// The command line asks for the help of its command.
struct HelpWanted {};

/// Parses the words of a command. The error is a sentence that names the option. The request is
/// settled: its defaults are filled in.
[[nodiscard]] Parsed<std::variant<Request, HelpWanted>> parse_command_line(
    Command command, std::span<const char* const> words);

}  // namespace linx::cli
