/// The completions of linx for shells, made from the tables of commands and options.
#pragma once

#include <string>

namespace linx::cli {

[[nodiscard]] std::string bash_completions();
[[nodiscard]] std::string zsh_completions();

}  // namespace linx::cli
