/// The program linx-init as a part of this library: its bytes, put into a file in memory and executed from
/// there.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <cstddef>
#include <span>

namespace linx::launch {

/// The executable itself. Empty where linx-init is not built for this machine.
[[nodiscard]] std::span<const std::byte> init_image() noexcept;

/// A file in memory that holds it (`memfd_create(2)`), close-on-exec. It is sealed: who runs it as root finds
/// it under /proc/PID/exe, and must not be able to write to it there (CVE-2019-5736). EACCES where the sysctl
/// vm.memfd_noexec forbids it; ENOSYS where there is no image.
[[nodiscard]] sys::Outcome<Fd> open_init_image();

/// Executes it in place of this process; comes back with an errno only. `argv` ends with a null pointer.
[[nodiscard]] int execute_init(char* const* argv, char* const* environment);

}  // namespace linx::launch
