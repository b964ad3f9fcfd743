#include "cli/group_guard.hpp"

#include <cerrno>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::cli {

namespace {

/// The guard's whole life. It keeps no descriptor open: who waits for the end of one of linx's pipes or of
/// the checkpoint's socket must not wait for the guard. Every signal is held back, since ^C and ^Z are sent
/// to the whole group; the one that tells of linx's death is waited for like any other.
[[noreturn]] void guard(pid_t linx, pid_t group) {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    // Never without being a member: it would be linx's own group, its caller among it, that is killed.
    if (::setpgid(0, group) < 0 || ::prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) {
        ::_exit(1);
    }
    ::syscall(SYS_close_range, 0U, ~0U, 0U);
    while (::getppid() == linx) {
        int signum = 0;
        ::sigwait(&all, &signum);
    }
    ::kill(0, SIGKILL);
    ::_exit(1);
}

}  // namespace

Result<GroupGuard> GroupGuard::over(pid_t group) {
    constexpr const char* what = "the guard of the command at the checkpoint";
    const pid_t linx = ::getpid();
    // linx has one thread, so the fork may call what it likes.
    const pid_t pid = ::fork();
    if (pid < 0) {
        return failed(Stage::clone3, errno, what);
    }
    if (pid == 0) {
        guard(linx, group);
    }
    GroupGuard made{pid};
    // The guard does it too; whoever comes first, it is done before anything runs that needs guarding.
    if (::setpgid(pid, group) < 0) {
        return failed(Stage::setpgid, errno, what);
    }
    return made;
}

GroupGuard::~GroupGuard() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

}  // namespace linx::cli
