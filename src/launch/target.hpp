/// Pinning what is joined: from here on a pid that dies and is used again can do no harm.
#pragma once

#include "isolate/circumstances.hpp"
#include "isolate/namespaces.hpp"

#include <linx/plan.hpp>

#include <vector>

namespace linx::launch {

/// What a spec joins, with the descriptors that pin it.
struct PinnedJoins {
    isolate::Joins joins;
    std::vector<Fd> owned;
};

/// Facts about the calling thread.
[[nodiscard]] Result<isolate::Caller> look_at_caller();

/// Pins the sources of `spec.join`.
[[nodiscard]] Result<PinnedJoins> pin_joins(const ProcessSpec& spec);

/// Pins the target of an enter: those of its namespaces that are asked for and differ, its root and
/// its cgroup where they differ, and `spec.join` beside them.
[[nodiscard]] Result<PinnedJoins> pin_target(const Target& target, const ProcessSpec& spec);

}  // namespace linx::launch
