#include "launch/cause.hpp"

#include "launch/own_ids.hpp"
#include "sys/mountinfo.hpp"
#include "sys/small_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace linx::launch {

namespace {

/// A number in a file of /proc/sys; empty when the file is not there.
std::optional<long> setting(const std::string& name) {
    const auto text = sys::read_small_file("/proc/sys/" + name);
    if (!text) {
        return std::nullopt;
    }
    long value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    return error == std::errc{} ? std::optional(value) : std::nullopt;
}

/// `mount` counts as `mnt` in /proc/sys/user.
std::string limit_name(Namespace kind) {
    return "max_" + std::string(proc_name(kind)) + "_namespaces";
}

std::string limits_reached(Namespaces fresh) {
    for (const Namespace kind : every_namespace) {
        if (fresh.contains(kind) && setting("user/" + limit_name(kind)) == 0) {
            return std::string(name(kind)) + " namespaces are switched off here: sysctl user." +
                   limit_name(kind) + " is 0";
        }
    }
    return "one of the limits /proc/sys/user/max_*_namespaces is reached: " + fresh.to_string();
}

/// In a chroot, nothing that mountinfo shows is mounted on `/`.
bool chrooted() {
    const auto lines = sys::mounts();
    return lines &&
           std::ranges::none_of(*lines, [](const sys::MountLine& line) { return line.mount_point == "/"; });
}

std::string not_mapped(const std::string& ids) {
    return "the map of the caller's own user namespace lacks its " + ids +
           ": whoever made that namespace must write the map first";
}

std::string why_no_user_namespace() {
    if (setting("kernel/unprivileged_userns_clone") == 0) {
        return "this kernel lets only root make user namespaces: sysctl kernel.unprivileged_userns_clone is "
               "0";
    }
    if (setting("user/max_user_namespaces") == 0) {
        return "user namespaces are switched off here: sysctl user.max_user_namespaces is 0";
    }
    if (chrooted()) {
        return "a process in a chroot may not make a user namespace";
    }
    if (const std::string ids = unmapped_ids(); !ids.empty()) {
        return not_mapped(ids);
    }
    return "a seccomp filter or a security module forbids user namespaces here";
}

/// AppArmor (Ubuntu 23.10 and later) lets the namespace be made, and takes all capabilities away in it.
constexpr const char* apparmor =
    "AppArmor takes the capabilities in user namespaces away from unconfined programs: give this program a "
    "profile that allows userns, or set sysctl kernel.apparmor_restrict_unprivileged_userns to 0";

bool apparmor_restricts() {
    return setting("kernel/apparmor_restrict_unprivileged_userns").value_or(0) != 0;
}

std::string about_clone(const Error& error, const Failure& failure) {
    switch (error.errnum) {
        case EPERM:
            if (failure.fresh.contains(Namespace::user)) {
                return why_no_user_namespace();
            }
            if (const std::string ids = unmapped_ids(); !ids.empty()) {
                return "fresh namespaces take CAP_SYS_ADMIN; " + not_mapped(ids);
            }
            return "fresh namespaces take CAP_SYS_ADMIN; an ordinary user gets it from a user namespace: add "
                   "`user`";
        case ENOSPC:
            return limits_reached(failure.fresh);
        case EUSERS:
            return "user namespaces are nested too deep (32 levels), or a limit in user.max_*_namespaces is "
                   "reached";
        case EAGAIN:
            return "the limit of processes is reached: RLIMIT_NPROC, pids.max of the cgroup, or "
                   "kernel.threads-max";
        case EMFILE:
            return "the launcher has no free descriptor for the pidfd: RLIMIT_NOFILE";
        case EACCES:
            return "being born in a cgroup takes write access to its cgroup.procs, and to that of the common "
                   "ancestor";
        case EBUSY:
            return "the cgroup cannot take processes: it is of the kind domain invalid, or has controllers "
                   "for its children";
        case ENOSYS:
            return "clone3 is not to be had: a kernel before 5.3, or a seccomp filter";
        case EINVAL:
            return failure.fresh.contains(Namespace::time)
                       ? "time namespaces take Linux 5.6 with CONFIG_TIME_NS"
                       : "";
        default:
            return {};
    }
}

std::string about_map(const Error& error, const Failure& failure) {
    if (error.errnum != EPERM && error.errnum != EACCES) {
        return error.errnum == EINVAL ? "the kernel takes no such map: ranges must not overlap nor be empty"
                                      : "";
    }
    if (failure.caller_is_root) {
        return "a map takes CAP_SETUID, CAP_SETGID (and, to map the id 0, CAP_SETFCAP) in the launcher's "
               "user "
               "namespace, where every id outside must exist";
    }
    if (apparmor_restricts()) {
        return apparmor;
    }
    return "an ordinary user can map one id, its own, by itself; more take newuidmap, newgidmap and "
           "subordinate ids";
}

std::string about_map_helper(const Error& error, const Failure& /*failure*/) {
    if (error.errnum == ENOENT) {
        return "the program is missing; Debian has it in the package uidmap";
    }
    const char* file = error.stage == Stage::newuidmap ? "/etc/subuid" : "/etc/subgid";
    return std::string(
               "the ranges must be among the caller's subordinate ids: a line like `NAME:100000:65536` in ") +
           file;
}

std::string about_exec(const Error& error, const Failure& /*failure*/) {
    switch (error.errnum) {
        case ENOEXEC:
            return "the file is no program for this machine: another architecture, or damaged";
        case E2BIG:
            return "arguments and environment together are too large: a quarter of the stack limit is the "
                   "most";
        case ETXTBSY:
            return "the file is open for writing";
        case EAGAIN:
            return "the workload's user has more processes than its RLIMIT_NPROC";
        default:
            return {};
    }
}

std::string about_mount(const Error& error, const Failure& failure) {
    if (error.errnum != EPERM) {
        return error.errnum == ENODEV ? "this kernel does not know that filesystem" : "";
    }
    if (!failure.caller_is_root && apparmor_restricts()) {
        return apparmor;
    }
    return "a user namespace may mount proc or sysfs only where an unmasked one is visible already, with a "
           "pid or "
           "net namespace that it owns: not inside a container that masks parts of it";
}

std::string about_setns(const Error& error, const Failure& /*failure*/) {
    switch (error.errnum) {
        case EPERM:
            return "joining takes CAP_SYS_ADMIN in the user namespace that owns it (for mount CAP_SYS_CHROOT "
                   "too): join "
                   "`user` as well where that grants it";
        case ESRCH:
            return "the target process has ended";
        case EINVAL:
            return "the target has no such namespace any more, or the kernel is before 5.8";
        default:
            return {};
    }
}

std::string about_offsets(const Error& error, const Failure& /*failure*/) {
    if (error.errnum == ERANGE) {
        return "no clock may go below zero, nor beyond half of what it can count";
    }
    return error.errnum == ENOENT ? "time namespaces take Linux 5.6 with CONFIG_TIME_NS" : "";
}

std::string about_limits(const Error& error, const Failure& /*failure*/) {
    if (error.stage == Stage::setpriority) {
        return "a nice value below the present one takes CAP_SYS_NICE, or RLIMIT_NICE";
    }
    return error.errnum == EPERM ? "raising a hard limit takes CAP_SYS_RESOURCE in the initial user namespace"
                                 : "";
}

std::string about_propagation(const Error& error, const Failure& /*failure*/) {
    return error.errnum == EINVAL
               ? "the root directory is no mount point: a chroot; a mount namespace takes a real root"
               : "";
}

std::string about_ids(const Error& error, const Failure& /*failure*/) {
    return error.errnum == EINVAL ? "the id has no place in the map of the user namespace"
                                  : "changing ids takes CAP_SETUID and CAP_SETGID in the user namespace";
}

struct Row {
    Stage first;
    Stage last;
    std::string (*about)(const Error&, const Failure&);
};

/// Who knows about which stages; the first row that fits.
constexpr std::array rows{
    Row{Stage::clone3, Stage::clone_intermediate, about_clone},
    Row{Stage::clone_workload, Stage::clone_workload, about_clone},
    Row{Stage::unshare, Stage::unshare, about_clone},
    Row{Stage::setgroups_deny, Stage::gid_map, about_map},
    Row{Stage::newuidmap, Stage::newgidmap, about_map_helper},
    Row{Stage::timens_offsets, Stage::timens_offsets, about_offsets},
    Row{Stage::prlimit, Stage::setpriority, about_limits},
    Row{Stage::setrlimit, Stage::setrlimit, about_limits},
    Row{Stage::setns, Stage::setns_time, about_setns},
    Row{Stage::mount_propagation, Stage::mount_propagation, about_propagation},
    Row{Stage::mount, Stage::mount, about_mount},
    Row{Stage::setgroups, Stage::setresuid, about_ids},
    Row{Stage::execve, Stage::execve, about_exec},
};

std::string hint_for(const Error& error, const Failure& failure) {
    for (const Row& row : rows) {
        if (error.stage >= row.first && error.stage <= row.last) {
            return row.about(error, failure);
        }
    }
    const bool denied = error.errnum == EPERM || error.errnum == EACCES;
    const bool in_child = error.stage > Stage::setpriority && error.stage < Stage::execve;
    if (denied && in_child && !failure.caller_is_root && failure.fresh.contains(Namespace::user) &&
        apparmor_restricts()) {
        return apparmor;
    }
    if (error.errnum == ENOSYS) {
        return "linx takes Linux 5.14; this kernel, or a seccomp filter around this program, does not have "
               "the call";
    }
    return {};
}

}  // namespace

void find_cause(Error& error, const Failure& failure) {
    if (error.hint.empty()) {
        error.hint = hint_for(error, failure);
    }
}

void add_childs_word(Error& error, const child::Record& record) {
    const std::size_t length = std::min<std::size_t>(record.text_length, sizeof(record.text));
    std::string text(record.text, length);
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
    while (text.ends_with('?')) {
        text.pop_back();
    }
    switch (record.cause) {
        case child::Cause::missing_interpreter:
            error.hint = text.starts_with("#!")
                             ? "the script is there, its interpreter is not: " + text.substr(2)
                             : "the file is there, the dynamic linker that it names is not";
            break;
        case child::Cause::noexec_mount:
            error.hint = "it lies on a filesystem that is mounted noexec";
            break;
        case child::Cause::not_regular:
            error.hint = "it is a directory, or something else that is no regular file";
            break;
        case child::Cause::not_executable:
            error.hint = "the workload's user has no execute permission";
            break;
        case child::Cause::filesystem_says:
            error.hint = "the kernel says: " + (text.size() > 2 ? text.substr(2) : text);
            break;
        case child::Cause::unknown:
            break;
    }
}

}  // namespace linx::launch
