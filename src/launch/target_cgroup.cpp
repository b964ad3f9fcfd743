#include "launch/target_cgroup.hpp"

#include "sys/mountinfo.hpp"
#include "sys/small_file.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>

namespace linx::launch {

namespace {

/// The path in the v2 hierarchy: the line `0::/path` of /proc/PID/cgroup.
std::optional<std::string> cgroup_path(const std::string& file) {
    const auto text = sys::read_small_file(file);
    if (!text) {
        return std::nullopt;
    }
    std::size_t line = 0;
    while (line < text->size()) {
        const std::size_t end = std::min(text->find('\n', line), text->size());
        if (text->compare(line, 3, "0::") == 0) {
            return text->substr(line + 3, end - line - 3);
        }
        line = end + 1;
    }
    return std::nullopt;
}

/// Where the v2 hierarchy is mounted, and which cgroup is its root there.
std::optional<sys::MountLine> cgroup_mount() {
    const auto lines = sys::mounts();
    if (!lines) {
        return std::nullopt;
    }
    const auto found = std::ranges::find(*lines, "cgroup2", &sys::MountLine::type);
    return found == lines->end() ? std::nullopt : std::optional(*found);
}

/// The directory of a cgroup in that mount; empty when it lies outside.
std::string directory_of(const std::string& cgroup, const sys::MountLine& mount) {
    if (cgroup.starts_with("/..")) {
        return {};
    }
    if (mount.root == "/") {
        return mount.mount_point + cgroup;
    }
    if (cgroup == mount.root || cgroup.starts_with(mount.root + "/")) {
        return mount.mount_point + cgroup.substr(mount.root.size());
    }
    return {};
}

constexpr std::string_view stay_out =
    "to stay in the launcher's cgroup: --no-cgroup, or target_cgroup = false";

std::unexpected<Error> refuse(pid_t pid, int errnum, std::string hint) {
    return std::unexpected(Error{.stage = Stage::open_cgroup,
                                 .errnum = errnum,
                                 .detail = "pid " + std::to_string(pid),
                                 .hint = std::move(hint)});
}

/// A process put into a frozen cgroup cannot even be killed: look before.
Result<void> not_frozen(pid_t pid, const std::string& directory) {
    const auto events = sys::read_small_file(directory + "/cgroup.events");
    if (events && events->find("frozen 1") != std::string::npos) {
        return refuse(pid, EBUSY, "the target's cgroup is frozen; thaw it first");
    }
    return {};
}

}  // namespace

Result<Fd> open_cgroup_of(pid_t pid) {
    const auto theirs = cgroup_path("/proc/" + std::to_string(pid) + "/cgroup");
    const auto ours = cgroup_path("/proc/thread-self/cgroup");
    if (!theirs || theirs == ours) {
        return Fd{};
    }
    const auto mount = cgroup_mount();
    if (!mount) {
        return refuse(pid, ENOENT, "no cgroup v2 hierarchy is mounted here; " + std::string(stay_out));
    }
    const std::string directory = directory_of(*theirs, *mount);
    if (directory.empty()) {
        return refuse(
            pid, ENOENT,
            "its cgroup " + *theirs + " is outside of what is mounted here; " + std::string(stay_out));
    }
    LINX_TRY(not_frozen(pid, directory));
    Fd cgroup{::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    return cgroup.is_open() ? Result<Fd>{std::move(cgroup)} : failed(Stage::open_cgroup, errno, directory);
}

}  // namespace linx::launch
