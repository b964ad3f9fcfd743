/// The phase acquire: every descriptor that the launch needs, opened before anything exists.
#pragma once

#include "child/record.hpp"
#include "launch/compiled.hpp"
#include "launch/kin.hpp"

#include <linx/result.hpp>

#include <vector>

namespace linx::launch {

/// Opening a path can block on its filesystem for as long as that likes. So the launcher opens only
/// what the kernel has at hand; the rest is opened by the scout, a short-lived process that sends
/// the descriptors back, while the launcher's loop goes on.
class Acquisition {
public:
    explicit Acquisition(LaunchPlan::Compiled& plan);

    /// Opens what is at hand, and sends the scout for the rest.
    [[nodiscard]] Result<void> begin();
    /// The process that is sent, or one that does not exist.
    [[nodiscard]] const Kin& scout() const noexcept { return scout_; }
    /// Nothing has to be waited for.
    [[nodiscard]] bool is_complete() const noexcept { return outstanding_ == 0; }
    /// Never blocks. True when everything is open.
    [[nodiscard]] Result<bool> advance();
    /// What to poll while it is not.
    [[nodiscard]] FdRef fd() const noexcept { return socket_.ref(); }
    /// The descriptor table of the child; slot 0 is still empty.
    [[nodiscard]] std::vector<int>& table() noexcept { return table_; }
    /// Closes the launcher's copies, once the child has its own.
    void close_all() noexcept { opened_.clear(); }
    /// Gives up: ends the scout and closes everything.
    void end() noexcept;

private:
    /// What the scout is sent for: the index of the step in the plan, and how it is done.
    struct Errand {
        std::size_t step = 0;
        child::Operation what{};
    };

    [[nodiscard]] Result<void> open_at_hand(std::size_t step, const program::LauncherAction& action);
    [[nodiscard]] Result<void> open_namespace(std::size_t step, const program::OpenNamespacePath& wanted);
    [[nodiscard]] Result<void> send_scout();
    [[nodiscard]] Result<void> receive_all();
    [[nodiscard]] Result<void> take(const child::Record& record, Fd fd);
    [[nodiscard]] Result<void> finish();
    [[nodiscard]] Result<void> check_namespaces();
    void put(child::Slot slot, Fd fd);
    [[nodiscard]] std::unexpected<Error> error(std::size_t step, int errnum, std::string hint = {}) const;

    LaunchPlan::Compiled& plan_;
    std::vector<int> table_;
    std::vector<Fd> opened_;
    std::vector<Errand> errands_;
    std::size_t outstanding_ = 0;
    Fd socket_;
    Kin scout_;
};

}  // namespace linx::launch
