/// What a `spawn` or `enter` frame asks for: the workload, and the rules of its session.
#pragma once

#include "etf/reader.hpp"

#include <linx/result.hpp>
#include <linx/spec.hpp>

#include <chrono>
#include <optional>
#include <variant>

namespace linx::agent {

/// What becomes of a workload whose VM, or whose session's process there, is gone.
struct KillAfter {
    std::chrono::milliseconds grace{5000};
};
struct Keep {};
using OrphanPolicy = std::variant<KillAfter, Keep>;

struct LaunchOrder {
    ProcessSpec spec;
    bool auto_proceed = false;
    std::optional<std::chrono::milliseconds> checkpoint_timeout;
    OrphanPolicy orphan_policy = KillAfter{};
};

/// Reads the map of a spec (docs/protocol.md). Errors: Stage::spec names the key and the rule that is broken.
[[nodiscard]] Result<LaunchOrder> read_launch_order(etf::Reader& reader);

}  // namespace linx::agent
