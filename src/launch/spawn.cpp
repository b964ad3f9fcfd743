#include <linx/spawn.hpp>

#include "launch/guard.hpp"
#include "launch/patience.hpp"
#include "launch/state.hpp"
#include "sys/message_socket.hpp"

namespace linx {

using launch::guarded;

/// The one place that may make the public types out of a launch.
class LaunchFactory {
public:
    static Launch launch(std::unique_ptr<LaunchState> state) { return Launch{std::move(state)}; }
    static Held held(std::unique_ptr<LaunchState> state) { return Held{std::move(state)}; }
    static Proceeding proceeding(std::unique_ptr<LaunchState> state) { return Proceeding{std::move(state)}; }
    static Process process(LaunchState& state) {
        const pid_t pid = state.child().pid();
        return Process{sys::out_of_the_way(state.child().release()), pid,
                       sys::out_of_the_way(state.take_report())};
    }
};

Launch::Launch(std::unique_ptr<LaunchState> state) noexcept : state_(std::move(state)) {}
Launch::Launch(Launch&&) noexcept = default;
Launch& Launch::operator=(Launch&&) noexcept = default;
Launch::~Launch() = default;

FdRef Launch::fd() const noexcept {
    return state_->watch();
}

Result<std::variant<Pending, Held>> Launch::advance() {
    return guarded([this]() -> Result<std::variant<Pending, Held>> {
        if (!LINX_TRY(state_->advance_to_checkpoint())) {
            return Pending{};
        }
        return LaunchFactory::held(std::move(state_));
    });
}

Result<void> Launch::proceed() {
    return guarded([this] { return state_->proceed_in_advance(); });
}

bool Launch::involves(pid_t pid) const noexcept {
    return state_->involves(pid);
}

Held::Held(std::unique_ptr<LaunchState> state) noexcept : state_(std::move(state)) {}
Held::Held(Held&&) noexcept = default;
Held& Held::operator=(Held&&) noexcept = default;
Held::~Held() = default;

pid_t Held::host_pid() const noexcept {
    return state_->child().pid();
}

pid_t Held::child_pid() const noexcept {
    return state_->child_pid();
}

FdRef Held::pidfd() const noexcept {
    return state_->child().pidfd();
}

FdRef Held::checkpoint_fd() const noexcept {
    return state_->socket();
}

Result<Process> Held::proceed(const Patience& patience) && {
    const std::unique_ptr<LaunchState> state = std::move(state_);
    return guarded([&state, &patience]() -> Result<Process> {
        const launch::Deadline deadline{patience};
        LINX_TRY(state->send_proceed());
        do {
            LINX_TRY(deadline.until_readable(state->waits_for(), Stage::proceed));
        } while (!LINX_TRY(state->advance_to_exec()));
        return LaunchFactory::process(*state);
    });
}

Result<Proceeding> Held::start_proceed() && {
    std::unique_ptr<LaunchState> state = std::move(state_);
    return guarded([&state]() -> Result<Proceeding> {
        LINX_TRY(state->start_watching());
        LINX_TRY(state->send_proceed());
        return LaunchFactory::proceeding(std::move(state));
    });
}

Result<void> Held::abort() && {
    state_.reset();
    return {};
}

Proceeding::Proceeding(std::unique_ptr<LaunchState> state) noexcept : state_(std::move(state)) {}
Proceeding::Proceeding(Proceeding&&) noexcept = default;
Proceeding& Proceeding::operator=(Proceeding&&) noexcept = default;
Proceeding::~Proceeding() = default;

FdRef Proceeding::fd() const noexcept {
    return state_->watch();
}

Result<std::variant<Pending, Process>> Proceeding::advance() {
    return guarded([this]() -> Result<std::variant<Pending, Process>> {
        if (!LINX_TRY(state_->advance_to_exec())) {
            return Pending{};
        }
        return LaunchFactory::process(*state_);
    });
}

bool Proceeding::involves(pid_t pid) const noexcept {
    return state_->involves(pid);
}

Result<Launch> start(LaunchPlan plan) {
    return guarded([&plan]() -> Result<Launch> {
        auto state = LINX_TRY(LaunchState::begin(std::move(plan)));
        LINX_TRY(state->start_watching());
        return LaunchFactory::launch(std::move(state));
    });
}

Result<Held> spawn(LaunchPlan plan, const Patience& patience) {
    return guarded([&plan, &patience]() -> Result<Held> {
        const launch::Deadline deadline{patience};
        auto state = LINX_TRY(LaunchState::begin(std::move(plan)));
        do {
            LINX_TRY(deadline.until_readable(state->waits_for(), Stage::checkpoint));
        } while (!LINX_TRY(state->advance_to_checkpoint()));
        return LaunchFactory::held(std::move(state));
    });
}

Result<Launch> start(const ProcessSpec& spec) {
    return start(LINX_TRY(plan(spec)));
}

Result<Held> spawn(const ProcessSpec& spec, const Patience& patience) {
    return spawn(LINX_TRY(plan(spec)), patience);
}

Result<Launch> start_enter(const Target& target, const ProcessSpec& spec) {
    return start(LINX_TRY(plan_enter(target, spec)));
}

Result<Held> enter(const Target& target, const ProcessSpec& spec, const Patience& patience) {
    return spawn(LINX_TRY(plan_enter(target, spec)), patience);
}

}  // namespace linx
