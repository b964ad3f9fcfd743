/// The agent: one thread, one loop, any number of sessions.
#pragma once

#include "agent/family.hpp"
#include "agent/inlet.hpp"
#include "agent/outlet.hpp"
#include "agent/private_heap.hpp"
#include "agent/request.hpp"
#include "agent/session.hpp"

#include <linx/fd.hpp>

#include <functional>
#include <memory>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <sys/resource.h>

namespace linx::agent {

class Agent final : public Desk {
public:
    /// Requests come on `in`, events go to `out`; the end of the process behind `vm`, if there is one, is
    /// the end of the requests. What is changed of the calling process is: signal mask and dispositions,
    /// subreaper, dumpable, the soft RLIMIT_NOFILE.
    Agent(Fd in, Fd out, Fd vm);

    /// Serves until the requests end, and cleans up then. Errors: what could not be set up.
    [[nodiscard]] Result<void> run();

    void tell(std::int64_t id, const Event& event) override;
    [[nodiscard]] Result<void> watch(std::int64_t id, FdRef fd) override;
    void unwatch(FdRef fd) override;
    void wake_at(std::int64_t id, Clock::time_point time) override;
    void remember_descendants_of(std::int64_t id) override;
    void kill_descendants_of(std::int64_t id) override;

private:
    struct Alarm {
        Clock::time_point time;
        std::int64_t id = 0;
        bool operator>(const Alarm& other) const noexcept { return time > other.time; }
    };

    [[nodiscard]] Result<void> set_up();
    [[nodiscard]] Result<void> set_up_loop();
    void raise_file_limit();
    [[nodiscard]] Result<void> wait_and_serve();
    void serve(std::uint64_t source, std::uint32_t readiness);
    void take_requests();
    void take(Inlet::Frame frame);
    void refuse(const Misunderstood& what);
    void perform(Request request);
    void launch(std::int64_t id, LaunchOrder order, std::optional<pid_t> target);
    [[nodiscard]] Result<void> command(Session& session, const Command& what);
    void reply(std::int64_t id, std::int64_t ref, const Result<void>& answer);
    void touch(std::int64_t id, const std::function<void(Session&)>& what);

    void take_signals();
    void reap_orphans();
    [[nodiscard]] bool is_ours(pid_t pid) const;
    [[nodiscard]] const std::vector<pid_t>& orphans(bool anew);
    [[nodiscard]] std::vector<pid_t> all_but_ours(const std::vector<pid_t>& pids) const;
    [[nodiscard]] Family::Orphans orphans_for(std::int64_t id);
    [[nodiscard]] Family& family_of(std::int64_t id);
    [[nodiscard]] bool has_ended_children();
    void fire_alarms();
    [[nodiscard]] std::optional<std::chrono::milliseconds> time_to_next_alarm() const;
    void flush();
    void leave();
    void sweep();

    Fd in_;
    Fd out_;
    Fd vm_;
    Fd epoll_;
    Fd signals_;
    Inlet inlet_;
    Outlet outlet_;
    etf::Writer writer_;
    PrivateHeap heap_;
    rlimit files_before_{};
    bool raised_files_ = false;

    std::unordered_map<std::int64_t, std::unique_ptr<Session>> sessions_;
    std::unordered_map<pid_t, std::int64_t> by_pid_;     ///< from the checkpoint on
    std::unordered_set<std::int64_t> launching_;         ///< up to the checkpoint
    std::unordered_map<std::int64_t, Family> families_;  ///< of sessions that are being killed
    std::unordered_set<std::int64_t> entered_;           ///< sessions whose orphans another init inherits
    std::vector<pid_t> orphans_;                         ///< as of this turn of the loop
    bool knows_orphans_ = false;
    std::vector<pid_t> strangers_;  ///< all processes but ours
    std::priority_queue<Alarm, std::vector<Alarm>, std::greater<>> alarms_;
    std::uint64_t sessions_ever_ = 0;
    bool has_kept_any_ = false;
    bool reads_ = true;
    bool waits_to_write_ = false;
    bool has_orphans_to_reap_ = false;
    bool leaves_ = false;
};

}  // namespace linx::agent
