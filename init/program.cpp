/// The start: the command line, what the init itself needs, and the command's process.
#include "init/program.hpp"

#include "init/line.hpp"
#include "init/supervisor.hpp"
#include "init/wire.hpp"
#include "init/workload.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>

// Of start_only.ld: whole pages.
extern "C" const char linx_start_only_begin[];
extern "C" const char linx_start_only_end[];

namespace linx::init {

using child::raw;

namespace {

void say(int fd, std::string_view text) noexcept {
    raw(SYS_write, fd, text.data(), text.size());
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

/// What the init does not need would stay open, or busy, for as long as it lives. A command that is started
/// again needs it all again.
void let_go(const Options& options) noexcept {
    if (options.restart != Restart::never) {
        return;
    }
    raw(SYS_chdir, "/");
    // No command line is read any more.
    raw(SYS_munmap, linx_start_only_begin, linx_start_only_end - linx_start_only_begin);
    const int lower = options.report_fd < options.status_fd ? options.report_fd : options.status_fd;
    const int higher = options.report_fd < options.status_fd ? options.status_fd : options.report_fd;
    unsigned first = 3;
    for (const int kept : {lower, higher}) {
        if (kept >= static_cast<int>(first)) {
            close_range(first, static_cast<unsigned>(kept) - 1);
            first = static_cast<unsigned>(kept) + 1;
        }
    }
    close_range(first, ~0U);
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
    for (const int fd : {options.report_fd, options.status_fd, options.exec_fd}) {
        if (fd > 2) {
            raw(SYS_fcntl, fd, 2, 1);  // F_SETFD, FD_CLOEXEC
        }
    }
    if (options.warns_of_orphans && !options.subreaper && raw(SYS_getpid) != 1) {
        say(2, options.prefix);
        say(2,
            "warning: not process 1 and no subreaper (-s, TINI_SUBREAPER): orphans are reaped elsewhere\n");
    }
}

}  // namespace

int program(int argc, char** argv, char** envp, std::uint64_t born_with) {
    Options options;
    set_defaults(options, born_with);
    const Verdict verdict = parse(argc, argv, envp, options);
    if (!verdict.runs) {
        say(verdict.fd, verdict.code == 0 ? "" : options.prefix);
        say(verdict.fd, verdict.text);
        say(verdict.fd, verdict.about);
        say(verdict.fd, verdict.code == 0 ? "" : "\n");
        return verdict.code;
    }
    const bool child_ignored = listen_to_children();
    prepare(options);
    Supervisor supervisor(options, envp, child_ignored);
    if (options.pause) {
        let_go(options);
        return supervisor.run(0);
    }
    const Birth birth = start_workload(options, envp, child_ignored);
    if (!birth.executed) {
        return complain(birth, options);
    }
    report(options, {.tell = child::InitTell::executed, .pid = static_cast<std::int32_t>(birth.pid)});
    let_go(options);
    return supervisor.run(birth.pid);
}

}  // namespace linx::init
