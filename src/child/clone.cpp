#include "child/clone.hpp"

#include "child/child.hpp"
#include "child/raw.hpp"

#include <cerrno>
#include <csignal>

#include <linux/sched.h>

namespace linx::child {

namespace {

/// `clone` (2), for where `clone3` is not to be had. Without CLONE_CLEAR_SIGHAND: all signals are
/// blocked, and the dispositions are reset before they are unblocked.
long clone_without_clone3(std::uint64_t flags, int* pidfd) noexcept {
    const std::uint64_t word = (flags & ~std::uint64_t{CLONE_CLEAR_SIGHAND}) | SIGCHLD;
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || defined(__arm__) || defined(__riscv)
    return raw(SYS_clone, word, 0, pidfd, 0, 0);
#else
    (void)pidfd;
    (void)word;
    return -ENOSYS;
#endif
}

}  // namespace

CloneAnswer clone_here(const CloneRequest& request) noexcept {
    CloneAnswer answer;
    clone_args arguments = {};
    arguments.flags = request.flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    arguments.pidfd = static_cast<std::uint64_t>(as_argument(&answer.pidfd));
    arguments.exit_signal = SIGCHLD;
    if (request.flags & CLONE_PARENT) {
        arguments.exit_signal = 0;  // the kernel takes the caller's own, and refuses another
    }
    if (request.cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(request.cgroup);
    }
    answer.pid = raw(SYS_clone3, &arguments, sizeof(arguments));
    const bool legacy_can = request.cgroup < 0 && (request.flags & CLONE_NEWTIME) == 0;
    if (answer.pid == -ENOSYS && legacy_can) {
        answer.pid = clone_without_clone3(arguments.flags, &answer.pidfd);
    }
    return answer;
}

CloneAnswer clone_and_run(const CloneRequest& request, const Program& program) noexcept {
    const CloneAnswer answer = clone_here(request);
    if (answer.pid == 0) {
        run(program);
    }
    return answer;
}

}  // namespace linx::child
