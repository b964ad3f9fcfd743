/// What holds for every spec that can be planned, and for its plan.
#pragma once

#include "fuzz/require.hpp"

#include <linx/plan.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace fuzz {

inline bool overlap(std::uint32_t a, std::uint32_t b, std::uint32_t a_count, std::uint32_t b_count) {
    return a < std::uint64_t{b} + b_count && b < std::uint64_t{a} + a_count;
}

/// An id map that the kernel would take (`user_namespaces(7)`).
inline void require_good_map(const std::vector<linx::IdRange>& map) {
    LINX_REQUIRE(map.size() <= 340);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < map.size(); ++i) {
        const linx::IdRange& range = map[i];
        bytes += std::to_string(range.inside).size() + std::to_string(range.outside).size() +
                 std::to_string(range.count).size() + 3;
        LINX_REQUIRE(range.count > 0);
        LINX_REQUIRE(std::uint64_t{range.inside} + range.count <= std::numeric_limits<std::uint32_t>::max());
        LINX_REQUIRE(std::uint64_t{range.outside} + range.count <= std::numeric_limits<std::uint32_t>::max());
        for (std::size_t j = 0; j < i; ++j) {
            LINX_REQUIRE(!overlap(range.inside, map[j].inside, range.count, map[j].count));
            LINX_REQUIRE(!overlap(range.outside, map[j].outside, range.count, map[j].count));
        }
    }
    LINX_REQUIRE(bytes <= 4096);
}

/// No C string can hold it.
inline bool has_nul(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

inline void require_good_spec(const linx::ProcessSpec& spec) {
    LINX_REQUIRE(!spec.argv.empty() || spec.program);
    LINX_REQUIRE(std::ranges::none_of(spec.argv, has_nul));
    LINX_REQUIRE(!spec.cwd || !has_nul(*spec.cwd));
    LINX_REQUIRE(!spec.hostname || (!has_nul(*spec.hostname) && spec.hostname->size() <= 64));
    for (const auto& [name, value] : spec.environment.changes) {
        LINX_REQUIRE(!name.empty() && name.find('=') == std::string::npos && !has_nul(name));
        LINX_REQUIRE(!value || !has_nul(*value));
    }
    LINX_REQUIRE(!spec.map_root || (spec.uid_map.empty() && spec.gid_map.empty()));
    require_good_map(spec.uid_map);
    require_good_map(spec.gid_map);
    const linx::Namespaces fresh = spec.namespaces.value_or(linx::Namespaces{});
    for (std::size_t i = 0; i < spec.join.size(); ++i) {
        LINX_REQUIRE(!fresh.contains(spec.join[i].kind));
        for (std::size_t j = 0; j < i; ++j) {
            LINX_REQUIRE(spec.join[i].kind != spec.join[j].kind);
        }
    }
    for (const linx::Mount& mount : spec.mounts) {
        LINX_REQUIRE(mount.target.starts_with('/') && !has_nul(mount.target) && !has_nul(mount.type));
    }
    LINX_REQUIRE(!spec.nice || (*spec.nice >= -20 && *spec.nice <= 19));
}

inline std::size_t count(const std::vector<linx::StepView>& steps, linx::Stage stage) {
    return static_cast<std::size_t>(std::ranges::count(steps, stage, &linx::StepView::stage));
}

/// The child's phases come in order; it waits at the checkpoint once; what it does last is execute.
inline void require_good_plan(const linx::LaunchPlan& plan) {
    const auto steps = plan.steps();
    LINX_REQUIRE(!steps.empty());
    LINX_REQUIRE(steps.back().stage == linx::Stage::execve && steps.back().phase == linx::Phase::exec);
    LINX_REQUIRE(count(steps, linx::Stage::execve) == 1);
    LINX_REQUIRE(count(steps, linx::Stage::checkpoint) == 1);
    LINX_REQUIRE(count(steps, linx::Stage::clone3) + count(steps, linx::Stage::clone_workload) == 1);
    LINX_REQUIRE(count(steps, linx::Stage::spec) == 0);
    linx::Phase reached = linx::Phase::acquire;
    for (const linx::StepView& step : steps) {
        LINX_REQUIRE(!step.words.empty());
        if (step.actor == linx::Actor::child) {
            LINX_REQUIRE(step.phase >= reached);
            reached = step.phase;
        }
    }
}

/// A plan that was refused says why.
inline void require_good_error(const linx::Error& error) {
    LINX_REQUIRE(error.errnum != 0);
    LINX_REQUIRE(!error.message().empty());
    LINX_REQUIRE(error.stage != linx::Stage::spec || !error.detail.empty());
    LINX_REQUIRE(!error.message().ends_with('\n'));
}

}  // namespace fuzz
