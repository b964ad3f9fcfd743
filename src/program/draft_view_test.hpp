/// For tests of what compiles into a Draft: its steps, looked at from outside.
#pragma once

#include "program/draft.hpp"

#include <array>
#include <string>
#include <vector>

namespace linx::program {

/// The steps as lines: `"map child uid_map (0 1000 1)"`, in the order in which they were thought of.
inline std::vector<std::string> lines(const Draft& draft) {
    constexpr std::array subjects{"none", "scout", "intermediate", "child"};
    std::vector<std::string> all;
    for (const DraftStep& step : draft.steps) {
        std::string line(name(step.phase));
        line += std::string(" ") + subjects.at(static_cast<std::size_t>(step.subject)) + " ";
        line += name(step.stage);
        line += step.detail.empty() ? "" : " (" + step.detail + ")";
        all.push_back(std::move(line));
    }
    return all;
}

/// What the child does in the n-th step of that stage, if it is of that kind.
template <class T>
const T* operation(const Draft& draft, Stage stage, std::size_t skip = 0) {
    for (const DraftStep& step : draft.steps) {
        if (step.stage == stage && skip-- == 0) {
            const auto* held = std::get_if<child::Operation>(&step.what);
            return held != nullptr ? std::get_if<T>(held) : nullptr;
        }
    }
    return nullptr;
}

/// What the launcher does in the n-th step of that stage, if it is of that kind.
template <class T>
const T* action(const Draft& draft, Stage stage, std::size_t skip = 0) {
    for (const DraftStep& step : draft.steps) {
        if (step.stage == stage && skip-- == 0) {
            const auto* held = std::get_if<LauncherAction>(&step.what);
            return held != nullptr ? std::get_if<T>(held) : nullptr;
        }
    }
    return nullptr;
}

template <class T>
std::vector<T> elements(const Arena& arena, child::List list) {
    const auto* first = static_cast<const T*>(static_cast<const void*>(arena.data() + list.offset));
    return {first, first + list.count};
}

}  // namespace linx::program
