/// What `linx doctor` finds: one line each, with its reason; and the examinations that find it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace linx::cli {

enum class Verdict : std::uint8_t {
    yes,
    limited,  ///< with a condition, which the reason names
    no,
    note,  ///< neither good nor bad
};
[[nodiscard]] std::string_view name(Verdict verdict) noexcept;

struct Finding {
    std::string topic;
    std::string name;
    Verdict verdict{};
    std::string reason;
    /// Without it linx cannot run at all.
    bool essential = false;
};

using Findings = std::vector<Finding>;

/// The kernel's version and the system calls that linx needs.
void examine_kernel(Findings& findings);
/// What this user may do, and what restricts user namespaces.
void examine_user(Findings& findings);
/// Each kind of namespace, a new proc, shifted clocks: tried in children that are thrown away.
void examine_namespaces(Findings& findings);
/// The layout of the cgroup hierarchies, and what of it is ours to write.
void examine_cgroups(Findings& findings);

/// A version such as `"6.1.0-18-amd64"`: major and minor. 0.0 when there is none to see. Pure.
struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;
    [[nodiscard]] auto operator<=>(const KernelVersion&) const noexcept = default;
};
[[nodiscard]] KernelVersion read_kernel_version(std::string_view release);

/// How many subordinate ids a user has in the text of /etc/subuid or /etc/subgid. Pure.
[[nodiscard]] std::uint64_t count_subordinate_ids(std::string_view text, std::string_view user,
                                                  std::string_view uid);

/// Where a hierarchy is mounted, and which; from the lines of /proc/self/mountinfo. Pure.
struct CgroupMount {
    std::string directory;
    bool version2 = false;
    std::string options;
};
[[nodiscard]] std::vector<CgroupMount> read_cgroup_mounts(std::string_view mountinfo);

}  // namespace linx::cli
