#include "sys/proc_directory.hpp"

#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace linx::sys {

Outcome<Fd> open_directory(const std::string& path) {
    Fd directory{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!directory.is_open()) {
        return std::unexpected(errno);
    }
    return directory;
}

Outcome<uid_t> owner_of(FdRef file) {
    struct stat status{};
    if (::fstat(file.number(), &status) < 0) {
        return std::unexpected(errno);
    }
    return status.st_uid;
}

Outcome<struct stat> status_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) < 0) {
        return std::unexpected(errno);
    }
    return status;
}

Outcome<std::uint64_t> filesystem_of(const std::string& path) {
    struct statfs status{};
    if (::statfs(path.c_str(), &status) < 0) {
        return std::unexpected(errno);
    }
    return static_cast<std::uint64_t>(status.f_type);
}

bool is_writable(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

bool has_attribute(const std::string& path, const char* name) {
    return ::getxattr(path.c_str(), name, nullptr, 0) > 0;
}

}  // namespace linx::sys
