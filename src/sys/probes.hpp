/// Harmless calls that show whether the kernel, or a filter before it, knows a system call: the
/// errno that they answer with, 0 for success. One function, one call.
#pragma once

namespace linx::sys {

/// EINVAL where it is known: it wants arguments.
[[nodiscard]] int probe_clone3();
/// Pins the caller itself.
[[nodiscard]] int probe_pidfd_open();
/// Closes nothing: the range begins above every descriptor.
[[nodiscard]] int probe_close_range();
/// EINVAL where it is known: it wants arguments.
[[nodiscard]] int probe_openat2();
/// EINVAL where it is known: it wants arguments.
[[nodiscard]] int probe_mount_setattr();
/// EFAULT or EPERM where it is known.
[[nodiscard]] int probe_fsopen();
/// Joins the uts namespace that the caller is in, by the caller's pidfd. EINVAL where only namespace
/// files can be joined (before Linux 5.8); EPERM without CAP_SYS_ADMIN.
[[nodiscard]] int probe_setns_pidfd();

}  // namespace linx::sys
