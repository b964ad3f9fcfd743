#include "sys/probes.hpp"

#include "sys/process.hpp"

#include <climits>

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace linx::sys {

namespace {

int errno_of(long answer) {
    return answer < 0 ? errno : 0;
}

}  // namespace

int probe_clone3() {
    return errno_of(::syscall(SYS_clone3, nullptr, 0));
}

int probe_pidfd_open() {
    const auto pidfd = pidfd_open(::getpid());
    return pidfd ? 0 : pidfd.error();
}

int probe_close_range() {
    return errno_of(::syscall(SYS_close_range, UINT_MAX, UINT_MAX, 0));
}

int probe_openat2() {
    return errno_of(::syscall(SYS_openat2, AT_FDCWD, ".", nullptr, 0));
}

int probe_mount_setattr() {
    return errno_of(::syscall(SYS_mount_setattr, AT_FDCWD, "", 0, nullptr, 0));
}

int probe_fsopen() {
    return errno_of(::syscall(SYS_fsopen, nullptr, 0));
}

int probe_setns_pidfd() {
    const auto pidfd = pidfd_open(::getpid());
    return pidfd ? errno_of(::setns(pidfd->ref().number(), CLONE_NEWUTS)) : pidfd.error();
}

}  // namespace linx::sys
