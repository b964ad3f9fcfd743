/// What a workload has started and left behind, as far as it can be found: without a pid namespace there
/// is no kernel object that holds it together.
///
/// Found are the descendants that a walk from the workload reaches while it lives, orphans that the agent
/// has inherited (it is a subreaper) and that are still in the workload's session or process group, and what
/// these have started. An orphan that called setsid before the first look cannot be told from that of another
/// session: it is killed where the agent has only ever had one session, and at the agent's end.
#pragma once

#include "sys/kinship.hpp"

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

namespace linx::agent {

class Family {
public:
    /// With `takes_all`, every orphan is its own.
    Family(pid_t workload, bool takes_all) noexcept : workload_(workload), takes_all_(takes_all) {}

    /// The processes that may be orphans of it; looked up anew where asked for.
    using Orphans = std::function<const std::vector<pid_t>&(bool anew)>;
    /// Looks around, and remembers what it finds.
    void look(const std::vector<pid_t>& orphans);
    /// Stops what it finds until nothing new turns up, then kills it all, the workload with it where that
    /// leads its process group. The workload must not have been reaped yet.
    void kill(const Orphans& orphans);
    /// Does it know of any?
    [[nodiscard]] bool empty() const noexcept { return members_.empty(); }

private:
    struct Member {
        std::uint64_t start_time = 0;
        bool is_stopped = false;
    };

    [[nodiscard]] bool is_member(pid_t pid, const sys::ProcessStatus& status) const;
    void look_below(pid_t parent);
    [[nodiscard]] bool stop_all();
    void signal_group(int signum) const;

    pid_t workload_;
    bool takes_all_;
    std::unordered_map<pid_t, Member> members_;
};

}  // namespace linx::agent
