/// The mounts that this thread sees: /proc/thread-self/mountinfo (`proc(5)`).
#pragma once

#include "sys/outcome.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace linx::sys {

struct MountLine {
    std::string root;         ///< what of the filesystem is mounted
    std::string mount_point;  ///< where, seen from the thread's root
    std::string type;
};

/// The lines of a mountinfo file, with `\040` and the like decoded. Lines that are none are left out.
[[nodiscard]] std::vector<MountLine> parse_mountinfo(std::string_view text);
[[nodiscard]] Outcome<std::vector<MountLine>> mounts();

}  // namespace linx::sys
