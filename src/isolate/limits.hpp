/// Resource limits, the nice value and the umask.
#pragma once

#include "isolate/circumstances.hpp"
#include "program/draft.hpp"

#include <optional>
#include <string_view>

namespace linx::isolate {

/// `"nofile"` for RLIMIT_NOFILE; empty for a number that is none.
[[nodiscard]] std::string_view rlimit_name(int resource) noexcept;
/// RLIMIT_NOFILE for `"nofile"`.
[[nodiscard]] std::optional<int> rlimit_named(std::string_view name) noexcept;

[[nodiscard]] Result<void> compile_limits(const ProcessSpec& spec, const Circumstances& now,
                                          program::Draft& draft);

}  // namespace linx::isolate
