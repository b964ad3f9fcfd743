#include "agent/family.hpp"

#include "sys/process.hpp"
#include "sys/signals.hpp"

#include <csignal>

#include <unistd.h>

namespace linx::agent {

namespace {

/// Through a pidfd, after a second look: the number may be another process's by now.
void send(pid_t pid, std::uint64_t start_time, int signum) {
    const auto pidfd = sys::pidfd_open(pid);
    const auto status = pidfd ? sys::status_of_process(pid) : std::unexpected(pidfd.error());
    if (status && status->start_time == start_time) {
        (void)sys::pidfd_send_signal(pidfd->ref(), signum);
    }
}

}  // namespace

bool Family::is_member(pid_t pid, const sys::ProcessStatus& status) const {
    if (takes_all_ || status.session == workload_ || status.group == workload_) {
        return true;
    }
    const auto known = members_.find(pid);
    return known != members_.end() && known->second.start_time == status.start_time;
}

/// Breadth first, without recursion: a workload may nest as deep as it likes.
void Family::look_below(pid_t parent) {
    std::vector<pid_t> parents{parent};
    while (!parents.empty()) {
        const auto children = sys::children_of(parents.back());
        parents.pop_back();
        for (const pid_t child : children.value_or(std::vector<pid_t>{})) {
            const auto status = sys::status_of_process(child);
            if (status && !status->is_zombie) {
                members_.try_emplace(child, Member{.start_time = status->start_time, .is_stopped = false});
                parents.push_back(child);
            }
        }
    }
}

void Family::look(const std::vector<pid_t>& orphans) {
    for (const pid_t pid : orphans) {
        const auto status = sys::status_of_process(pid);
        if (status && !status->is_zombie && pid != workload_ && is_member(pid, *status)) {
            members_.try_emplace(pid, Member{.start_time = status->start_time, .is_stopped = false});
        }
    }
    std::vector<pid_t> roots{workload_};
    for (const auto& [pid, member] : members_) {
        // One that has ended since may have left its number to a stranger.
        const auto status = sys::status_of_process(pid);
        if (status && status->start_time == member.start_time) {
            roots.push_back(pid);
        }
    }
    for (const pid_t root : roots) {
        look_below(root);
    }
}

/// True when there was one to stop.
bool Family::stop_all() {
    bool any = false;
    for (auto& [pid, member] : members_) {
        if (!member.is_stopped) {
            member.is_stopped = true;
            any = true;
            send(pid, member.start_time, SIGSTOP);
        }
    }
    return any;
}

/// A group takes a signal as one: not even who forks and ends at once, and is always another process when one
/// looks, slips through. The number is the workload's for as long as that is not reaped.
void Family::signal_group(int signum) const {
    const auto workload = sys::status_of_process(workload_);
    if (workload && workload->group == workload_ && workload_ != ::getpid()) {
        (void)sys::signal_group(workload_, signum);
    }
}

/// What is stopped forks no more, so that the looking comes to an end, however fast it forks. The bound is
/// for a host that cannot be kept up with.
void Family::kill(const Orphans& orphans) {
    constexpr int most_rounds = 100;
    int round = 0;
    signal_group(SIGSTOP);
    do {
        look(orphans(round > 0));
    } while (stop_all() && ++round < most_rounds);
    signal_group(SIGKILL);
    for (const auto& [pid, member] : members_) {
        send(pid, member.start_time, SIGKILL);
    }
}

}  // namespace linx::agent
