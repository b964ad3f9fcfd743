/// Where linx's own words end and the workload's begin.
#pragma once

#include "cli/options.hpp"

#include <span>
#include <string>
#include <vector>

namespace linx::cli {

/// The words of a command line, divided.
struct Division {
    /// Options, their values and the PID of enter; `--name=value` is in two words here.
    std::vector<std::string> own;
    /// The workload's argv: nobody looks into it.
    std::vector<std::string> workload;
    /// The options that occur, each once, in the order of their first occurrence.
    std::vector<const Option*> used;
};

/// Walks to `--`, or to the first word that is neither an option, nor its value, nor the PID.
[[nodiscard]] Division divide(Command command, std::span<const char* const> words);

/// Has the command a PID among its own words?
[[nodiscard]] bool takes_pid(Command command) noexcept;
/// Has the command a workload?
[[nodiscard]] bool takes_workload(Command command) noexcept;

}  // namespace linx::cli
