/// What the kernel says of a workload and of the launcher, read from /proc.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace fault {

/// The workload as text, a line per property, in words that are the same in every run (`net fresh`, not an
/// inode). `container` is the process whose namespaces count as `target`, or -1.
[[nodiscard]] std::string look_at(pid_t workload, pid_t container);

/// The first child of a process; 0 when it has none.
[[nodiscard]] pid_t child_of(pid_t pid);

/// What a launch must leave as it was in its launcher.
struct Snapshot {
    std::vector<std::string> descriptors;
    std::vector<std::string> namespaces;
    std::string mounts;
    std::string status;  ///< signals, ids, umask
    std::string cwd;
};
[[nodiscard]] Snapshot snapshot();
/// A line for each difference; empty when nothing has changed.
[[nodiscard]] std::string differences(const Snapshot& before, const Snapshot& after);

/// What became of the children: a line for each that is left, dead or alive.
[[nodiscard]] std::string children_left();

}  // namespace fault
