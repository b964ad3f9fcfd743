#include "launch/compiled.hpp"
#include "launch/guard.hpp"
#include "launch/target.hpp"

#include "isolate/furnishing.hpp"
#include "isolate/id_maps.hpp"
#include "isolate/identity.hpp"
#include "isolate/limits.hpp"
#include "isolate/namespaces.hpp"
#include "stdio/descriptors.hpp"

#include <algorithm>
#include <array>

#include <sys/resource.h>
#include <unistd.h>

namespace linx {

namespace launch {

namespace {

using program::Draft;
using program::DraftStep;
using program::Subject;

struct Place {
    Phase phase;
    Subject subject;
    Stage stage;
};

/// The order of a launch: which step comes before which, and why. This table decides, nothing else.
/// (`setns` of several namespaces at once is one step; the kernel takes the user namespace first.)
constexpr std::array order{
    // Everything that can be missing is opened before anything exists.
    Place{Phase::acquire, Subject::none, Stage::pidfd_open},
    Place{Phase::acquire, Subject::none, Stage::open_ns_user},
    Place{Phase::acquire, Subject::none, Stage::open_ns_mount},
    Place{Phase::acquire, Subject::none, Stage::open_ns_pid},
    Place{Phase::acquire, Subject::none, Stage::open_ns_net},
    Place{Phase::acquire, Subject::none, Stage::open_ns_uts},
    Place{Phase::acquire, Subject::none, Stage::open_ns_ipc},
    Place{Phase::acquire, Subject::none, Stage::open_ns_cgroup},
    Place{Phase::acquire, Subject::none, Stage::open_ns_time},
    Place{Phase::acquire, Subject::none, Stage::open_root},
    Place{Phase::acquire, Subject::none, Stage::open_init},
    Place{Phase::acquire, Subject::none, Stage::open_cgroup},
    Place{Phase::acquire, Subject::none, Stage::duplicate_fd},
    Place{Phase::acquire, Subject::none, Stage::open_stdin},
    Place{Phase::acquire, Subject::none, Stage::open_stdout},
    Place{Phase::acquire, Subject::none, Stage::open_stderr},
    // What may wait for a filesystem comes last, in the scout.
    Place{Phase::acquire, Subject::scout, Stage::open_stdin},
    Place{Phase::acquire, Subject::scout, Stage::open_stdout},
    Place{Phase::acquire, Subject::scout, Stage::open_stderr},
    Place{Phase::acquire, Subject::scout, Stage::connect_stdin},
    Place{Phase::acquire, Subject::scout, Stage::connect_stdout},
    Place{Phase::acquire, Subject::scout, Stage::connect_stderr},

    Place{Phase::clone, Subject::intermediate, Stage::clone_intermediate},
    // Foreign ends of checkpoint sockets are closed before anything can be waited for.
    Place{Phase::birth, Subject::intermediate, Stage::close_range},
    // Not dumpable before the first setns: it holds descriptors of the host while it is inside.
    Place{Phase::birth, Subject::intermediate, Stage::set_dumpable},
    // The launcher's groups stay outside: inside, it may be too late to drop them.
    Place{Phase::birth, Subject::intermediate, Stage::setgroups},
    Place{Phase::birth, Subject::intermediate, Stage::session_keyring},
    // Single namespaces first, with the launcher's rights. Those that the joined user namespace
    // owns are moved behind it once they are open and can be asked for their owner.
    Place{Phase::prepare, Subject::intermediate, Stage::setns_net},
    Place{Phase::prepare, Subject::intermediate, Stage::setns_uts},
    Place{Phase::prepare, Subject::intermediate, Stage::setns_ipc},
    Place{Phase::prepare, Subject::intermediate, Stage::setns_cgroup},
    Place{Phase::prepare, Subject::intermediate, Stage::setns_time},
    Place{Phase::prepare, Subject::intermediate, Stage::setns_pid},
    Place{Phase::prepare, Subject::intermediate, Stage::setns_mount},
    Place{Phase::prepare, Subject::intermediate, Stage::setns_user},
    Place{Phase::prepare, Subject::intermediate, Stage::setns},
    // The root belongs to the joined mount namespace, and takes the rights of the joined user namespace.
    Place{Phase::prepare, Subject::intermediate, Stage::chroot},
    // What is fresh is made after what is joined, and is owned by it.
    Place{Phase::prepare, Subject::intermediate, Stage::unshare},
    Place{Phase::prepare, Subject::intermediate, Stage::await_mapped},
    Place{Phase::map, Subject::intermediate, Stage::setgroups_deny},
    Place{Phase::map, Subject::intermediate, Stage::uid_map},
    Place{Phase::map, Subject::intermediate, Stage::newuidmap},
    Place{Phase::map, Subject::intermediate, Stage::gid_map},
    Place{Phase::map, Subject::intermediate, Stage::newgidmap},
    Place{Phase::map, Subject::intermediate, Stage::timens_offsets},
    Place{Phase::clone, Subject::intermediate, Stage::clone_workload},

    Place{Phase::clone, Subject::child, Stage::clone3},
    Place{Phase::birth, Subject::child, Stage::close_range},
    Place{Phase::birth, Subject::child, Stage::set_dumpable},
    // The launcher's groups stay outside of a joined user namespace.
    Place{Phase::birth, Subject::child, Stage::setgroups},
    Place{Phase::birth, Subject::child, Stage::session_keyring},
    // Armed, then checked: a launcher that died in between would be missed otherwise.
    Place{Phase::birth, Subject::child, Stage::parent_death_signal},
    Place{Phase::birth, Subject::child, Stage::await_mapped},
    // setgroups is denied before the gid map, or an ordinary user's map is refused (CVE-2014-8989).
    Place{Phase::map, Subject::child, Stage::setgroups_deny},
    Place{Phase::map, Subject::child, Stage::uid_map},
    Place{Phase::map, Subject::child, Stage::newuidmap},
    Place{Phase::map, Subject::child, Stage::gid_map},
    Place{Phase::map, Subject::child, Stage::newgidmap},
    Place{Phase::map, Subject::child, Stage::prlimit},
    Place{Phase::map, Subject::child, Stage::setpriority},

    // Root inside before anything is made inside: what is made must belong to a mapped id. Groups
    // go while the gid still may drop them, the gid while the uid still may change it.
    Place{Phase::prepare, Subject::child, Stage::setgroups},
    Place{Phase::prepare, Subject::child, Stage::setresgid},
    Place{Phase::prepare, Subject::child, Stage::setresuid},
    // A change of ids has made it undumpable; whoever works on it at the checkpoint needs it dumpable.
    Place{Phase::prepare, Subject::child, Stage::set_dumpable},
    Place{Phase::prepare, Subject::child, Stage::setsid},
    Place{Phase::prepare, Subject::child, Stage::setpgid},
    Place{Phase::prepare, Subject::child, Stage::setns_net},
    Place{Phase::prepare, Subject::child, Stage::setns_uts},
    Place{Phase::prepare, Subject::child, Stage::setns_ipc},
    Place{Phase::prepare, Subject::child, Stage::setns_cgroup},
    Place{Phase::prepare, Subject::child, Stage::setns_time},
    Place{Phase::prepare, Subject::child, Stage::setns_mount},
    Place{Phase::prepare, Subject::child, Stage::setns_user},
    Place{Phase::prepare, Subject::child, Stage::setns},
    Place{Phase::prepare, Subject::child, Stage::chroot},
    // Before the first mount, or the host would see it.
    Place{Phase::prepare, Subject::child, Stage::mount_propagation},
    Place{Phase::prepare, Subject::child, Stage::mount},
    Place{Phase::prepare, Subject::child, Stage::loopback},
    Place{Phase::prepare, Subject::child, Stage::sethostname},
    Place{Phase::prepare, Subject::child, Stage::setdomainname},

    Place{Phase::checkpoint, Subject::child, Stage::checkpoint},

    // Descriptors first: a lower RLIMIT_NOFILE would forbid to place them.
    Place{Phase::seal, Subject::child, Stage::stdio},
    Place{Phase::seal, Subject::child, Stage::chdir},
    Place{Phase::seal, Subject::child, Stage::verify_cwd},
    Place{Phase::seal, Subject::child, Stage::umask},
    Place{Phase::seal, Subject::child, Stage::setrlimit},
    Place{Phase::seal, Subject::child, Stage::no_new_privs},
    // Groups, gid, uid: each takes a right that the next one gives up.
    Place{Phase::seal, Subject::child, Stage::setgroups},
    Place{Phase::seal, Subject::child, Stage::setresgid},
    Place{Phase::seal, Subject::child, Stage::setresuid},
    // A change of ids clears it.
    Place{Phase::seal, Subject::child, Stage::parent_death_signal},
    // With all signals still blocked: SIGTTOU would stop a background process that does this.
    Place{Phase::seal, Subject::child, Stage::foreground},
    Place{Phase::seal, Subject::child, Stage::seal_fds},
    // Unblocked last: a signal that was sent since the clone takes effect now. (For an init all stay blocked:
    // it takes what was sent when it is ready, and gives the workload the mask that was asked for.)
    Place{Phase::seal, Subject::child, Stage::signals},
    Place{Phase::exec, Subject::child, Stage::execve},
    Place{Phase::exec, Subject::child, Stage::exec_init},
    Place{Phase::exec, Subject::init, Stage::execve},
};

constexpr std::size_t phases = 8;
constexpr std::size_t subjects = 5;
constexpr std::size_t stages = static_cast<std::size_t>(Stage::wait) + 1;
using Places = std::array<std::array<std::array<std::uint8_t, stages>, subjects>, phases>;

/// The table, turned around when compiled: from a step to its place.
constexpr Places places = [] {
    Places all{};
    for (std::size_t i = 0; i < order.size(); ++i) {
        all[static_cast<std::size_t>(order[i].phase)][static_cast<std::size_t>(order[i].subject)]
           [static_cast<std::size_t>(order[i].stage)] = static_cast<std::uint8_t>(i + 1);
    }
    return all;
}();
static_assert(order.size() < 255);

/// A step that the table does not know would come first, and a test would see it.
std::uint8_t place_of(const DraftStep& step) {
    return places[static_cast<std::size_t>(step.phase)][static_cast<std::size_t>(step.subject)]
                 [static_cast<std::size_t>(step.stage)];
}

/// The waits and the checkpoint, which follow from the other steps.
void add_meetings(const isolate::Circumstances& now, Draft& draft) {
    const auto maps = [&draft](Subject subject) {
        return std::ranges::any_of(draft.steps, [subject](const DraftStep& step) {
            return step.phase == Phase::map && step.subject == subject;
        });
    };
    // An undumpable launcher's child is undumpable too, and its files in /proc are root's: an ordinary
    // user can map it once it is not. Whoever is mapped first says when that is.
    const bool undumpable = !now.caller.dumpable && now.joined.empty();
    const Subject first = now.intermediate ? Subject::intermediate : Subject::child;
    if (undumpable && maps(first)) {
        draft.child_step(Phase::birth, first, Stage::set_dumpable, child::SetDumpable{1}, "dumpable");
    }
    if (maps(Subject::intermediate)) {
        draft.child_step(Phase::prepare, Subject::intermediate, Stage::await_mapped,
                         child::AwaitMapped{true});
    }
    if (maps(Subject::child)) {
        const bool announce = undumpable && !now.intermediate;
        draft.child_step(Phase::birth, Subject::child, Stage::await_mapped, child::AwaitMapped{announce});
    }
    draft.child_step(Phase::checkpoint, Subject::child, Stage::checkpoint, child::Checkpoint{});
}

Result<void> check_texts(const ProcessSpec& spec) {
    const auto check = [](const std::string& field, const std::string& text) -> Result<void> {
        if (text.find('\0') != std::string::npos) {
            return isolate::wrong(field + ": holds a NUL byte");
        }
        return {};
    };
    LINX_TRY(check("hostname", spec.hostname.value_or("")));
    LINX_TRY(check("domainname", spec.domainname.value_or("")));
    for (const Mount& mount : spec.mounts) {
        LINX_TRY(check("mounts", mount.type));
        LINX_TRY(check("mounts", mount.target));
        LINX_TRY(check("mounts", mount.source));
        for (const std::string& option : mount.options) {
            LINX_TRY(check("mounts", option));
        }
    }
    return {};
}

/// A kind of namespace comes from one place.
Result<void> check_kinds(Namespaces fresh, const ProcessSpec& spec, bool entering) {
    Namespaces joined = entering ? fresh : Namespaces{};
    for (const Join& join : spec.join) {
        const std::string kind(name(join.kind));
        if (!entering && fresh.contains(join.kind)) {
            return isolate::wrong("join: " + kind +
                                  " is to be fresh as well; a namespace is fresh or joined, not both");
        }
        if (joined.contains(join.kind)) {
            return isolate::wrong("join: " + kind + " is joined twice");
        }
        joined.insert(join.kind);
    }
    return {};
}

std::uint64_t soft_nofile() {
    rlimit limit = {};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

Result<LaunchPlan> plan_with(const ProcessSpec& spec, bool entering, PinnedJoins pinned) {
    isolate::Circumstances now;
    now.caller = LINX_TRY(look_at_caller());
    for (const Rlimit& limit : spec.rlimits) {
        rlimit own = {};
        if (limit.resource >= 0 && limit.resource < RLIM_NLIMITS && ::getrlimit(limit.resource, &own) == 0) {
            now.caller.hard_limits[static_cast<std::size_t>(limit.resource)] = own.rlim_max;
        }
    }
    now.entering = entering;
    now.fresh = entering ? Namespaces{} : spec.namespaces.value_or(Namespaces{});
    now.joined = pinned.joins.kinds();
    now.intermediate = isolate::needs_intermediate(spec, now.fresh, pinned.joins);
    auto compiled = LINX_TRY(compile(spec, now, pinned, environ));
    compiled->owned = std::move(pinned.owned);
    return LaunchPlan{std::move(compiled)};
}

}  // namespace

Actor actor_of(const DraftStep& step) noexcept {
    if (std::holds_alternative<program::LauncherAction>(step.what)) {
        return Actor::launcher;
    }
    switch (step.subject) {
        case Subject::scout:
            return Actor::scout;
        case Subject::intermediate:
            return Actor::intermediate;
        case Subject::init:
            return Actor::init;
        case Subject::none:
        case Subject::child:
            break;
    }
    return Actor::child;
}

void put_in_order(std::vector<DraftStep>& steps) {
    std::vector<std::pair<std::uint8_t, std::size_t>> ranks;
    ranks.reserve(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
        ranks.emplace_back(place_of(steps[i]), i);
    }
    std::ranges::sort(ranks);
    std::vector<DraftStep> sorted;
    sorted.reserve(steps.size());
    for (const auto& [place, index] : ranks) {
        sorted.push_back(std::move(steps[index]));
    }
    steps = std::move(sorted);
}

Result<std::unique_ptr<LaunchPlan::Compiled>> compile(const ProcessSpec& spec,
                                                      const isolate::Circumstances& now,
                                                      const PinnedJoins& pinned,
                                                      const char* const* environment) {
    LINX_TRY(check_texts(spec));
    auto compiled = std::make_unique<LaunchPlan::Compiled>();
    Draft draft;
    compiled->command = LINX_TRY(isolate::compile_command(spec, now, environment, draft));
    LINX_TRY(isolate::compile_namespaces(spec, now, pinned.joins, draft));
    LINX_TRY(isolate::compile_id_maps(spec, now, draft));
    LINX_TRY(isolate::compile_furnishing(spec, now, draft));
    LINX_TRY(isolate::compile_identity(spec, now, draft));
    LINX_TRY(isolate::compile_limits(spec, now, draft));
    LINX_TRY(stdio::compile_descriptors(spec, soft_nofile(), draft));
    add_meetings(now, draft);
    put_in_order(draft.steps);
    compiled->arena = std::move(draft.arena);
    compiled->steps = std::move(draft.steps);
    compiled->slots = draft.slots;
    compiled->fresh = now.fresh;
    compiled->caller_is_root = now.caller.uid == 0;
    return compiled;
}

}  // namespace launch

LaunchPlan::LaunchPlan(std::unique_ptr<Compiled> compiled) noexcept : compiled_(std::move(compiled)) {}
LaunchPlan::LaunchPlan(LaunchPlan&&) noexcept = default;
LaunchPlan& LaunchPlan::operator=(LaunchPlan&&) noexcept = default;
LaunchPlan::~LaunchPlan() = default;

std::unique_ptr<LaunchPlan::Compiled> LaunchPlan::take() && noexcept {
    return std::move(compiled_);
}

std::vector<StepView> LaunchPlan::steps() const {
    std::vector<StepView> views;
    for (const program::DraftStep& step : compiled_->steps) {
        StepView view{.phase = step.phase,
                      .actor = launch::actor_of(step),
                      .stage = step.stage,
                      .detail = step.detail,
                      .words = std::string(linx::words(step.stage))};
        if (!step.detail.empty()) {
            view.words += " (" + step.detail + ")";
        }
        views.push_back(std::move(view));
    }
    return views;
}

Result<LaunchPlan> plan(const ProcessSpec& spec) {
    return launch::guarded([&spec]() -> Result<LaunchPlan> {
        LINX_TRY(launch::check_kinds(spec.namespaces.value_or(Namespaces{}), spec, false));
        return launch::plan_with(spec, false, LINX_TRY(launch::pin_joins(spec)));
    });
}

Result<LaunchPlan> plan_enter(const Target& target, const ProcessSpec& spec) {
    return launch::guarded([&target, &spec]() -> Result<LaunchPlan> {
        LINX_TRY(launch::check_kinds(spec.namespaces.value_or(Namespaces{}), spec, true));
        return launch::plan_with(spec, true, LINX_TRY(launch::pin_target(target, spec)));
    });
}

}  // namespace linx
