/// The help texts, made from the tables of commands and of options.
#pragma once

#include "cli/commands.hpp"

#include <string>

namespace linx::cli {

/// `linx --help`.
[[nodiscard]] std::string general_help();
/// `linx COMMAND --help`: usage, options by group, examples; at most 80 columns.
[[nodiscard]] std::string help_of(Command command);

}  // namespace linx::cli
