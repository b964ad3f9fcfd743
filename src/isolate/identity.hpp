/// Who the workload is when it starts: uid, gid, groups and no_new_privs.
#pragma once

#include "isolate/circumstances.hpp"
#include "program/draft.hpp"

namespace linx::isolate {

[[nodiscard]] Result<void> compile_identity(const ProcessSpec& spec, const Circumstances& now,
                                            program::Draft& draft);

}  // namespace linx::isolate
