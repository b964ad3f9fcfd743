/// Clones the command's process and executes. PATH is searched as by a launcher: the code is shared.
#include "init/workload.hpp"

#include "init/wire.hpp"

#include "child/child.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/wait.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

namespace linx::init {

using child::raw;

namespace {

constexpr std::string_view default_path = "/bin:/usr/bin";
constexpr std::uint32_t most_candidates = 64;
constexpr std::size_t room = 16384;

/// The arena of child::Program: the list of candidates, and their text after it.
struct Candidates {
    child::Text texts[most_candidates];
    char bytes[room];
};

bool add(Candidates& into, child::Execute& step, std::size_t& used, std::string_view directory,
         std::string_view name) noexcept {
    const std::size_t needed = directory.size() + name.size() + 2;
    if (step.candidates.count == most_candidates || used + needed > room) {
        return false;
    }
    char* place = into.bytes + used;
    __builtin_memcpy(place, directory.data(), directory.size());
    place += directory.size();
    if (!directory.empty()) {
        *place++ = '/';
    }
    __builtin_memcpy(place, name.data(), name.size());
    place[name.size()] = '\0';
    into.texts[step.candidates.count++] = {static_cast<std::uint32_t>(sizeof(into.texts) + used),
                                           static_cast<std::uint32_t>(needed - 1)};
    used += needed;
    return true;
}

/// False where PATH is longer than there is room for.
bool search(Candidates& into, child::Execute& step, std::string_view name, const char* path) noexcept {
    std::size_t used = 0;
    step = {.candidates = {}, .searched = name.find('/') == std::string_view::npos};
    if (!step.searched || name.empty()) {
        return add(into, step, used, {}, name);
    }
    std::string_view rest = path == nullptr ? default_path : std::string_view(path);
    while (true) {
        const std::size_t colon = rest.find(':');
        const std::string_view directory(rest.data(), colon < rest.size() ? colon : rest.size());
        if (!add(into, step, used, directory, name)) {
            return false;
        }
        if (colon == std::string_view::npos) {
            return true;
        }
        rest.remove_prefix(colon + 1);
    }
}

/// Only who holds the foreground hands it on; SIGTTOU is blocked.
void hand_foreground_on(int init_group) noexcept {
    for (int fd = 0; fd < 3; ++fd) {
        int foreground = 0;
        if (raw(SYS_ioctl, fd, TIOCGPGRP, &foreground) == 0) {
            const int own = static_cast<int>(raw(SYS_getpid));
            if (foreground == init_group) {
                raw(SYS_ioctl, fd, TIOCSPGRP, &own);
            }
            return;
        }
    }
}

void take_the_lead(const Options& options) noexcept {
    if (options.lead == Lead::session) {
        raw(SYS_setsid);
    } else if (options.lead == Lead::group) {
        const int init_group = static_cast<int>(raw(SYS_getpgid, 0));
        raw(SYS_setpgid, 0, 0);
        hand_foreground_on(init_group);
    }
}

/// `NAME=PID` that means the init is meant for the command, which has another pid.
void follow(char** envp, std::string_view name, long init_pid, char* entry) noexcept {
    constexpr long most_pid = 1L << 22;
    const char* const value = variable(envp, name);
    if (value == nullptr || number(value, most_pid) != init_pid) {
        return;
    }
    for (; *envp + name.size() + 1 != value; ++envp) {
    }
    char digits[8];
    std::size_t count = 0;
    for (long rest = raw(SYS_getpid); rest > 0; rest /= 10) {
        digits[count++] = static_cast<char>('0' + rest % 10);
    }
    __builtin_memcpy(entry, name.data(), name.size());
    entry[name.size()] = '=';
    char* at = entry + name.size() + 1;
    while (count > 0) {
        *at++ = digits[--count];
    }
    *at = '\0';
    *envp = entry;
}

[[noreturn]] void run_child(const Options& options, char** envp, bool child_ignored, long init_pid,
                            int pipe) noexcept {
    take_the_lead(options);
    if (options.report_fd >= 0 || options.parent_death == SIGKILL) {
        raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (raw(SYS_getppid) != init_pid) {
            child::raw_exit(child::failed_code);
        }
    }
    if (child_ignored) {
        const std::uint64_t ignore[4] = {1, 0, 0, 0};  // SIG_IGN
        raw(SYS_rt_sigaction, SIGCHLD, ignore, nullptr, mask_bytes);
    }
    char listen[32];
    char watchdog[32];
    follow(envp, "LISTEN_PID", init_pid, listen);
    follow(envp, "WATCHDOG_PID", init_pid, watchdog);
    Candidates candidates;
    child::Execute step{};
    child::Program program{
        .arena = reinterpret_cast<const char*>(&candidates), .argv = options.command, .envp = envp};
    child::Context context{.program = program, .report = {}};
    long answer = -ENAMETOOLONG;
    if (search(candidates, step, options.command[0], variable(envp, "PATH"))) {
        raw(SYS_rt_sigprocmask, set_mask, &options.child_mask, nullptr, mask_bytes);
        answer = child::apply(context, step);
    }
    context.report.tell = child::Tell::failed;
    context.report.errnum = static_cast<std::int32_t>(-answer);
    raw(SYS_write, pipe, &context.report, sizeof(context.report));
    child::raw_exit(answer == -ENOENT ? 127 : 126);
}

}  // namespace

/// A plain fork and a close-on-exec pipe: its end of file says that the execve has succeeded. It works
/// where emulators give a vfork no shared memory, and with another user's rights in the child.
Birth start_workload(const Options& options, char** envp, bool child_ignored) noexcept {
    int pipe[2] = {-1, -1};
    if (const long made = raw(SYS_pipe2, pipe, O_CLOEXEC); made < 0) {
        return {.pid = made, .executed = false, .failure = {}};
    }
    const long init_pid = raw(SYS_getpid);
    Birth birth{.pid = raw(SYS_clone, SIGCHLD, 0, 0, 0, 0), .executed = false, .failure = {}};
    if (birth.pid == 0) {
        run_child(options, envp, child_ignored, init_pid, pipe[1]);
    }
    raw(SYS_close, pipe[1]);
    if (birth.pid > 0) {
        birth.executed = raw(SYS_read, pipe[0], &birth.failure, sizeof(birth.failure)) == 0;
    }
    raw(SYS_close, pipe[0]);
    return birth;
}

}  // namespace linx::init
