/// Directories and files of the kernel's, looked at without being changed; one function, one call.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <cstdint>
#include <string>

#include <sys/stat.h>
#include <sys/types.h>

namespace linx::sys {

/// Opens a directory (O_PATH): a process's in /proc stays that process's, whoever gets its number.
[[nodiscard]] Outcome<Fd> open_directory(const std::string& path);
/// The user to whom an open file belongs.
[[nodiscard]] Outcome<uid_t> owner_of(FdRef file);
/// `stat(2)`, following symbolic links.
[[nodiscard]] Outcome<struct stat> status_of(const std::string& path);
/// What filesystem a path lies on: its magic number (`statfs(2)`).
[[nodiscard]] Outcome<std::uint64_t> filesystem_of(const std::string& path);
/// Would the caller's effective ids be allowed to write it?
[[nodiscard]] bool is_writable(const std::string& path);
/// Has it an extended attribute of that name (`getxattr(2)`)?
[[nodiscard]] bool has_attribute(const std::string& path, const char* name);

}  // namespace linx::sys
