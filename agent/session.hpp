/// One session: a launch, its checkpoint, its workload, and exactly one end.
#pragma once

#include "agent/events.hpp"
#include "agent/launch_order.hpp"

#include <linx/spawn.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace linx::agent {

using Clock = std::chrono::steady_clock;

/// What a session needs of the agent around it.
class Desk {
public:
    virtual ~Desk() = default;
    virtual void tell(std::int64_t id, const Event& event) = 0;
    /// Calls the session's `on_readable` while the descriptor is readable.
    [[nodiscard]] virtual Result<void> watch(std::int64_t id, FdRef fd) = 0;
    virtual void unwatch(FdRef fd) = 0;
    /// Calls the session's `on_time` at that time, or later.
    virtual void wake_at(std::int64_t id, Clock::time_point time) = 0;
    /// Looks at what the workload has started so far, to find it again when the workload is gone.
    virtual void remember_descendants_of(std::int64_t id) = 0;
    /// Kills whatever else the workload of that pid has started and can be found.
    virtual void kill_descendants_of(std::int64_t id) = 0;
};

class Session {
public:
    /// The lifecycle part of the order is used; its spec is the launch's. The members of a pid namespace that
    /// the workload is the init of need not be looked for: the kernel ends them with it.
    Session(std::int64_t id, const LaunchOrder& order, bool has_pid_namespace, Desk& desk);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    /// The first thing that happens to it.
    void begin(Result<Launch> launch);

    // The commands. Errors: EALREADY, too late; for a signal, the kernel's.
    [[nodiscard]] Result<void> proceed();
    [[nodiscard]] Result<void> abort();
    [[nodiscard]] Result<void> signal(int number);
    void kill(std::chrono::milliseconds grace);
    /// Nobody listens any more: the orphan policy decides.
    void orphan();
    /// The agent itself ends: as orphan, and what is to be kept is let go.
    void leave();

    void on_readable();
    void on_time(Clock::time_point now);

    [[nodiscard]] bool has_ended() const noexcept { return std::holds_alternative<Over>(stage_); }
    /// The workload's pid, from the checkpoint on.
    [[nodiscard]] std::optional<pid_t> host_pid() const noexcept { return host_pid_; }
    /// Up to the checkpoint: is it one of the processes that the launch will reap?
    [[nodiscard]] bool involves(pid_t pid) const noexcept;
    [[nodiscard]] bool is_kept() const noexcept { return std::holds_alternative<Keep>(policy_); }

private:
    struct Over {};

    void hurry();
    void advance_launch();
    void park(Held held);
    void release();
    void advance_proceeding();
    void run(Process process);
    void look_at_workload();
    void strike();
    void begin_to_kill(Process& workload);
    void end(const Event& event);
    void discard();
    void watch(FdRef fd);
    void unwatch();
    void tell(const Event& event);

    std::int64_t id_;
    bool has_pid_namespace_;
    Desk& desk_;
    std::variant<Over, Launch, Held, Proceeding, Process> stage_;
    std::optional<pid_t> host_pid_;
    FdRef watched_{-1};
    OrphanPolicy policy_;
    std::optional<std::chrono::milliseconds> checkpoint_timeout_;
    std::optional<Clock::time_point> checkpoint_deadline_;
    std::optional<Clock::time_point> kill_deadline_;  ///< set: it is being killed
    std::vector<int> signals_;                        ///< those that wait for *running*
    bool goes_on_ = false;                            ///< does not stop at the checkpoint
    bool has_struck_ = false;                         ///< SIGKILL was sent
    bool is_heard_ = true;                            ///< somebody listens to its events
    bool leaves_ = false;                             ///< to be let go as soon as it runs
};

}  // namespace linx::agent
