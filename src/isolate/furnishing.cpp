#include "isolate/furnishing.hpp"

#include <array>

#include <sys/mount.h>
#include <sys/utsname.h>

namespace linx::isolate {

namespace {

using program::Draft;
using program::Subject;

struct MountFlag {
    std::string_view name;
    std::uint64_t attribute;
};

constexpr std::array<MountFlag, 6> mount_flags{{
    {"ro", MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW},
}};

Result<void> check(const Mount& mount) {
    if (mount.type.empty()) {
        return wrong("mounts: a mount without a type");
    }
    if (!mount.target.starts_with('/')) {
        return wrong("mounts: the target `" + mount.target + "` is not an absolute path");
    }
    for (const std::string& option : mount.options) {
        if (option.empty() || option.starts_with('=')) {
            return wrong("mounts: " + mount.target + ": an option without a name");
        }
    }
    return {};
}

void add(const Mount& mount, Draft& draft) {
    std::vector<child::Option> options;
    for (const std::string& option : mount.options) {
        const std::size_t equals = option.find('=');
        const std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
        options.push_back({draft.arena.text(option.substr(0, equals)), draft.arena.text(value)});
    }
    child::MountFilesystem step{};
    step.type = draft.arena.text(mount.type);
    step.source = draft.arena.text(mount.source.empty() ? mount.type : mount.source);
    step.target = draft.arena.text(mount.target);
    step.options = draft.arena.list(std::span<const child::Option>(options));
    step.attributes = mount.attributes;
    draft.child_step(Phase::prepare, Subject::child, Stage::mount, step, mount.type + " on " + mount.target);
}

Result<void> check_name(const std::string& field, const std::string& name) {
    constexpr std::size_t longest = sizeof(utsname::nodename) - 1;
    if (name.empty() || name.size() > longest) {
        return wrong(field + ": must have 1 to 64 bytes");
    }
    return {};
}

}  // namespace

void add_mount_option(Mount& mount, std::string_view option) {
    for (const MountFlag& flag : mount_flags) {
        if (flag.name == option) {
            mount.attributes |= flag.attribute;
            return;
        }
    }
    mount.options.emplace_back(option);
}

Result<void> compile_furnishing(const ProcessSpec& spec, const Circumstances& now, Draft& draft) {
    const bool fresh_mount = now.fresh.contains(Namespace::mount);
    if (!spec.mounts.empty() && !fresh_mount) {
        return wrong("mounts: needs a fresh mount namespace; add `mount` to namespaces");
    }
    if (fresh_mount) {
        draft.child_step(Phase::prepare, Subject::child, Stage::mount_propagation, child::MakePrivate{});
    }
    for (const Mount& mount : spec.mounts) {
        LINX_TRY(check(mount));
        add(mount, draft);
    }
    if (now.fresh.contains(Namespace::net) && spec.loopback) {
        draft.child_step(Phase::prepare, Subject::child, Stage::loopback, child::BringUpLoopback{});
    }
    const bool fresh_uts = now.fresh.contains(Namespace::uts);
    if ((spec.hostname || spec.domainname) && !fresh_uts) {
        return wrong(std::string(spec.hostname ? "hostname" : "domainname") +
                     ": needs a fresh uts namespace; add `uts` to namespaces");
    }
    if (spec.hostname) {
        LINX_TRY(check_name("hostname", *spec.hostname));
        draft.child_step(Phase::prepare, Subject::child, Stage::sethostname,
                         child::SetHostname{draft.arena.text(*spec.hostname)}, *spec.hostname);
    }
    if (spec.domainname) {
        LINX_TRY(check_name("domainname", *spec.domainname));
        draft.child_step(Phase::prepare, Subject::child, Stage::setdomainname,
                         child::SetDomainname{draft.arena.text(*spec.domainname)}, *spec.domainname);
    }
    return {};
}

}  // namespace linx::isolate
