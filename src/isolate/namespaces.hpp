/// Fresh namespaces and joined ones: which process makes or joins which, and the clone itself.
#pragma once

#include "isolate/circumstances.hpp"
#include "program/draft.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace linx::isolate {

/// Namespaces of one process, joined at once through its pidfd (Linux 5.8).
struct JoinByPidfd {
    std::size_t owned = 0;  ///< index of the pidfd among the plan's own descriptors
    Namespaces kinds;
    std::string label;  ///< `"pid 71"`
};
struct JoinByPath {
    Namespace kind{};
    std::string path;
};
/// A namespace file that the caller has open.
struct JoinByFile {
    Namespace kind{};
    int number = -1;
};

/// What is joined; pinned when planned.
struct Joins {
    std::vector<std::variant<JoinByPidfd, JoinByPath, JoinByFile>> sources;
    /// The target's root directory and cgroup, among the plan's own descriptors.
    std::optional<std::size_t> root;
    std::optional<std::size_t> cgroup;

    [[nodiscard]] Namespaces kinds() const;
};

/// Is a process between launcher and workload needed? Joining a pid namespace and setting time
/// offsets count for children only, and what is fresh must be made after what is joined.
[[nodiscard]] bool needs_intermediate(const ProcessSpec& spec, Namespaces fresh, const Joins& joins);

/// The stage of a setns: the kind's own for a single one.
[[nodiscard]] Stage setns_stage(Namespaces kinds);
[[nodiscard]] Stage open_stage(Namespace kind);

[[nodiscard]] Result<void> compile_namespaces(const ProcessSpec& spec, const Circumstances& now,
                                              const Joins& joins, program::Draft& draft);

}  // namespace linx::isolate
