/// The cgroup (v2) of the target of an enter, in which the workload is born.
#pragma once

#include <linx/fd.hpp>
#include <linx/result.hpp>

#include <sys/types.h>

namespace linx::launch {

/// The directory of the cgroup of `pid`, opened as CLONE_INTO_CGROUP takes it (Linux 5.7). Not open
/// when it is the launcher's own, or there is no v2 hierarchy at all. Fails where it cannot be
/// reached or is frozen: to stay outside would escape the target's limits without a word.
[[nodiscard]] Result<Fd> open_cgroup_of(pid_t pid);

}  // namespace linx::launch
