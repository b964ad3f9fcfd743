/// The phase map: what the launcher does to a process that waits for it.
#pragma once

#include "launch/kin.hpp"
#include "launch/map_helper.hpp"
#include "program/draft.hpp"

#include <linx/result.hpp>

#include <optional>
#include <vector>

namespace linx::launch {

/// The map steps of one process, performed one after the other. Never blocks.
class Mapping {
public:
    /// Both must outlive this.
    Mapping(const std::vector<program::DraftStep>& steps, program::Subject subject, const Kin& kin) noexcept
        : steps_(&steps), subject_(subject), kin_(&kin) {}

    /// True when all is done.
    [[nodiscard]] Result<bool> advance();
    /// What to poll beside the process itself: a helper that runs.
    [[nodiscard]] std::optional<FdRef> fd() const;
    /// Is it a helper that runs?
    [[nodiscard]] bool involves(pid_t pid) const noexcept { return helper_ && helper_->involves(pid); }

    /// Is there anything to do to that process?
    [[nodiscard]] static bool has_steps(const std::vector<program::DraftStep>& steps,
                                        program::Subject subject);

private:
    [[nodiscard]] Result<bool> perform(const program::DraftStep& step, const program::LauncherAction& action);
    [[nodiscard]] Result<bool> write(const program::DraftStep& step, const program::WriteProc& file) const;
    [[nodiscard]] Result<bool> run_helper(Stage stage, const program::RunMapHelper& what);

    const std::vector<program::DraftStep>* steps_;
    program::Subject subject_;
    const Kin* kin_;
    std::size_t next_ = 0;
    std::optional<MapHelper> helper_;
};

}  // namespace linx::launch
