/// What /proc shows here, where much of what linx reports is read from.
#pragma once

#include <string>

namespace linx::cli {

/// Why /proc does not show this process, in words; empty when it does.
[[nodiscard]] std::string why_no_proc();

/// Why the sysctls cannot be read, in words; empty when they can: a proc may be mounted without them.
[[nodiscard]] std::string why_no_sysctls();

}  // namespace linx::cli
