/// The command's process, from the clone to its execve.
#pragma once

#include "init/options.hpp"

#include "child/record.hpp"

namespace linx::init {

/// What failed, in the record's `step`.
enum Failing : std::uint32_t { executing, changing_user, changing_directory };

struct Birth {
    /// Or -errno.
    long pid = 0;
    bool executed = false;
    /// When it has not executed: why.
    child::Record failure{};
};

/// Answers when the execve is known to have succeeded or failed, so that no signal can come between.
[[nodiscard]] Birth start_workload(const Options& options, char** envp, bool child_ignored) noexcept;

}  // namespace linx::init
