/// A launch as data: the steps that a spec compiles to, in their order, before anything happens.
#pragma once

#include <linx/phase.hpp>
#include <linx/result.hpp>
#include <linx/spec.hpp>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace linx {

/// One step, as a person or a program reads it.
struct StepView {
    Phase phase{};
    Actor actor{};
    Stage stage{};
    /// On what: `"/run/netns/blue"`, `"0 100000 65536"`; may be empty.
    std::string detail;
    /// The step in plain words: `"join net (/run/netns/blue)"`.
    std::string words;
};

/// The process whose namespaces are entered: its pid, or a pidfd of it (borrowed until the launch is over).
using Target = std::variant<pid_t, FdRef>;

/// A compiled launch. Holds its target by pidfd; nothing has happened yet. Move-only.
class LaunchPlan {
public:
    LaunchPlan(LaunchPlan&&) noexcept;
    LaunchPlan& operator=(LaunchPlan&&) noexcept;
    ~LaunchPlan();

    /// The steps in the order in which they happen.
    [[nodiscard]] std::vector<StepView> steps() const;

    struct Compiled;
    explicit LaunchPlan(std::unique_ptr<Compiled> compiled) noexcept;
    [[nodiscard]] std::unique_ptr<Compiled> take() && noexcept;

private:
    std::unique_ptr<Compiled> compiled_;
};

/// Compiles a spec. Errors: Stage::spec with EINVAL names the field and the rule it breaks;
/// pidfd_open and target, when a pid to join from is not there.
[[nodiscard]] Result<LaunchPlan> plan(const ProcessSpec& spec);
/// The same for a launch inside the namespaces of a living process.
[[nodiscard]] Result<LaunchPlan> plan_enter(const Target& target, const ProcessSpec& spec);

}  // namespace linx
