/// When a step of a launch happens, and in which process.
#pragma once

#include <cstdint>
#include <string_view>

namespace linx {

/// When a step happens (see ARCHITECTURE.md).
enum class Phase : std::uint8_t { acquire, clone, birth, map, prepare, checkpoint, seal, exec };
/// Which process performs a step.
enum class Actor : std::uint8_t {
    launcher,
    scout,         ///< a short-lived process that opens what might block
    intermediate,  ///< the short-lived process that joins and clones the workload with CLONE_PARENT
    child,         ///< the workload-to-be
    init,          ///< linx-init, which the child has become: it executes the workload as its own child
};

[[nodiscard]] std::string_view name(Phase phase) noexcept;
[[nodiscard]] std::string_view name(Actor actor) noexcept;

}  // namespace linx
