/// The agent as a subreaper: it reaps the orphans that its workloads leave, and finds those to kill.
#include "agent/agent.hpp"

#include "sys/signals.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace linx::agent {

void Agent::take_signals() {
    while (sys::read_signalfd(signals_.ref())) {
        has_orphans_to_reap_ = true;
    }
}

/// Is it a process that a session reaps?
bool Agent::is_ours(pid_t pid) const {
    const auto launches_it = [this, pid](std::int64_t id) { return sessions_.at(id)->involves(pid); };
    return by_pid_.contains(pid) || std::ranges::any_of(launching_, launches_it);
}

/// The kernel shows one ended child at a time. One that a session reaps stays in front until the session
/// has done so, which its own descriptor tells it to: the rest wait for the next turn of the loop.
void Agent::reap_orphans() {
    for (;;) {
        const auto ended = sys::peek_ended_child();
        if (!ended || !*ended) {
            has_orphans_to_reap_ = false;
            return;
        }
        if (is_ours(**ended) || !sys::reap_child(**ended)) {
            return;
        }
    }
}

std::vector<pid_t> Agent::all_but_ours(const std::vector<pid_t>& pids) const {
    std::vector<pid_t> others;
    for (const pid_t pid : pids) {
        if (pid != ::getpid() && !is_ours(pid)) {
            others.push_back(pid);
        }
    }
    return others;
}

/// A thousand sessions that are killed together look once.
const std::vector<pid_t>& Agent::orphans(bool anew) {
    if (anew || !knows_orphans_) {
        orphans_ = all_but_ours(sys::children_of(::getpid()).value_or(std::vector<pid_t>{}));
        knows_orphans_ = true;
    }
    return orphans_;
}

/// In a pid namespace that was joined, its own init inherits the orphans: anybody may be one.
Family::Orphans Agent::orphans_for(std::int64_t id) {
    if (!entered_.contains(id)) {
        return [this](bool anew) -> const std::vector<pid_t>& { return orphans(anew); };
    }
    return [this](bool /*anew*/) -> const std::vector<pid_t>& {
        strangers_ = all_but_ours(sys::all_processes().value_or(std::vector<pid_t>{}));
        return strangers_;
    };
}

Family& Agent::family_of(std::int64_t id) {
    const pid_t workload = sessions_.at(id)->host_pid().value_or(0);
    const bool is_the_only_one = sessions_ever_ == 1 && !entered_.contains(id);
    return families_.try_emplace(id, workload, is_the_only_one).first->second;
}

void Agent::remember_descendants_of(std::int64_t id) {
    family_of(id).look(orphans_for(id)(false));
}

void Agent::kill_descendants_of(std::int64_t id) {
    family_of(id).kill(orphans_for(id));
}

/// Waits for the next child to end, and reaps; false when it has no more, or none ends any more.
bool Agent::has_ended_children() {
    constexpr std::chrono::milliseconds patience{2000};
    std::array wanted{pollfd{.fd = signals_.ref().number(), .events = POLLIN, .revents = 0}};
    const auto ready = sys::wait_ready(wanted, patience);
    take_signals();
    reap_orphans();
    return ready && *ready > 0;
}

/// The last act: no workload is left, and what workloads have started goes too. Where some were let go,
/// their offspring cannot be told from the rest, and lives on with them.
void Agent::sweep() {
    if (has_kept_any_) {
        return;
    }
    Family everything(::getpid(), true);
    do {
        reap_orphans();
        if (orphans(true).empty()) {
            return;
        }
        everything.kill([this](bool anew) -> const std::vector<pid_t>& { return orphans(anew); });
    } while (has_ended_children());
}

}  // namespace linx::agent
