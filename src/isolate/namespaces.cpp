#include "isolate/namespaces.hpp"

#include <array>

namespace linx::isolate {

namespace {

using program::Draft;
using program::Subject;

constexpr std::array setns_stages{Stage::setns_user,   Stage::setns_mount, Stage::setns_pid,
                                  Stage::setns_net,    Stage::setns_uts,   Stage::setns_ipc,
                                  Stage::setns_cgroup, Stage::setns_time};
constexpr std::array open_stages{Stage::open_ns_user,   Stage::open_ns_mount, Stage::open_ns_pid,
                                 Stage::open_ns_net,    Stage::open_ns_uts,   Stage::open_ns_ipc,
                                 Stage::open_ns_cgroup, Stage::open_ns_time};

bool has_offsets(const ProcessSpec& spec) {
    return spec.time_offsets.monotonic || spec.time_offsets.boottime;
}

/// Adds the descriptor of one join; answers its slot.
struct Acquire {
    Draft& draft;
    child::Slot slot;

    std::string operator()(const JoinByPidfd& join) const {
        draft.launcher_step(Phase::acquire, Subject::none, Stage::pidfd_open,
                            program::OwnFd{slot, join.owned}, join.label);
        return join.kinds.to_string() + " of " + join.label;
    }
    std::string operator()(const JoinByPath& join) const {
        draft.launcher_step(Phase::acquire, Subject::none, open_stage(join.kind),
                            program::OpenNamespacePath{slot, join.kind, join.path}, join.path);
        return join.path;
    }
    std::string operator()(const JoinByFile& join) const {
        const std::string label = "fd " + std::to_string(join.number);
        draft.launcher_step(Phase::acquire, Subject::none, open_stage(join.kind),
                            program::BorrowFd{slot, join.number, "join: " + std::string(name(join.kind))},
                            label);
        return label;
    }
};

Namespaces kinds_of(const std::variant<JoinByPidfd, JoinByPath, JoinByFile>& source) {
    if (const auto* pidfd = std::get_if<JoinByPidfd>(&source)) {
        return pidfd->kinds;
    }
    if (const auto* path = std::get_if<JoinByPath>(&source)) {
        return {path->kind};
    }
    return {std::get<JoinByFile>(source).kind};
}

/// Nobody may trace or read the process from before its first setns until it executes: it holds
/// descriptors of the host while it is inside (CVE-2016-9962).
void compile_joins(const Joins& joins, Subject who, Draft& draft) {
    draft.child_step(Phase::birth, who, Stage::set_dumpable, child::SetDumpable{0}, "not dumpable");
    for (const auto& source : joins.sources) {
        const child::Slot slot = draft.new_slot();
        const std::string label = std::visit(Acquire{draft, slot}, source);
        const Namespaces kinds = kinds_of(source);
        draft.child_step(Phase::prepare, who, setns_stage(kinds),
                         child::JoinNamespaces{slot, static_cast<std::uint32_t>(kinds.clone_flags())}, label);
    }
    if (joins.root) {
        const child::Slot slot = draft.new_slot();
        draft.launcher_step(Phase::acquire, Subject::none, Stage::open_root,
                            program::OwnFd{slot, *joins.root});
        draft.child_step(Phase::prepare, who, Stage::chroot, child::EnterRoot{slot});
    }
}

std::string offsets_text(const TimeOffsets& offsets) {
    std::string text;
    const auto add = [&text](const char* clock, const std::optional<TimeOffset>& offset) {
        if (offset) {
            text += std::string(clock) + " " + std::to_string(offset->seconds) + " " +
                    std::to_string(offset->nanoseconds) + "\n";
        }
    };
    add("monotonic", offsets.monotonic);
    add("boottime", offsets.boottime);
    return text;
}

Result<void> check_offsets(const ProcessSpec& spec, Namespaces fresh) {
    if (!has_offsets(spec)) {
        return {};
    }
    if (!fresh.contains(Namespace::time)) {
        return wrong("time_offsets: needs a fresh time namespace; add `time` to namespaces");
    }
    for (const auto& offset : {spec.time_offsets.monotonic, spec.time_offsets.boottime}) {
        if (offset && offset->nanoseconds > 999'999'999) {
            return wrong("time_offsets: " + std::to_string(offset->nanoseconds) +
                         " nanoseconds; there are at most 999999999");
        }
    }
    return {};
}

/// After `clone3(CLONE_NEWTIME)` the offsets can no longer be written: the child is already inside.
/// So the intermediate unshares, the launcher writes, and the next clone is inside.
void compile_offsets(const ProcessSpec& spec, Namespaces here, Draft& draft) {
    draft.child_step(Phase::prepare, Subject::intermediate, Stage::unshare,
                     child::Unshare{here.clone_flags()}, here.to_string());
    std::string text = offsets_text(spec.time_offsets);
    std::string detail = text.substr(0, text.size() - 1);
    for (char& c : detail) {
        c = c == '\n' ? ',' : c;
    }
    draft.launcher_step(Phase::map, Subject::intermediate, Stage::timens_offsets,
                        program::WriteProc{.file = "timens_offsets", .text = std::move(text)},
                        std::move(detail));
}

std::string describe(Namespaces fresh) {
    return fresh.empty() ? "no fresh namespace" : "fresh " + fresh.to_string();
}

}  // namespace

Namespaces Joins::kinds() const {
    Namespaces set;
    for (const auto& source : sources) {
        set = set | kinds_of(source);
    }
    return set;
}

bool needs_intermediate(const ProcessSpec& spec, Namespaces fresh, const Joins& joins) {
    const Namespaces joined = joins.kinds();
    return has_offsets(spec) || joined.contains(Namespace::pid) || (!joined.empty() && !fresh.empty());
}

Stage setns_stage(Namespaces kinds) {
    for (const Namespace kind : every_namespace) {
        if (kinds == Namespaces{kind}) {
            return setns_stages[static_cast<std::size_t>(kind)];
        }
    }
    return Stage::setns;
}

Stage open_stage(Namespace kind) {
    return open_stages[static_cast<std::size_t>(kind)];
}

Result<void> compile_namespaces(const ProcessSpec& spec, const Circumstances& now, const Joins& joins,
                                Draft& draft) {
    LINX_TRY(check_offsets(spec, now.fresh));
    const Subject joiner = now.intermediate ? Subject::intermediate : Subject::child;
    if (!joins.sources.empty() || joins.root) {
        compile_joins(joins, joiner, draft);
    }
    draft.child_step(Phase::birth, joiner, Stage::close_range, child::CloseOthers{});
    if (joins.cgroup) {
        draft.launcher_step(Phase::acquire, Subject::none, Stage::open_cgroup, program::Mention{});
    }
    if (!now.intermediate) {
        draft.launcher_step(Phase::clone, Subject::child, Stage::clone3,
                            program::Clone{now.fresh.clone_flags(), joins.cgroup}, describe(now.fresh));
        return {};
    }
    draft.launcher_step(Phase::clone, Subject::intermediate, Stage::clone_intermediate,
                        program::Clone{0, joins.cgroup});
    Namespaces fresh = now.fresh;
    if (has_offsets(spec)) {
        const Namespaces here = now.fresh & Namespaces{Namespace::user, Namespace::time};
        compile_offsets(spec, here, draft);
        fresh = fresh.without(here);
    }
    draft.child_step(Phase::clone, Subject::intermediate, Stage::clone_workload,
                     child::CloneWorkload{fresh.clone_flags()}, describe(fresh));
    return {};
}

}  // namespace linx::isolate
