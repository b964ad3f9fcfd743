#include "sys/process.hpp"

#include "sys/small_file.hpp"

#include <array>
#include <charconv>
#include <string>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::sys {

Outcome<Fd> pidfd_open(pid_t pid) {
    const long fd = ::syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) {
        return std::unexpected(errno);
    }
    return Fd{static_cast<int>(fd)};
}

Outcome<void> pidfd_send_signal(FdRef pidfd, int signum) {
    if (::syscall(SYS_pidfd_send_signal, pidfd.number(), signum, nullptr, 0) < 0) {
        return std::unexpected(errno);
    }
    return {};
}

Outcome<pid_t> pid_of(FdRef pidfd) {
    const auto text = read_small_file("/proc/self/fdinfo/" + std::to_string(pidfd.number()));
    if (!text) {
        const bool closed = ::fcntl(pidfd.number(), F_GETFD) < 0;
        return std::unexpected(closed ? EBADF : text.error());
    }
    constexpr std::string_view key = "\nPid:\t";
    const std::size_t at = text->find(key);
    if (at == std::string::npos) {
        return std::unexpected(EINVAL);
    }
    pid_t pid = 0;
    std::from_chars(text->data() + at + key.size(), text->data() + text->size(), pid);
    if (pid <= 0) {
        return std::unexpected(ESRCH);
    }
    return pid;
}

Outcome<std::optional<Waited>> waitid(FdRef pidfd, int options) {
    Waited waited;
    if (::syscall(SYS_waitid, P_PIDFD, pidfd.number(), &waited.info, options, &waited.usage) < 0) {
        return std::unexpected(errno);
    }
    if (waited.info.si_pid == 0) {
        return std::nullopt;
    }
    return waited;
}

Outcome<std::uint64_t> effective_capabilities() {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (::syscall(SYS_capget, &header, data.data()) < 0) {
        return std::unexpected(errno);
    }
    return data[0].effective | (static_cast<std::uint64_t>(data[1].effective) << 32);
}

bool discards_children() noexcept {
    struct sigaction now = {};
    if (::sigaction(SIGCHLD, nullptr, &now) < 0) {
        return false;
    }
    return now.sa_handler == SIG_IGN || (now.sa_flags & SA_NOCLDWAIT) != 0;
}

AllSignalsBlocked::AllSignalsBlocked() {
    const std::uint64_t all = ~std::uint64_t{0};
    if (::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof(all)) < 0) {
        error_ = errno;
    }
}

AllSignalsBlocked::~AllSignalsBlocked() {
    if (error_ == 0) {
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof(before_));
    }
}

}  // namespace linx::sys
