/// Running whole programs, as cheaply as the kernel allows and the same way for subject and floor.
#pragma once

#include "row.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// The folder that this benchmark and what it measures was built into.
[[nodiscard]] std::filesystem::path bin_folder();
/// Where an installed program of that name is, by the PATH.
[[nodiscard]] std::optional<std::string> installed(const std::string& name);
/// Starts the program (argv[0] is its path) with its output to /dev/null and waits; anything but exit code 0
/// is an error.
[[nodiscard]] Action run_program(std::vector<std::string> argv);
/// Peak resident memory of the program and what it waited for, in KiB.
[[nodiscard]] Sample peak_memory(std::vector<std::string> argv);

}  // namespace bench
