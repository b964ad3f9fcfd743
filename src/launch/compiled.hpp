/// A compiled launch, inside: its steps in their order, and all that they refer to.
#pragma once

#include "isolate/command.hpp"
#include "program/draft.hpp"

#include <linx/plan.hpp>

#include <vector>

namespace linx {

struct LaunchPlan::Compiled {
    program::Arena arena;
    /// In the order in which they happen.
    std::vector<program::DraftStep> steps;
    std::uint32_t slots = 1;
    /// Descriptors that the plan opened: pidfds of targets, a root directory, a cgroup.
    std::vector<Fd> owned;
    isolate::Command command;
    Namespaces fresh;
    /// Does it write an id map, or what else only a caller of some standing may?
    bool caller_is_root = false;

    /// Does the child execute an init, which executes the workload and reports?
    [[nodiscard]] bool has_init() const noexcept { return !command.init.empty(); }
};

namespace launch {

/// Who performs a step.
[[nodiscard]] Actor actor_of(const program::DraftStep& step) noexcept;

/// Puts the steps into the order of the table in plan.cpp.
void put_in_order(std::vector<program::DraftStep>& steps);

/// Compiles against given circumstances; pure but for what `joins` has already opened.
[[nodiscard]] Result<std::unique_ptr<LaunchPlan::Compiled>> compile(const ProcessSpec& spec,
                                                                    const isolate::Circumstances& now,
                                                                    const struct PinnedJoins& pinned,
                                                                    const char* const* environment);

}  // namespace launch
}  // namespace linx
