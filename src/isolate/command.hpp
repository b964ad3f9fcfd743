/// The program of the workload: its arguments, its environment, and where it is looked for.
#pragma once

#include "isolate/circumstances.hpp"
#include "program/draft.hpp"

#include <string>
#include <vector>

namespace linx::isolate {

struct Command {
    std::vector<std::string> argv;
    /// What the init is executed with, before the workload's own; empty when there is none.
    std::vector<std::string> init;
    std::vector<std::string> environment;  ///< `NAME=VALUE`
};

/// The paths that execvp would try for this name with this PATH (none: `/bin:/usr/bin`).
[[nodiscard]] std::vector<std::string> candidates(const std::string& name,
                                                  const std::optional<std::string>& path);

/// `caller_environment` is the launcher's, NULL-terminated.
[[nodiscard]] Result<Command> compile_command(const ProcessSpec& spec, const Circumstances& now,
                                              const char* const* caller_environment, program::Draft& draft);

}  // namespace linx::isolate
