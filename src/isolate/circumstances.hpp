/// What a spec is compiled against: facts about the launcher and about what is joined. Plain data,
/// so that a plan can be made and tested for a caller that one is not.
#pragma once

#include <linx/namespaces.hpp>
#include <linx/result.hpp>
#include <linx/spec.hpp>

#include <array>
#include <cerrno>
#include <cstdint>

#include <sys/resource.h>
#include <sys/types.h>

namespace linx::isolate {

/// The launching thread.
struct Caller {
    uid_t uid = 0;            ///< effective
    gid_t gid = 0;            ///< effective
    bool can_setuid = false;  ///< CAP_SETUID is effective
    bool can_setgid = false;  ///< CAP_SETGID is effective
    bool dumpable = true;
    std::array<std::uint64_t, RLIM_NLIMITS> hard_limits{};
};

struct Circumstances {
    Caller caller;
    Namespaces fresh;
    Namespaces joined;
    /// A short-lived process joins, or sets time offsets, and clones the workload.
    bool intermediate = false;
    /// The launch is an enter.
    bool entering = false;
};

/// A failed check of a field of the spec.
[[nodiscard]] inline std::unexpected<Error> wrong(std::string sentence) {
    return failed(Stage::spec, EINVAL, std::move(sentence));
}

}  // namespace linx::isolate
