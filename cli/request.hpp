/// What a command line asks for: the spec of a launch and what goes beyond it. Plain data.
#pragma once

#include "cli/parse.hpp"

#include <linx/spec.hpp>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>

namespace linx::cli {

/// Everything that the options of one command line can say.
struct Request {
    ProcessSpec spec;

    /// `--all`: all eight but those that are joined; for enter: all that differ.
    bool all_namespaces = false;
    /// Mount a proc on /proc when the mount and the pid namespace are fresh.
    bool proc = true;
    /// Write an id map for a fresh user namespace.
    bool map = true;
    /// `--stdout` and `--stderr` append instead of truncating.
    bool append = false;
    /// Variables that are taken away before those of `spec.environment.changes` are set.
    std::vector<std::string> unset;

    /// The process to enter or to inspect.
    std::optional<pid_t> target;
    bool json = false;

    /// A command for /bin/sh on the host, run while the child is parked.
    std::optional<std::string> at_checkpoint;
    std::optional<std::chrono::milliseconds> checkpoint_timeout;
    std::optional<std::chrono::milliseconds> timeout;
    std::chrono::milliseconds kill_grace{5000};
    /// Sent to the workload when linx dies: by default nothing of a killed linx stays behind.
    std::optional<int> parent_death_signal = SIGKILL;
};

/// Fills in what the command line left open: the map, /proc, the hostname, the order of the
/// environment's changes. The error is a combination that cannot be meant.
[[nodiscard]] Parsed<void> settle(Request& request);

}  // namespace linx::cli
