#include "isolate/identity.hpp"

#include "isolate/id_maps.hpp"

namespace linx::isolate {

namespace {

using program::Draft;
using program::Subject;

constexpr std::uint32_t no_id = 0xffffffff;
/// NGROUPS_MAX since Linux 2.6.4.
constexpr std::size_t most_groups = 65536;

Result<void> check_id(const std::string& field, std::uint32_t id, const std::vector<IdRange>& map) {
    if (id == no_id) {
        return wrong(field + ": 4294967295 means \"no id\" to the kernel");
    }
    if (!map.empty() && !outside_of(map, id)) {
        return wrong(field + ": " + std::to_string(id) + " has no place in the map of the user namespace");
    }
    return {};
}

std::string show(const std::vector<gid_t>& groups) {
    std::string text;
    for (const gid_t gid : groups) {
        text += (text.empty() ? "" : ",") + std::to_string(gid);
    }
    return text.empty() ? "none" : text;
}

/// May the workload-to-be call setgroups? In a user namespace of its own or a joined one it is root.
bool can_setgroups(const Circumstances& now, const Maps& maps) {
    if (now.joined.contains(Namespace::user)) {
        return true;
    }
    if (now.fresh.contains(Namespace::user)) {
        return !maps.gid.empty() && !denies_setgroups(maps, now.caller);
    }
    return now.caller.can_setgid;
}

/// What the launcher must not bring into a user namespace of somebody else's, whose user may trace the
/// workload once it executes: its session keyring, and its groups, which stay where that namespace
/// denies setgroups. Both are left outside, while there is the right to.
void leave_behind(const Circumstances& now, Draft& draft) {
    if (!now.joined.contains(Namespace::user)) {
        return;
    }
    const Subject joiner = now.intermediate ? Subject::intermediate : Subject::child;
    if (now.caller.can_setgid) {
        draft.child_step(Phase::birth, joiner, Stage::setgroups, child::SetGroups{}, "none");
    }
    draft.child_step(Phase::birth, joiner, Stage::session_keyring, child::LeaveKeyring{});
}

void add_groups(const std::vector<gid_t>& groups, bool if_allowed, Draft& draft) {
    const std::vector<std::uint32_t> gids(groups.begin(), groups.end());
    const child::List list = draft.arena.list(std::span<const std::uint32_t>(gids));
    draft.child_step(Phase::seal, Subject::child, Stage::setgroups, child::SetGroups{list, if_allowed},
                     show(groups));
}

}  // namespace

Result<void> compile_identity(const ProcessSpec& spec, const Circumstances& now, Draft& draft) {
    const bool fresh_user = now.fresh.contains(Namespace::user);
    const Maps maps = fresh_user ? maps_of(spec, now.caller) : Maps{};
    std::optional<uid_t> uid = spec.uid;
    std::optional<gid_t> gid = spec.gid;
    if (now.joined.contains(Namespace::user)) {
        uid = uid.value_or(0);
        gid = gid.value_or(0);
    }
    if (uid) {
        LINX_TRY(check_id("uid", *uid, maps.uid));
    }
    if (gid) {
        LINX_TRY(check_id("gid", *gid, maps.gid));
    }
    if (spec.groups && spec.groups->size() > most_groups) {
        return wrong("groups: " + std::to_string(spec.groups->size()) +
                     " groups; the kernel takes at most 65536");
    }
    for (const gid_t group : spec.groups.value_or(std::vector<gid_t>{})) {
        LINX_TRY(check_id("groups", group, maps.gid));
    }
    leave_behind(now, draft);
    // Who changes its ids must not keep the launcher's supplementary groups.
    if (spec.groups) {
        add_groups(*spec.groups, false, draft);
    } else if ((uid || gid) && can_setgroups(now, maps)) {
        add_groups({}, now.joined.contains(Namespace::user), draft);
    }
    if (gid) {
        draft.child_step(Phase::seal, Subject::child, Stage::setresgid, child::SetGid{*gid},
                         std::to_string(*gid));
    }
    if (uid) {
        draft.child_step(Phase::seal, Subject::child, Stage::setresuid, child::SetUid{*uid},
                         std::to_string(*uid));
    }
    if (spec.no_new_privs) {
        draft.child_step(Phase::seal, Subject::child, Stage::no_new_privs, child::NoNewPrivileges{});
    }
    return {};
}

}  // namespace linx::isolate
