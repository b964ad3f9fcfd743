/// Capabilities by name (`capabilities(7)`).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace linx::cli {

/// `"chown"` for bit 0, ...; a number for a bit that is newer than this table.
[[nodiscard]] std::vector<std::string> capability_names(std::uint64_t set);
/// `"all 41"`, `"all but sys_boot"`, `"none"`, or the names; `last` is the highest capability of this kernel.
[[nodiscard]] std::string capability_words(std::uint64_t set, unsigned last);

}  // namespace linx::cli
