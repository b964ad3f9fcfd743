#include "sys/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace linx::sys {

Outcome<Fd> memory_file(const char* name, unsigned flags) {
    const int fd = ::memfd_create(name, flags | MFD_CLOEXEC);
    if (fd < 0) {
        return std::unexpected(errno);
    }
    return Fd{fd};
}

Outcome<std::size_t> write(FdRef file, std::span<const std::byte> bytes) {
    const ssize_t taken = ::write(file.number(), bytes.data(), bytes.size());
    if (taken < 0) {
        return std::unexpected(errno);
    }
    return static_cast<std::size_t>(taken);
}

Outcome<void> seal(FdRef file, int seals) {
    if (::fcntl(file.number(), F_ADD_SEALS, seals) < 0) {
        return std::unexpected(errno);
    }
    return {};
}

int execute(FdRef file, char* const* argv, char* const* environment) {
    ::syscall(SYS_execveat, file.number(), "", argv, environment, AT_EMPTY_PATH);
    return errno;
}

}  // namespace linx::sys
