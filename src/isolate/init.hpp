/// The init between the launcher and the workload: how it is executed, and what it is told.
#pragma once

#include "isolate/command.hpp"

#include <cstdint>
#include <optional>

namespace linx::isolate {

/// What the rest of the compilation knows of the workload.
struct Workload {
    /// Bit n - 1 stands for signal n.
    std::uint64_t blocked_signals = 0;
    /// The workload's program, when it is a descriptor.
    std::optional<child::Slot> program;
};

/// Adds the steps that load and execute the init. Its words come before the command's own.
void add_init(const ProcessSpec& spec, const Workload& workload, Command& command, program::Draft& draft);

}  // namespace linx::isolate
