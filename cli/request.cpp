/// The defaults that make `linx run --all -- sh` right for root and for an ordinary user alike.
#include "cli/request.hpp"

#include <fcntl.h>
#include <sys/mount.h>

namespace linx::cli {

namespace {

bool has_maps(const ProcessSpec& spec) {
    return !spec.uid_map.empty() || !spec.gid_map.empty() || spec.map_root;
}

bool mounts_on(const ProcessSpec& spec, std::string_view target) {
    for (const Mount& mount : spec.mounts) {
        if (mount.target == target) {
            return true;
        }
    }
    return false;
}

/// Without it, /proc in a fresh pid namespace shows the pids of the caller's.
void mount_proc(ProcessSpec& spec) {
    spec.mounts.insert(spec.mounts.begin(),
                       Mount{.type = "proc",
                             .target = "/proc",
                             .source = {},
                             .options = {},
                             .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC});
}

void settle_fresh(Request& request) {
    ProcessSpec& spec = request.spec;
    Namespaces fresh = spec.namespaces.value_or(Namespaces{});
    if (request.all_namespaces) {
        fresh = Namespaces::all();
        for (const Join& join : spec.join) {
            fresh.erase(join.kind);
        }
    }
    spec.namespaces = fresh;
    // One map alone means the same ids for both.
    if (spec.gid_map.empty()) {
        spec.gid_map = spec.uid_map;
    } else if (spec.uid_map.empty()) {
        spec.uid_map = spec.gid_map;
    }
    if (fresh.contains(Namespace::user) && request.map && !has_maps(spec)) {
        spec.map_root = true;
    }
    const bool own_pids = fresh.contains(Namespace::mount) && fresh.contains(Namespace::pid);
    if (own_pids && request.proc && !mounts_on(spec, "/proc")) {
        mount_proc(spec);
    }
    if (fresh.contains(Namespace::uts) && !spec.hostname) {
        spec.hostname = "linx";
    }
}

void settle_environment(Request& request) {
    auto& changes = request.spec.environment.changes;
    std::vector<std::pair<std::string, std::optional<std::string>>> ordered;
    for (std::string& name : request.unset) {
        ordered.emplace_back(std::move(name), std::nullopt);
    }
    ordered.insert(ordered.end(), changes.begin(), changes.end());
    changes = std::move(ordered);
    request.unset.clear();
}

void open_for_writing(Stdio& stream, bool append) {
    if (auto* const file = std::get_if<StdioFile>(&stream)) {
        file->flags = O_WRONLY | O_CREAT | O_NOCTTY | (append ? O_APPEND : O_TRUNC);
    }
}

/// One file for both is opened once, so that neither stream overwrites the other.
void settle_stdio(Request& request) {
    ProcessSpec& spec = request.spec;
    open_for_writing(spec.stdout_to, request.append);
    open_for_writing(spec.stderr_to, request.append);
    const auto* const out = std::get_if<StdioFile>(&spec.stdout_to);
    const auto* const err = std::get_if<StdioFile>(&spec.stderr_to);
    if (out != nullptr && err != nullptr && out->path == err->path) {
        spec.stderr_to = StdioAsStdout{};
    }
}

}  // namespace

Parsed<void> settle(Request& request) {
    ProcessSpec& spec = request.spec;
    if (!request.map && has_maps(spec)) {
        return std::unexpected("--no-map and an id map exclude each other");
    }
    if (!request.target) {
        settle_fresh(request);
    } else if (request.all_namespaces) {
        spec.namespaces.reset();
    }
    settle_environment(request);
    settle_stdio(request);
    spec.parent_death_signal = request.parent_death_signal;
    return {};
}

}  // namespace linx::cli
