/// Files that live in memory alone, and executing what is in them.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <cstddef>
#include <span>

namespace linx::sys {

/// `memfd_create(2)`, with these flags beside MFD_CLOEXEC. MFD_EXEC (Linux 6.3) is EINVAL to an older kernel.
[[nodiscard]] Outcome<Fd> memory_file(const char* name, unsigned flags);
/// Appends; answers how much was taken.
[[nodiscard]] Outcome<std::size_t> write(FdRef file, std::span<const std::byte> bytes);
/// Adds F_SEAL_* (`fcntl(2)`).
[[nodiscard]] Outcome<void> seal(FdRef file, int seals);
/// `execveat(2)` with AT_EMPTY_PATH; comes back with an errno only.
[[nodiscard]] int execute(FdRef file, char* const* argv, char* const* environment);

}  // namespace linx::sys
