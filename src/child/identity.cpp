#include "child/child.hpp"
#include "child/raw.hpp"

#include <cerrno>
#include <csignal>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace linx::child {

namespace {

// 32-bit machines have a second, 16-bit set of these calls under the plain names.
#if defined(SYS_setgroups32)
constexpr long setgroups_number = SYS_setgroups32;
constexpr long setresgid_number = SYS_setresgid32;
constexpr long setresuid_number = SYS_setresuid32;
#else
constexpr long setgroups_number = SYS_setgroups;
constexpr long setresgid_number = SYS_setresgid;
constexpr long setresuid_number = SYS_setresuid;
#endif

constexpr int last_signal = 64;

/// The kernel's `struct sigaction`: its first word is the handler on every machine, and all else
/// is zero for SIG_DFL and SIG_IGN, so the rest of its layout does not matter.
struct Disposition {
    std::uint64_t words[8] = {};
};

bool holds(std::uint64_t set, int signum) noexcept {
    return ((set >> (signum - 1)) & 1U) != 0;
}

}  // namespace

long apply(Context& context, const ChangeDirectory& step) noexcept {
    return raw(SYS_chdir, context.program.text(step.path));
}

/// A working directory outside of the root is a way out of it (CVE-2024-21626). The kernel says
/// "(unreachable)" of one.
long apply(Context&, const VerifyDirectory&) noexcept {
    char path[4096];
    const long length = raw(SYS_getcwd, path, sizeof(path));
    if (length < 0) {
        return length;
    }
    return path[0] == '/' ? 0 : -EXDEV;
}

long apply(Context&, const SetUmask& step) noexcept {
    raw(SYS_umask, step.mask);
    return 0;
}

long apply(Context&, const SetLimit& step) noexcept {
    const std::uint64_t limit[2] = {step.soft, step.hard};  // prlimit64's own struct rlimit64
    return raw(SYS_prlimit64, 0, step.resource, limit, nullptr);
}

/// Keys hang on the session, not on the user: a process that goes over to another user's namespace
/// would take the launcher's along. A kernel without keyrings has none to leave.
long apply(Context&, const LeaveKeyring&) noexcept {
    constexpr int join_session_keyring = 1;  // KEYCTL_JOIN_SESSION_KEYRING; a null name: an anonymous one
    const long answer = raw(SYS_keyctl, join_session_keyring, nullptr);
    return answer < 0 && answer != -ENOSYS ? answer : 0;
}

long apply(Context& context, const SetGroups& step) noexcept {
    const long answer =
        raw(setgroups_number, step.gids.count, context.program.list<std::uint32_t>(step.gids));
    return answer == -EPERM && step.if_allowed ? 0 : answer;
}

long apply(Context&, const SetGid& step) noexcept {
    return raw(setresgid_number, step.gid, step.gid, step.gid);
}

long apply(Context&, const SetUid& step) noexcept {
    return raw(setresuid_number, step.uid, step.uid, step.uid);
}

long apply(Context&, const NoNewPrivileges&) noexcept {
    return raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

long apply(Context&, const ResetSignals& step) noexcept {
    for (int signum = 1; signum <= last_signal; ++signum) {
        if (signum == SIGKILL || signum == SIGSTOP) {
            continue;
        }
        Disposition disposition;
        disposition.words[0] = holds(step.ignored, signum) ? 1 : 0;  // SIG_IGN, SIG_DFL
        const long answer = raw(SYS_rt_sigaction, signum, &disposition, nullptr, 8);
        if (answer < 0) {
            return answer;
        }
    }
    return raw(SYS_rt_sigprocmask, SIG_SETMASK, &step.blocked, nullptr, 8);
}

/// The process group's number is the child's own view of it; SIGTTOU is blocked, as all signals are.
long apply(Context& context, const TakeForeground& step) noexcept {
    const int group = static_cast<int>(raw(SYS_getpgid, 0));
    return raw(SYS_ioctl, context.program.fds[step.slot], TIOCSPGRP, &group);
}

}  // namespace linx::child
