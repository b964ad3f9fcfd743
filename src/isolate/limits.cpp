#include "isolate/limits.hpp"

#include <array>

namespace linx::isolate {

namespace {

using program::Draft;
using program::Subject;

struct Row {
    int resource;
    std::string_view name;
};

constexpr std::array<Row, 16> rows{{
    {RLIMIT_CPU, "cpu"},
    {RLIMIT_FSIZE, "fsize"},
    {RLIMIT_DATA, "data"},
    {RLIMIT_STACK, "stack"},
    {RLIMIT_CORE, "core"},
    {RLIMIT_RSS, "rss"},
    {RLIMIT_NPROC, "nproc"},
    {RLIMIT_NOFILE, "nofile"},
    {RLIMIT_MEMLOCK, "memlock"},
    {RLIMIT_AS, "as"},
    {RLIMIT_LOCKS, "locks"},
    {RLIMIT_SIGPENDING, "sigpending"},
    {RLIMIT_MSGQUEUE, "msgqueue"},
    {RLIMIT_NICE, "nice"},
    {RLIMIT_RTPRIO, "rtprio"},
    {RLIMIT_RTTIME, "rttime"},
}};

std::string show(std::uint64_t value) {
    return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

Result<void> check(const Rlimit& limit) {
    const std::string_view name = rlimit_name(limit.resource);
    if (name.empty()) {
        return wrong("rlimits: " + std::to_string(limit.resource) + " is no resource of getrlimit(2)");
    }
    if (limit.soft > limit.hard) {
        return wrong("rlimits: " + std::string(name) + ": the soft limit " + show(limit.soft) +
                     " is above the hard limit " + show(limit.hard));
    }
    return {};
}

}  // namespace

std::string_view rlimit_name(int resource) noexcept {
    for (const Row& row : rows) {
        if (row.resource == resource) {
            return row.name;
        }
    }
    return {};
}

std::optional<int> rlimit_named(std::string_view name) noexcept {
    for (const Row& row : rows) {
        if (row.name == name) {
            return row.resource;
        }
    }
    return std::nullopt;
}

Result<void> compile_limits(const ProcessSpec& spec, const Circumstances& now, Draft& draft) {
    for (const Rlimit& limit : spec.rlimits) {
        LINX_TRY(check(limit));
        const std::string detail =
            std::string(rlimit_name(limit.resource)) + " " + show(limit.soft) + ":" + show(limit.hard);
        // The right to raise a hard limit is the initial user namespace's: the launcher's, if anybody's.
        if (limit.hard > now.caller.hard_limits[static_cast<std::size_t>(limit.resource)]) {
            draft.launcher_step(Phase::map, Subject::child, Stage::prlimit, program::RaiseLimit{limit},
                                detail);
        }
        draft.child_step(Phase::seal, Subject::child, Stage::setrlimit,
                         child::SetLimit{static_cast<std::uint32_t>(limit.resource), limit.soft, limit.hard},
                         detail);
    }
    if (spec.nice) {
        if (*spec.nice < -20 || *spec.nice > 19) {
            return wrong("nice: " + std::to_string(*spec.nice) + " is not between -20 and 19");
        }
        draft.launcher_step(Phase::map, Subject::child, Stage::setpriority, program::SetPriority{*spec.nice},
                            std::to_string(*spec.nice));
    }
    if (spec.umask) {
        if (*spec.umask > 0777) {
            return wrong("umask: has bits beyond 0777");
        }
        draft.child_step(Phase::seal, Subject::child, Stage::umask, child::SetUmask{*spec.umask});
    }
    return {};
}

}  // namespace linx::isolate
