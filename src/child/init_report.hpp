/// What linx-init tells the launcher that has executed it, over the checkpoint socket that it has kept.
#pragma once

#include "child/record.hpp"

#include <cstdint>
#include <type_traits>

namespace linx::child {

enum class InitTell : std::uint32_t {
    executed,  ///< the workload's execve has succeeded; `pid` as the init sees it
    failed,    ///< it has not: `record` says how, as a child of the launcher's would
    ended,     ///< the workload was reaped
};

struct InitReport {
    InitTell tell{};
    std::int32_t pid = 0;
    /// Of `ended`: the exit code, or the signal.
    std::int32_t status = 0;
    bool by_signal = false;
    bool core_dumped = false;
    /// Of `failed`: errnum, cause, candidate and text.
    Record record{};
};
static_assert(std::is_trivially_copyable_v<InitReport>);

}  // namespace linx::child
