#include "launch/target.hpp"

#include "launch/target_cgroup.hpp"
#include "sys/namespace_file.hpp"
#include "sys/process.hpp"
#include "sys/small_file.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace linx::launch {

namespace {

using isolate::wrong;

/// A process held by pidfd.
struct Pinned {
    Fd pidfd;
    pid_t pid = -1;  ///< in the /proc that is mounted here
    std::string label;
    std::string proc;  ///< `/proc/71`
};

std::unexpected<Error> about(const Pinned& target, Stage stage, int errnum, std::string_view hint = {}) {
    return std::unexpected(
        Error{.stage = stage, .errnum = errnum, .detail = target.label, .hint = std::string(hint)});
}

/// `number` is the target's in the /proc that is mounted here, which may be that of another pid
/// namespace: asked of the pidfd, or everything read under it would be a stranger's.
Pinned pinned(Fd pidfd, pid_t pid, pid_t number) {
    return {.pidfd = std::move(pidfd),
            .pid = number,
            .label = "pid " + std::to_string(pid),
            .proc = "/proc/" + std::to_string(number)};
}

Result<Pinned> pin(pid_t pid, const std::string& field) {
    if (pid <= 0) {
        return wrong(field + ": " + std::to_string(pid) + " is no pid; pids are positive");
    }
    auto pidfd = sys::pidfd_open(pid);
    if (!pidfd) {
        Error error{.stage = Stage::pidfd_open,
                    .errnum = pidfd.error(),
                    .detail = "pid " + std::to_string(pid),
                    .hint = {}};
        if (error.errnum == ESRCH) {
            error.hint = "no process has this pid here, or it has just ended";
        } else if (error.errnum == EINVAL || error.errnum == ENOENT) {
            error.hint = "this is the id of a thread, not of a process";
        }
        return std::unexpected(std::move(error));
    }
    const auto number = sys::pid_of(pidfd->ref());
    if (!number) {
        return std::unexpected(Error{.stage = Stage::target,
                                     .errnum = number.error(),
                                     .detail = "pid " + std::to_string(pid),
                                     .hint = "the /proc here does not show it: none is mounted, or one of "
                                             "another pid namespace; or it has just ended"});
    }
    return pinned(std::move(*pidfd), pid, *number);
}

Result<Pinned> pin(FdRef pidfd, const std::string& field) {
    const auto pid = sys::pid_of(pidfd);
    if (!pid && (pid.error() == EINVAL || pid.error() == EBADF)) {
        return wrong(field + ": fd " + std::to_string(pidfd.number()) +
                     (pid.error() == EBADF ? " is not open" : " is neither a pidfd nor a namespace"));
    }
    if (!pid) {
        return failed(Stage::pidfd_open, pid.error(), "fd " + std::to_string(pidfd.number()));
    }
    const int copy = ::fcntl(pidfd.number(), F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
        return failed(Stage::duplicate_fd, errno, "fd " + std::to_string(pidfd.number()));
    }
    return pinned(Fd{copy}, *pid, *pid);
}

constexpr const char* unreaped = "the target process has ended; nobody has reaped it yet";

/// Everything read from /proc under the target's number counts only if the target still lives
/// afterwards: then the number was its own all the time.
Result<void> still_alive(const Pinned& target) {
    const auto asked = sys::pidfd_send_signal(target.pidfd.ref(), 0);
    if (!asked && asked.error() == ESRCH) {
        return about(target, Stage::target, ESRCH, "the target process has ended");
    }
    return {};
}

/// Where this thread's children are born, which for pid and time may be elsewhere than itself.
std::string own_file(Namespace kind) {
    std::string file = "/proc/thread-self/ns/" + std::string(proc_name(kind));
    return kind == Namespace::pid || kind == Namespace::time ? file + "_for_children" : file;
}

/// Those of the wanted namespaces of the target that the child would not be born in anyway.
Result<Namespaces> differing(const Pinned& target, Namespaces wanted) {
    Namespaces set;
    for (const Namespace kind : every_namespace) {
        if (!wanted.contains(kind)) {
            continue;
        }
        const std::string file = target.proc + "/ns/" + std::string(proc_name(kind));
        const auto theirs = sys::namespace_id(file);
        if (!theirs) {
            LINX_TRY(still_alive(target));
            const bool ended = theirs.error() == ENOENT || theirs.error() == ESRCH;
            return std::unexpected(Error{
                .stage = ended ? Stage::target : isolate::open_stage(kind),
                .errnum = ended ? ESRCH : theirs.error(),
                .detail = ended ? target.label : file,
                .hint = ended
                            ? unreaped
                            : "looking into another process takes the right to trace it: the same user and a "
                              "dumpable process, or CAP_SYS_PTRACE in its user namespace"});
        }
        const auto ours = sys::namespace_id(own_file(kind));
        // A pid namespace that was unshared and has no init yet has no file.
        const bool may_be_missing = kind == Namespace::pid || kind == Namespace::time;
        if (!ours && !(may_be_missing && ours.error() == ENOENT)) {
            return failed(Stage::target, ours.error(), own_file(kind));
        }
        if (!ours || *ours != *theirs) {
            set.insert(kind);
        }
    }
    return set;
}

struct PlaceId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t mount = 0;
    [[nodiscard]] bool operator==(const PlaceId&) const noexcept = default;
};

std::optional<PlaceId> place(const std::string& path) {
    struct statx status = {};
    // Neither number has to be asked of a file server.
    constexpr int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    if (::statx(AT_FDCWD, path.c_str(), flags, STATX_INO | STATX_MNT_ID, &status) < 0) {
        return std::nullopt;
    }
    return PlaceId{(std::uint64_t{status.stx_dev_major} << 32) | status.stx_dev_minor, status.stx_ino,
                   status.stx_mnt_id};
}

/// Is the target in our mount namespace, with another root? A root in another mount namespace is of no
/// use to who does not join that.
bool is_chrooted_here(const Pinned& target) {
    const auto theirs = sys::namespace_id(target.proc + "/ns/mnt");
    const auto ours = sys::namespace_id(own_file(Namespace::mount));
    return theirs && ours && *theirs == *ours && place(target.proc + "/root") != place("/");
}

/// The target's root, when its mount namespace is joined, or when it was chrooted in ours.
Result<void> pin_root(const Pinned& target, bool joins_mount, PinnedJoins& out) {
    const std::string path = target.proc + "/root";
    if (!joins_mount && !is_chrooted_here(target)) {
        return {};
    }
    Fd root{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!root.is_open()) {
        const int error = errno;
        LINX_TRY(still_alive(target));
        if (error == ENOENT || error == ESRCH) {
            return about(target, Stage::target, ESRCH, unreaped);
        }
        return failed(Stage::open_root, error, path);
    }
    out.joins.root = out.owned.size();
    out.owned.push_back(std::move(root));
    return {};
}

Result<void> pin_cgroup(const Pinned& target, PinnedJoins& out) {
    Fd cgroup = LINX_TRY(open_cgroup_of(target.pid));
    if (cgroup.is_open()) {
        out.joins.cgroup = out.owned.size();
        out.owned.push_back(std::move(cgroup));
    }
    return {};
}

void add_group(Pinned target, Namespaces kinds, PinnedJoins& out) {
    if (kinds.empty()) {
        return;
    }
    out.joins.sources.emplace_back(isolate::JoinByPidfd{out.owned.size(), kinds, target.label});
    out.owned.push_back(std::move(target.pidfd));
}

/// All kinds that are joined from one process are joined at once.
struct Group {
    Pinned target;
    Namespaces kinds;
};

Result<void> add_to_group(std::vector<Group>& groups, Pinned target, Namespace kind) {
    for (Group& group : groups) {
        if (group.target.pid == target.pid) {
            group.kinds.insert(kind);
            return {};
        }
    }
    groups.push_back({std::move(target), Namespaces{kind}});
    return {};
}

/// Does the path lead to the namespace that the child is born in anyway? Where the answer would have
/// to be waited for, it is found when the path is opened.
bool is_own_namespace(Namespace kind, const std::string& path) {
    const auto file = sys::open_namespace_cached(path);
    const auto theirs = file ? sys::namespace_id(file->ref()) : std::unexpected(file.error());
    const auto ours = sys::namespace_id(own_file(kind));
    return theirs && ours && *theirs == *ours;
}

Result<void> pin_one(const Join& join, std::vector<Group>& groups, PinnedJoins& out) {
    const std::string field = "join: " + std::string(name(join.kind));
    if (const auto* path = std::get_if<NamespacePath>(&join.from)) {
        if (path->path.empty() || path->path.find('\0') != std::string::npos) {
            return wrong(field + ": the path must not be empty, nor hold a NUL byte");
        }
        if (!is_own_namespace(join.kind, path->path)) {
            out.joins.sources.emplace_back(isolate::JoinByPath{join.kind, path->path});
        }
        return {};
    }
    if (const auto* pid = std::get_if<NamespaceOfPid>(&join.from)) {
        return add_to_group(groups, LINX_TRY(pin(pid->pid, field)), join.kind);
    }
    const FdRef fd = std::get<NamespaceOfFd>(join.from).fd;
    const auto type = sys::namespace_type(fd);
    if (!type) {
        return add_to_group(groups, LINX_TRY(pin(fd, field)), join.kind);
    }
    if (*type != clone_flag(join.kind)) {
        return wrong(field + ": fd " + std::to_string(fd.number()) + " is a namespace of another kind");
    }
    const auto theirs = sys::namespace_id(fd);
    const auto ours = sys::namespace_id(own_file(join.kind));
    if (!theirs || !ours || *theirs != *ours) {
        out.joins.sources.emplace_back(isolate::JoinByFile{join.kind, fd.number()});
    }
    return {};
}

Result<void> add_joins(const ProcessSpec& spec, PinnedJoins& out) {
    std::vector<Group> groups;
    for (const Join& join : spec.join) {
        LINX_TRY(pin_one(join, groups, out));
    }
    for (Group& group : groups) {
        const Namespaces kinds = LINX_TRY(differing(group.target, group.kinds));
        LINX_TRY(still_alive(group.target));
        add_group(std::move(group.target), kinds, out);
    }
    return {};
}

}  // namespace

Result<isolate::Caller> look_at_caller() {
    isolate::Caller caller;
    caller.uid = ::geteuid();
    caller.gid = ::getegid();
    const auto capabilities = sys::effective_capabilities();
    const auto has = [&capabilities](int capability) {
        return capabilities && ((*capabilities >> capability) & 1U) != 0;
    };
    caller.can_setuid = has(CAP_SETUID);
    caller.can_setgid = has(CAP_SETGID);
    caller.dumpable = ::prctl(PR_GET_DUMPABLE) == 1;
    return caller;
}

Result<PinnedJoins> pin_joins(const ProcessSpec& spec) {
    PinnedJoins out;
    LINX_TRY(add_joins(spec, out));
    return out;
}

Result<PinnedJoins> pin_target(const Target& target, const ProcessSpec& spec) {
    Pinned pinned_target =
        LINX_TRY(std::visit([](const auto& which) { return pin(which, "target"); }, target));
    PinnedJoins out;
    Namespaces others;
    for (const Join& join : spec.join) {
        others.insert(join.kind);
    }
    const Namespaces wanted = spec.namespaces.value_or(Namespaces::all().without(others));
    const Namespaces kinds = LINX_TRY(differing(pinned_target, wanted));
    LINX_TRY(pin_root(pinned_target, kinds.contains(Namespace::mount), out));
    if (spec.target_cgroup) {
        LINX_TRY(pin_cgroup(pinned_target, out));
    }
    LINX_TRY(still_alive(pinned_target));
    add_group(std::move(pinned_target), kinds, out);
    LINX_TRY(add_joins(spec, out));
    return out;
}

}  // namespace linx::launch
