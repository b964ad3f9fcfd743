/// newuidmap and newgidmap: the two programs that may map what an ordinary user may not.
#pragma once

#include "program/draft.hpp"

#include <linx/result.hpp>
#include <linx/spawn.hpp>

#include <variant>

namespace linx::launch {

/// One run of a helper, itself a launch of linx. Never blocks; dropped, it ends the helper.
class MapHelper {
public:
    [[nodiscard]] static Result<MapHelper> start(Stage stage, const program::RunMapHelper& what, pid_t child);

    /// True when the helper has done its work.
    [[nodiscard]] Result<bool> advance();
    [[nodiscard]] FdRef fd() const noexcept;
    /// Is it a process of this run?
    [[nodiscard]] bool involves(pid_t pid) const noexcept;

private:
    using Progress = std::variant<Launch, Proceeding, Process>;
    MapHelper(Stage stage, Progress progress, Fd complaints, Fd theirs)
        : stage_(stage),
          progress_(std::move(progress)),
          complaints_(std::move(complaints)),
          theirs_(std::move(theirs)) {}
    [[nodiscard]] Result<bool> step();
    [[nodiscard]] std::unexpected<Error> refused(const ExitStatus& status) const;

    Stage stage_;
    Progress progress_;
    Fd complaints_;
    Fd theirs_;  ///< the other end, until the helper has its own
};

}  // namespace linx::launch
