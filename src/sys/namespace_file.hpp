/// The files of /proc/PID/ns: which namespace they are, of which kind, and whose.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <cstdint>
#include <string>

namespace linx::sys {

/// What tells one namespace from another (`namespaces(7)`).
struct NamespaceId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    [[nodiscard]] bool operator==(const NamespaceId&) const noexcept = default;
};

[[nodiscard]] Outcome<NamespaceId> namespace_id(const std::string& path);
[[nodiscard]] Outcome<NamespaceId> namespace_id(FdRef file);
/// Its CLONE_NEW* flag (NS_GET_NSTYPE, Linux 4.11). ENOTTY for a file that is no namespace.
[[nodiscard]] Outcome<std::uint64_t> namespace_type(FdRef file);
/// The user namespace that owns it (NS_GET_USERNS, Linux 4.9). EPERM outside of the caller's own.
[[nodiscard]] Outcome<Fd> owning_user_namespace(FdRef file);
/// The parent of a user or pid namespace (NS_GET_PARENT, Linux 4.9).
[[nodiscard]] Outcome<Fd> parent_namespace(FdRef file);

/// Opens a namespace file by path when that takes no waiting for a filesystem (RESOLVE_CACHED,
/// Linux 5.12; EAGAIN else), and without side effects when it is something else (a FIFO, a device).
[[nodiscard]] Outcome<Fd> open_namespace_cached(const std::string& path);
/// Reopens an O_PATH descriptor of a namespace file for `setns`. EINVAL when it is no namespace.
[[nodiscard]] Outcome<Fd> reopen_namespace(FdRef path_fd);

}  // namespace linx::sys
