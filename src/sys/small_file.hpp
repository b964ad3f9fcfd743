/// Reading and writing small files of the kernel's (/proc, /sys) in one go.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <string>
#include <string_view>

namespace linx::sys {

/// The whole of a file of at most 1 MiB (EFBIG beyond).
[[nodiscard]] Outcome<std::string> read_small_file(const std::string& path);
/// Writes the text with one write(2), as the files of /proc demand.
[[nodiscard]] Outcome<void> write_small_file(const std::string& path, std::string_view text);

}  // namespace linx::sys
