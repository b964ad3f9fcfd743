/// Which descriptors the workload gets, and under which numbers.
#pragma once

#include "program/draft.hpp"

#include <linx/result.hpp>
#include <linx/spec.hpp>

namespace linx::stdio {

/// `soft_limit` is the launcher's RLIMIT_NOFILE: no number can be at or above it.
[[nodiscard]] Result<void> compile_descriptors(const ProcessSpec& spec, std::uint64_t soft_limit,
                                               program::Draft& draft);

}  // namespace linx::stdio
