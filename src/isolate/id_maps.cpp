#include "isolate/id_maps.hpp"

#include <algorithm>
#include <limits>

namespace linx::isolate {

namespace {

using program::Draft;
using program::Subject;

/// The kernel's own bounds: UID_GID_MAP_MAX_EXTENTS lines, and less than a page written at once.
constexpr std::size_t most_lines = 340;
constexpr std::size_t most_bytes = 4095;

std::string show(const IdRange& range) {
    return std::to_string(range.inside) + ":" + std::to_string(range.outside) + ":" +
           std::to_string(range.count);
}

/// (uid_t)-1 means "no id" to the kernel, so a range ends below it.
bool overflows(std::uint32_t first, std::uint32_t count) {
    return count > std::numeric_limits<std::uint32_t>::max() - first;
}

/// Two neighbours that overlap once the ranges are sorted by their first id.
template <class First>
std::optional<std::pair<IdRange, IdRange>> overlap(std::span<const IdRange> map, First first) {
    std::vector<IdRange> sorted(map.begin(), map.end());
    std::ranges::sort(sorted, {}, first);
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        if (first(sorted[i - 1]) + (sorted[i - 1].count - 1) >= first(sorted[i])) {
            return std::pair{sorted[i - 1], sorted[i]};
        }
    }
    return std::nullopt;
}

Result<void> check_range(const std::string& field, const IdRange& range) {
    if (range.count == 0) {
        return wrong(field + ": the range " + show(range) + " is empty; its count must be at least 1");
    }
    if (overflows(range.inside, range.count) || overflows(range.outside, range.count)) {
        return wrong(field + ": the range " + show(range) + " goes beyond the last id, 4294967294");
    }
    return {};
}

/// May the caller write this map itself? With the capability, any; without it, one id, its own.
bool may_write(std::span<const IdRange> map, bool capable, std::uint32_t own_id) {
    return capable || (map.size() == 1 && map[0].count == 1 && map[0].outside == own_id);
}

std::vector<std::string> helper_arguments(std::span<const IdRange> map) {
    std::vector<std::string> arguments;
    for (const IdRange& range : map) {
        arguments.push_back(std::to_string(range.inside));
        arguments.push_back(std::to_string(range.outside));
        arguments.push_back(std::to_string(range.count));
    }
    return arguments;
}

std::string on_one_line(std::span<const IdRange> map) {
    std::string text = render_map(map);
    text.pop_back();
    std::ranges::replace(text, '\n', ',');
    return text;
}

struct MapKind {
    Stage write;
    Stage helper;
    std::string name;
};

void compile_map(std::span<const IdRange> map, const MapKind& kind, bool own_hand, Subject subject,
                 Draft& draft) {
    if (map.empty()) {
        return;
    }
    if (own_hand) {
        draft.launcher_step(
            Phase::map, subject, kind.write,
            program::WriteProc{.file = std::string(name(kind.write)), .text = render_map(map)},
            on_one_line(map));
    } else {
        draft.launcher_step(Phase::map, subject, kind.helper,
                            program::RunMapHelper{.name = kind.name, .arguments = helper_arguments(map)},
                            on_one_line(map));
    }
}

/// With 0 in its map, the child becomes root inside before it prepares anything: what it creates
/// must belong to an id that the namespace knows. Without a change of ids nothing is to be done.
void compile_root_inside(const Maps& maps, const Circumstances& now, bool groups_denied, Draft& draft) {
    const auto root_uid = outside_of(maps.uid, 0);
    const auto root_gid = outside_of(maps.gid, 0);
    const bool other_gid = root_gid && *root_gid != now.caller.gid;
    const bool other_uid = root_uid && *root_uid != now.caller.uid;
    if (other_gid && !groups_denied) {
        draft.child_step(Phase::prepare, Subject::child, Stage::setgroups, child::SetGroups{}, "none");
    }
    if (other_gid) {
        draft.child_step(Phase::prepare, Subject::child, Stage::setresgid, child::SetGid{0}, "0");
    }
    if (other_uid) {
        draft.child_step(Phase::prepare, Subject::child, Stage::setresuid, child::SetUid{0}, "0");
    }
    // A change of ids makes a process undumpable, and its /proc files root's: an ordinary user could
    // not work on its own child at the checkpoint. Where something is joined, that is what we want.
    if ((other_gid || other_uid) && now.joined.empty()) {
        draft.child_step(Phase::prepare, Subject::child, Stage::set_dumpable, child::SetDumpable{1},
                         "dumpable");
    }
}

}  // namespace

Result<void> check_map(std::string_view field_name, std::span<const IdRange> map) {
    const std::string field(field_name);
    for (const IdRange& range : map) {
        LINX_TRY(check_range(field, range));
    }
    if (map.size() > most_lines) {
        return wrong(field + ": " + std::to_string(map.size()) + " ranges; the kernel takes at most 340");
    }
    if (render_map(map).size() > most_bytes) {
        return wrong(field + ": the map is " + std::to_string(render_map(map).size()) +
                     " bytes long; the kernel takes at most 4095");
    }
    const auto inside = overlap(map, [](const IdRange& range) { return range.inside; });
    if (inside) {
        return wrong(field + ": the ranges " + show(inside->first) + " and " + show(inside->second) +
                     " overlap inside");
    }
    const auto outside = overlap(map, [](const IdRange& range) { return range.outside; });
    if (outside) {
        return wrong(field + ": the ranges " + show(outside->first) + " and " + show(outside->second) +
                     " overlap outside");
    }
    return {};
}

std::string render_map(std::span<const IdRange> map) {
    std::string text;
    for (const IdRange& range : map) {
        text += std::to_string(range.inside) + " " + std::to_string(range.outside) + " " +
                std::to_string(range.count) + "\n";
    }
    return text;
}

std::optional<std::uint32_t> outside_of(std::span<const IdRange> map, std::uint32_t inside) {
    for (const IdRange& range : map) {
        if (inside >= range.inside && inside - range.inside < range.count) {
            return range.outside + (inside - range.inside);
        }
    }
    return std::nullopt;
}

Maps maps_of(const ProcessSpec& spec, const Caller& caller) {
    if (spec.map_root) {
        return {.uid = {{.inside = 0, .outside = caller.uid, .count = 1}},
                .gid = {{.inside = 0, .outside = caller.gid, .count = 1}}};
    }
    return {.uid = spec.uid_map, .gid = spec.gid_map};
}

bool denies_setgroups(const Maps& maps, const Caller& caller) {
    return !caller.can_setgid && !maps.gid.empty() && may_write(maps.gid, false, caller.gid);
}

Result<void> compile_id_maps(const ProcessSpec& spec, const Circumstances& now, Draft& draft) {
    LINX_TRY(check_map("uid_map", spec.uid_map));
    LINX_TRY(check_map("gid_map", spec.gid_map));
    if (spec.map_root && (!spec.uid_map.empty() || !spec.gid_map.empty())) {
        return wrong("map_root: cannot be combined with uid_map or gid_map; it is a map by itself");
    }
    if (spec.uid_map.empty() != spec.gid_map.empty()) {
        const bool no_gids = spec.gid_map.empty();
        return wrong(std::string(no_gids ? "gid_map" : "uid_map") + ": is missing beside the " +
                     (no_gids ? "uid_map: the child would keep the launcher's gid and groups"
                              : "gid_map: the child would keep the launcher's uid"));
    }
    const Maps maps = maps_of(spec, now.caller);
    const bool any = !maps.uid.empty() || !maps.gid.empty();
    if (!any) {
        return {};
    }
    if (!now.fresh.contains(Namespace::user)) {
        const std::string field = spec.map_root ? "map_root" : "uid_map";
        return wrong(field + ": needs a fresh user namespace; add `user` to namespaces");
    }
    // Time offsets are set on the intermediate, and so is the user namespace that grants the right to.
    const bool offsets = spec.time_offsets.monotonic || spec.time_offsets.boottime;
    const Subject subject = offsets ? Subject::intermediate : Subject::child;
    const bool groups_denied = denies_setgroups(maps, now.caller);
    if (groups_denied) {
        draft.launcher_step(Phase::map, subject, Stage::setgroups_deny,
                            program::WriteProc{.file = "setgroups", .text = "deny"});
    }
    compile_map(maps.uid, {Stage::uid_map, Stage::newuidmap, "newuidmap"},
                may_write(maps.uid, now.caller.can_setuid, now.caller.uid), subject, draft);
    compile_map(maps.gid, {Stage::gid_map, Stage::newgidmap, "newgidmap"},
                may_write(maps.gid, now.caller.can_setgid, now.caller.gid), subject, draft);
    compile_root_inside(maps, now, groups_denied, draft);
    return {};
}

}  // namespace linx::isolate
