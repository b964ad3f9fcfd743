#include "init/children.hpp"

#include "init/wire.hpp"

#include <csignal>

#include <fcntl.h>
#include <linux/wait.h>

namespace linx::init {

using child::raw;

namespace {

/// Where the list is full, nobody more is told: KILL comes later anyway.
bool is_news(Told* told, long child) noexcept {
    if (told == nullptr) {
        return true;
    }
    for (std::size_t i = 0; i < told->count; ++i) {
        if (told->pids[i] == child) {
            return false;
        }
    }
    if (told->count == told->pids.size()) {
        return false;
    }
    told->pids[told->count++] = static_cast<std::int32_t>(child);
    return true;
}

}  // namespace

bool sees_children() noexcept {
    char target[16];
    const long size = raw(SYS_readlinkat, AT_FDCWD, "/proc/self", target, sizeof(target));
    return size > 0 && number({target, static_cast<std::size_t>(size)}, 1L << 22) == raw(SYS_getpid);
}

bool tell_children(int signum, Told* told) noexcept {
    if (!sees_children()) {
        return false;
    }
    const long file = raw(SYS_openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    bool signalled = false;
    long child = 0;
    char list[1024];
    for (long size = raw(SYS_read, file, list, sizeof(list)); size > 0;
         size = raw(SYS_read, file, list, sizeof(list))) {
        for (long i = 0; i < size; ++i) {
            if (list[i] >= '0' && list[i] <= '9') {
                child = child * 10 + (list[i] - '0');
                continue;
            }
            // Each number has a blank behind it.
            if (child > 1 && is_news(told, child)) {
                signalled = raw(SYS_kill, child, signum) == 0 || signalled;
            }
            child = 0;
        }
    }
    raw(SYS_close, file);
    return signalled;
}

void leave_nobody(const Options& options) noexcept {
    if (!options.subreaper || raw(SYS_getpid) == 1) {
        return;
    }
    while (tell_children(SIGKILL, nullptr)) {
        raw(SYS_wait4, -1, nullptr, __WALL, nullptr);
    }
}

}  // namespace linx::init
