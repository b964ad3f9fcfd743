/// For tests: specs compiled for made-up circumstances.
#pragma once

#include "isolate/callers_test.hpp"
#include "launch/compiled.hpp"
#include "launch/target.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace linx::launch {

inline Result<std::unique_ptr<LaunchPlan::Compiled>> compile_for(const ProcessSpec& spec,
                                                                 const isolate::Caller& caller,
                                                                 isolate::Joins joins = {},
                                                                 bool entering = false) {
    isolate::Circumstances now;
    now.caller = caller;
    now.entering = entering;
    now.fresh = entering ? Namespaces{} : spec.namespaces.value_or(Namespaces{});
    now.joined = joins.kinds();
    now.intermediate = isolate::needs_intermediate(spec, now.fresh, joins);
    PinnedJoins pinned;
    pinned.joins = std::move(joins);
    constexpr std::array<const char*, 3> environment{"PATH=/usr/bin:/bin", "TERM=dumb", nullptr};
    return compile(spec, now, pinned, environment.data());
}

/// The whole plan, a line a step: `phase actor stage`. Or the error.
inline std::string plan_of(const ProcessSpec& spec, const isolate::Caller& caller, isolate::Joins joins = {},
                           bool entering = false) {
    const auto compiled = compile_for(spec, caller, std::move(joins), entering);
    if (!compiled) {
        return compiled.error().message();
    }
    std::string text = "\n";
    for (const auto& step : (*compiled)->steps) {
        text += std::string(name(step.phase)) + " " + std::string(name(actor_of(step))) + " ";
        text += std::string(name(step.stage)) + "\n";
    }
    return text;
}

}  // namespace linx::launch
