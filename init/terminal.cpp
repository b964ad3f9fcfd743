#include "init/terminal.hpp"

#include "init/wire.hpp"

#include <csignal>

#include <sys/ioctl.h>

namespace linx::init {

using child::raw;

void stop_with(const Options& options, long pid, int signum) noexcept {
    if (options.lead != Lead::group || (signum != SIGTSTP && signum != SIGTTIN && signum != SIGTTOU)) {
        return;
    }
    const std::uint64_t open = ~(std::uint64_t{1} << (signum - 1));
    const std::uint64_t all = ~std::uint64_t{0};
    if (raw(SYS_getpid) != 1) {
        raw(SYS_kill, 0, signum);
        raw(SYS_rt_sigprocmask, set_mask, &open, nullptr, mask_bytes);
        raw(SYS_rt_sigprocmask, set_mask, &all, nullptr, mask_bytes);
    }
    std::uint64_t pending = 0;
    raw(SYS_rt_sigpending, &pending, mask_bytes);
    const bool was_continued = (pending >> (SIGCONT - 1) & 1) != 0;
    if (signum == SIGTSTP && !was_continued) {
        raw(SYS_kill, -pid, SIGCONT);
    }
}

void hand_foreground_on(const Options& options, long pid) noexcept {
    const int own = static_cast<int>(raw(SYS_getpgid, 0));
    const int group = static_cast<int>(pid);
    for (int fd = 0; fd < 3 && options.lead == Lead::group; ++fd) {
        int foreground = 0;
        if (raw(SYS_ioctl, fd, TIOCGPGRP, &foreground) == 0) {
            if (foreground == own) {
                raw(SYS_ioctl, fd, TIOCSPGRP, &group);
            }
            return;
        }
    }
}

void take_foreground_back(long pid) noexcept {
    const int own = static_cast<int>(raw(SYS_getpgid, 0));
    for (int fd = 0; fd < 3; ++fd) {
        int foreground = 0;
        if (raw(SYS_ioctl, fd, TIOCGPGRP, &foreground) == 0 && foreground == pid) {
            raw(SYS_ioctl, fd, TIOCSPGRP, &own);
            return;
        }
    }
}

bool came_to_both(const Options& options, long pid, int signum, int code) noexcept {
    if (options.lead != Lead::nothing || code != SI_KERNEL) {
        return false;
    }
    // A hang-up is sent to the session's leader; to everyone else in the foreground only when that ends.
    const bool of_terminal = signum == SIGINT || signum == SIGQUIT || signum == SIGTSTP || signum == SIGWINCH;
    const bool hung_up = signum == SIGHUP && raw(SYS_getsid, 0) != raw(SYS_getpid);
    return (of_terminal || hung_up) && raw(SYS_getpgid, pid) == raw(SYS_getpgid, 0);
}

}  // namespace linx::init
