#include "sys/namespace_file.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace linx::sys {

namespace {

constexpr std::uint64_t nsfs_magic = 0x6e736673;

Outcome<Fd> ioctl_fd(FdRef file, unsigned long request) {
    const int fd = ::ioctl(file.number(), request);
    if (fd < 0) {
        return std::unexpected(errno);
    }
    return Fd{fd};
}

NamespaceId id_of(const struct stat& status) {
    return {.device = status.st_dev, .inode = status.st_ino};
}

}  // namespace

Outcome<NamespaceId> namespace_id(const std::string& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) < 0) {
        return std::unexpected(errno);
    }
    return id_of(status);
}

Outcome<NamespaceId> namespace_id(FdRef file) {
    struct stat status = {};
    if (::fstat(file.number(), &status) < 0) {
        return std::unexpected(errno);
    }
    return id_of(status);
}

Outcome<std::uint64_t> namespace_type(FdRef file) {
    const int type = ::ioctl(file.number(), NS_GET_NSTYPE);
    if (type < 0) {
        return std::unexpected(errno);
    }
    return static_cast<std::uint64_t>(type);
}

Outcome<Fd> owning_user_namespace(FdRef file) {
    return ioctl_fd(file, NS_GET_USERNS);
}

Outcome<Fd> parent_namespace(FdRef file) {
    return ioctl_fd(file, NS_GET_PARENT);
}

Outcome<Fd> open_namespace_cached(const std::string& path) {
    open_how how = {};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_CACHED;
    long fd = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how));
    // What lies in /proc is always at hand, but the kernel never says so of its magic links.
    if (fd < 0 && errno == EAGAIN && path.starts_with("/proc/")) {
        fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    }
    if (fd < 0) {
        return std::unexpected(errno);
    }
    return Fd{static_cast<int>(fd)};
}

Outcome<Fd> reopen_namespace(FdRef path_fd) {
    struct statfs filesystem = {};
    if (::fstatfs(path_fd.number(), &filesystem) < 0) {
        return std::unexpected(errno);
    }
    if (static_cast<std::uint64_t>(filesystem.f_type) != nsfs_magic) {
        return std::unexpected(EINVAL);
    }
    const std::string path = "/proc/self/fd/" + std::to_string(path_fd.number());
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return std::unexpected(errno);
    }
    return Fd{fd};
}

}  // namespace linx::sys
