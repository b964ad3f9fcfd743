/// What a fresh mount, net or uts namespace is furnished with.
#pragma once

#include "isolate/circumstances.hpp"
#include "program/draft.hpp"

#include <string_view>

namespace linx::isolate {

/// Adds an option as mount(8) spells it: `"ro"`, `"nosuid"` and the like become attributes of the mount, the
/// rest is the filesystem's own (`"size=1m"`).
void add_mount_option(Mount& mount, std::string_view option);

[[nodiscard]] Result<void> compile_furnishing(const ProcessSpec& spec, const Circumstances& now,
                                              program::Draft& draft);

}  // namespace linx::isolate
