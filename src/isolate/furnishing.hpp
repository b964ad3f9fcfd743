/// What a fresh mount, net or uts namespace is furnished with.
#pragma once

#include "isolate/circumstances.hpp"
#include "program/draft.hpp"

namespace linx::isolate {

[[nodiscard]] Result<void> compile_furnishing(const ProcessSpec& spec, const Circumstances& now,
                                              program::Draft& draft);

}  // namespace linx::isolate
