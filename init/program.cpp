/// The supervisor: starts the command, forwards what comes, reaps, and ends as the command ended.
#include "init/program.hpp"

#include "init/options.hpp"
#include "init/wire.hpp"
#include "init/workload.hpp"

#include "child/init_report.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/wait.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

namespace linx::init {

using child::raw;

namespace {

void say(int fd, std::string_view text) noexcept {
    raw(SYS_write, fd, text.data(), text.size());
}

void report(const Options& options, const child::InitReport& what) noexcept {
    if (options.report_fd >= 0) {
        raw(SYS_sendto, options.report_fd, &what, sizeof(what), MSG_NOSIGNAL, nullptr, 0);
    }
}

/// Sends on what was received. A value can be queued to one process only: it goes to the command.
void forward(const Options& options, long pid, int received, const std::uint32_t* info) noexcept {
    const int signum = options.rewrite[static_cast<std::size_t>(received)];
    const bool queued = static_cast<std::int32_t>(info[2]) == SI_QUEUE;
    if (signum == 0) {
        return;
    }
    if (queued && signum == received) {
        raw(SYS_rt_sigqueueinfo, pid, signum, info);
        return;
    }
    raw(SYS_kill, options.to_group ? -pid : pid, signum);
}

/// A terminal stopped the command's group: our own group stops with it, so that the shell above sees it.
/// Where no shell can (process 1, an orphaned group) the kernel does not stop us, and SIGCONT is not
/// pending afterwards: ^Z then has no effect, but a reader in the background stays stopped.
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

/// The shell gave us the foreground: it belongs to the command.
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

/// A script above us reads on from the terminal after the command's end.
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

/// Reaps everything that has ended; whether the command was among it, whose status is then told.
bool reap(const Options& options, long pid, int& status) noexcept {
    bool ended = false;
    while (true) {
        int its = 0;
        const long reaped = raw(SYS_wait4, -1, &its, WNOHANG | WUNTRACED | __WALL, nullptr);
        if (reaped <= 0 && reaped != -EINTR) {
            return ended;
        }
        const bool stopped = (its & 0xff) == 0x7f;
        if (reaped == pid && stopped) {
            stop_with(options, pid, its >> 8 & 0xff);
        } else if (reaped == pid) {
            status = its;
            ended = true;
        }
    }
}

[[noreturn]] void end_by(int signum) noexcept {
    const std::uint64_t nothing[4] = {};
    const std::uint64_t no_core[2] = {};
    raw(SYS_prlimit64, 0, 4, no_core, nullptr);  // RLIMIT_CORE
    raw(SYS_rt_sigaction, signum, nothing, nullptr, mask_bytes);
    raw(SYS_rt_sigprocmask, set_mask, nothing, nullptr, mask_bytes);
    raw(SYS_kill, raw(SYS_getpid), signum);
    child::raw_exit(128 + signum);
}

/// Kills the children that /proc lists; false when there is none, or no list.
bool kill_children() noexcept {
    char path[] = "/proc/thread-self/children";
    const long file = raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    char list[4096];
    const long size = file < 0 ? 0 : raw(SYS_read, file, list, sizeof(list));
    raw(SYS_close, file);
    long child = 0;
    bool killed = false;
    for (long i = 0; i < size; ++i) {
        if (list[i] >= '0' && list[i] <= '9') {
            child = child * 10 + (list[i] - '0');
            continue;
        }
        // A number that the end of the buffer has cut off has no blank behind it.
        killed = (child > 0 && raw(SYS_kill, child, SIGKILL) == 0) || killed;
        child = 0;
    }
    return killed;
}

/// What process 1 leaves to the kernel: nobody outlives it. Whoever is not ours yet becomes ours when its
/// parent dies, so that the next round finds it.
void leave_nobody(const Options& options) noexcept {
    if (!options.subreaper || raw(SYS_getpid) == 1) {
        return;
    }
    while (kill_children()) {
        raw(SYS_wait4, -1, nullptr, __WALL, nullptr);
    }
}

int finish(const Options& options, long pid, int status) noexcept {
    take_foreground_back(pid);
    const int signum = status & 0x7f;
    const int code = signum != 0 ? 128 + signum : status >> 8 & 0xff;
    child::InitReport ended{.tell = child::InitTell::ended, .pid = static_cast<std::int32_t>(pid)};
    ended.status = signum != 0 ? signum : code;
    ended.by_signal = signum != 0;
    ended.core_dumped = (status & 0x80) != 0;
    report(options, ended);
    if (options.terminates_group) {
        raw(SYS_kill, -pid, SIGTERM);
    }
    leave_nobody(options);
    if (signum != 0 && options.exits_as_signal) {
        end_by(signum);
    }
    return options.exit_codes[static_cast<std::size_t>(code)];
}

int supervise(const Options& options, long pid) noexcept {
    const std::uint64_t all = ~std::uint64_t{0};
    while (true) {
        std::uint32_t info[32] = {};
        const long received = raw(SYS_rt_sigtimedwait, &all, info, nullptr, mask_bytes);
        if (received == SIGCHLD) {
            int status = 0;
            if (reap(options, pid, status)) {
                return finish(options, pid, status);
            }
        } else if (received > 0 && options.pause && (received == SIGTERM || received == SIGINT)) {
            return 0;
        } else if (received > 0 && !options.pause) {
            if (received == SIGCONT) {
                hand_foreground_on(options, pid);
            }
            forward(options, pid, static_cast<int>(received), info);
        }
    }
}

int complain(const Birth& birth, const Options& options) noexcept {
    child::InitReport failed{.tell = child::InitTell::failed};
    failed.record = birth.failure;
    if (birth.pid < 0) {
        failed.record.errnum = static_cast<std::int32_t>(-birth.pid);
    }
    report(options, failed);
    if (options.report_fd >= 0) {
        return child::failed_code;
    }
    const bool missing = birth.failure.errnum == ENOENT;
    say(2, "linx-init: ");
    say(2, options.command[0]);
    say(2, birth.pid < 0 ? ": cannot be started\n" : missing ? ": not found\n" : ": cannot be executed\n");
    if (birth.pid < 0) {
        return child::failed_code;
    }
    return options.exec_codes[missing ? 0 : birth.failure.errnum == EACCES ? 1 : 2];
}

/// Where a seccomp filter does not know close_range, as many as a process has by default.
void close_range(unsigned first, unsigned last) noexcept {
    constexpr unsigned usual = 1024;
    if (first > last || raw(SYS_close_range, first, last, 0) != -ENOSYS) {
        return;
    }
    for (unsigned fd = first; fd <= last && fd < usual; ++fd) {
        raw(SYS_close, fd);
    }
}

/// What the init does not need would stay open, or busy, for as long as it lives.
void let_go(const Options& options) noexcept {
    constexpr unsigned first = 3;
    constexpr unsigned last = ~0U;
    raw(SYS_chdir, "/");
    if (options.report_fd < 0) {
        close_range(first, last);
        return;
    }
    const auto kept = static_cast<unsigned>(options.report_fd);
    if (kept > first) {
        close_range(first, kept - 1);
    }
    close_range(kept < first ? first : kept + 1, last);
}

/// Whether SIGCHLD was ignored: the kernel would then throw away what we wait for.
bool listen_to_children() noexcept {
    const std::uint64_t by_default[4] = {};
    std::uint64_t before[4] = {};
    raw(SYS_rt_sigaction, SIGCHLD, by_default, before, mask_bytes);
    return before[0] == 1;
}

/// A parent that died before the arming will send nothing: its signal is sent here.
void watch_parent(int signum) noexcept {
    const long parent = raw(SYS_getppid);
    raw(SYS_prctl, PR_SET_PDEATHSIG, signum, 0, 0, 0);
    if (raw(SYS_getppid) != parent) {
        raw(SYS_kill, raw(SYS_getpid), signum);
    }
}

void prepare(const Options& options) noexcept {
    raw(SYS_prctl, PR_SET_NAME, "linx-init", 0, 0, 0);
    if (options.subreaper && raw(SYS_getpid) != 1) {
        raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    }
    if (options.parent_death != 0) {
        watch_parent(options.parent_death);
    }
    if (options.report_fd >= 0) {
        raw(SYS_fcntl, options.report_fd, 2, 1);  // F_SETFD, FD_CLOEXEC
    }
}

}  // namespace

int program(int argc, char** argv, char** envp, std::uint64_t born_with) {
    Options options;
    set_defaults(options, born_with);
    const Verdict verdict = parse(argc, argv, envp, options);
    if (!verdict.runs) {
        say(verdict.fd, verdict.code == 0 ? "" : "linx-init: ");
        say(verdict.fd, verdict.text);
        say(verdict.fd, verdict.about);
        say(verdict.fd, verdict.code == 0 ? "" : "\n");
        return verdict.code;
    }
    const bool child_ignored = listen_to_children();
    prepare(options);
    if (options.pause) {
        let_go(options);
        return supervise(options, 0);
    }
    const Birth birth = start_workload(options, envp, child_ignored);
    if (!birth.executed) {
        return complain(birth, options);
    }
    report(options, {.tell = child::InitTell::executed, .pid = static_cast<std::int32_t>(birth.pid)});
    let_go(options);
    return supervise(options, birth.pid);
}

}  // namespace linx::init
