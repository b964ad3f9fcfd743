/// One launch under way, from the first descriptor to the exec: the state machine behind Launch, Held
/// and Proceeding. It never blocks, except when it is dropped and ends what it has cloned.
#pragma once

#include "child/child.hpp"
#include "child/init_report.hpp"
#include "launch/acquisition.hpp"
#include "launch/belongings.hpp"
#include "launch/compiled.hpp"
#include "launch/kin.hpp"
#include "launch/mapping.hpp"
#include "launch/watch.hpp"

#include <linx/result.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace linx {

class LaunchState {
public:
    /// Opens what is at hand and, unless something else has to be waited for, clones.
    [[nodiscard]] static Result<std::unique_ptr<LaunchState>> begin(LaunchPlan plan);

    LaunchState(const LaunchState&) = delete;
    LaunchState& operator=(const LaunchState&) = delete;
    ~LaunchState();

    /// True at the checkpoint.
    [[nodiscard]] Result<bool> advance_to_checkpoint();
    /// Lets the child go on.
    [[nodiscard]] Result<void> send_proceed();
    /// Lets it go on before it has come to its checkpoint.
    [[nodiscard]] Result<void> proceed_in_advance();
    /// True when the child has executed its program.
    [[nodiscard]] Result<bool> advance_to_exec();
    /// Kills and reaps everything.
    void end() noexcept;

    /// What to poll before the next advance.
    [[nodiscard]] std::vector<FdRef> waits_for() const;
    /// Makes one descriptor that stands for all of these, now and after every advance.
    [[nodiscard]] Result<void> start_watching();
    [[nodiscard]] FdRef watch() const noexcept { return watch_.fd(); }
    [[nodiscard]] FdRef socket() const noexcept { return socket_.ref(); }

    /// Over which an init will tell how the workload ended. Not open where there is no init.
    [[nodiscard]] Fd take_report() noexcept { return plan_->has_init() ? std::move(socket_) : Fd{}; }

    [[nodiscard]] launch::Kin& child() noexcept { return child_; }
    [[nodiscard]] const launch::Kin& child() const noexcept { return child_; }
    [[nodiscard]] pid_t child_pid() const noexcept { return child_pid_; }
    /// Is it a process that this launch has cloned and will reap?
    [[nodiscard]] bool involves(pid_t pid) const noexcept;

private:
    explicit LaunchState(std::unique_ptr<LaunchPlan::Compiled> plan);

    [[nodiscard]] Result<void> acquire_and_clone();
    [[nodiscard]] Result<bool> step_to_checkpoint();
    [[nodiscard]] Result<bool> step_to_exec();
    [[nodiscard]] Result<bool> step_to_report();
    [[nodiscard]] Result<bool> concluded(Result<bool> done);

    [[nodiscard]] Result<void> clone();
    void let_go_of_theirs() noexcept;
    [[nodiscard]] Result<launch::Belongings> pack();
    [[nodiscard]] Result<void> clone_into(const program::DraftStep& how, const child::Program& program);

    [[nodiscard]] Result<void> begin_map(program::Subject subject);
    [[nodiscard]] Result<void> continue_map();
    [[nodiscard]] Result<void> send(child::Order order, Stage stage);
    [[nodiscard]] Result<void> hurry();

    /// Takes every record that has come; true when there was one.
    [[nodiscard]] Result<bool> receive_all();
    [[nodiscard]] Result<void> handle(const child::Record& record, Fd fd);
    [[nodiscard]] Result<void> handle(const child::InitReport& report);
    [[nodiscard]] Result<void> adopt(pid_t pid, Fd pidfd);
    /// Something done to the child has failed: what the child says of itself explains more.
    [[nodiscard]] std::unexpected<Error> blame(Error error);
    void hear_out_intermediate();
    [[nodiscard]] Result<void> check_deaths();

    [[nodiscard]] Error error_of(const child::Record& record, const program::DraftStep& step) const;
    [[nodiscard]] std::unexpected<Error> explained(Error error) const;
    [[nodiscard]] Result<void> rewatch();
    void unwatch() noexcept;
    void unwatch_what_changes() noexcept;

    std::unique_ptr<LaunchPlan::Compiled> plan_;
    launch::Acquisition acquisition_;
    bool cloned_ = false;

    std::vector<std::size_t> plan_index_;  ///< of each step that the child walks

    Fd socket_;
    /// The child's end, which the child has no copy of before it speaks for the first time.
    Fd theirs_;
    launch::Kin intermediate_;
    launch::Kin child_;
    pid_t child_pid_ = -1;
    bool mapped_ = false;  ///< the next order that the child waits for is the last
    bool goes_on_ = false;
    bool has_proceed_ = false;  ///< it was sent
    bool ready_ = false;
    bool closed_ = false;
    bool executed_ = false;  ///< said by an init
    bool ending_ = false;

    std::optional<launch::Mapping> mapping_;
    launch::Watch watch_;
};

}  // namespace linx
