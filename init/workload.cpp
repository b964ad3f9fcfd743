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
#include <sys/stat.h>
#include <sys/statfs.h>

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

/// Writes `NAME=VALUE` to where the variable's entry was.
void replace(char** envp, std::string_view name, std::uint64_t value, char* entry) noexcept {
    const char* const old = variable(envp, name);
    for (; *envp + name.size() + 1 != old; ++envp) {
    }
    char digits[20];
    std::size_t count = 0;
    for (; value > 0 || count == 0; value /= 10) {
        digits[count++] = static_cast<char>('0' + value % 10);
    }
    *envp = entry;
    __builtin_memcpy(entry, name.data(), name.size());
    entry[name.size()] = '=';
    char* at = entry + name.size() + 1;
    while (count > 0) {
        *at++ = digits[--count];
    }
    *at = '\0';
}

/// A pid that means the init is meant for the command, which has another. False when it is not there, or
/// means somebody else.
bool follow(char** envp, std::string_view name, long init_pid, char* entry) noexcept {
    constexpr long most_pid = 1L << 22;
    const char* const value = variable(envp, name);
    if (value == nullptr || number(value, most_pid) != init_pid) {
        return false;
    }
    replace(envp, name, static_cast<std::uint64_t>(raw(SYS_getpid)), entry);
    return true;
}

/// The inode of a pidfd names a process for ever, where pidfds have inodes (since kernel 6.9); else 0.
std::uint64_t own_pidfd_inode() noexcept {
    constexpr long pidfs = 0x50494446;
    const long fd = raw(SYS_pidfd_open, raw(SYS_getpid), 0);
    struct stat status = {};
    struct statfs system = {};
    const bool known = fd >= 0 && raw(SYS_fstatfs, fd, &system) == 0 && system.f_type == pidfs &&
                       raw(SYS_fstat, fd, &status) == 0;
    raw(SYS_close, fd);
    return known ? status.st_ino : 0;
}

/// Without an inode the variable must go: it would name the init.
void follow_inode(char** envp, char* entry) noexcept {
    constexpr std::string_view name = "LISTEN_PIDFDID";
    const char* const old = variable(envp, name);
    if (old == nullptr) {
        return;
    }
    if (const std::uint64_t inode = own_pidfd_inode(); inode != 0) {
        replace(envp, name, inode, entry);
        return;
    }
    for (; *envp + name.size() + 1 != old; ++envp) {
    }
    for (; *envp != nullptr; ++envp) {
        *envp = envp[1];
    }
}

std::size_t count_of(char** words) noexcept {
    std::size_t count = 0;
    while (words[count] != nullptr) {
        ++count;
    }
    return count;
}

/// `into` has room for all. A name that is there already gets the new value.
void add_variables(const Options& options, char** envp, char** into) noexcept {
    std::size_t count = count_of(envp);
    __builtin_memcpy(into, envp, (count + 1) * sizeof(*envp));
    for (std::size_t i = 0; i < options.variable_count; ++i) {
        const std::string_view added(options.variables[i]);
        const std::string_view name(added.data(), added.find('=') + 1);
        std::size_t at = 0;
        while (at < count && !std::string_view(into[at]).starts_with(name)) {
            ++at;
        }
        into[at] = options.variables[i];
        count = at == count ? count + 1 : count;
        into[count] = nullptr;
    }
}

/// The groups of who starts the init must not stay with another user, so they go unless others are asked for.
long become(const Options& options) noexcept {
    const bool other_user = options.user != no_id && options.user != raw(SYS_getuid);
    long answer = 0;
    if (options.has_groups || other_user) {
        answer = raw(SYS_setgroups, options.group_count, options.groups.data());
    }
    if (answer == 0 && options.group != no_id) {
        answer = raw(SYS_setresgid, options.group, options.group, options.group);
    }
    if (answer == 0 && options.user != no_id) {
        answer = raw(SYS_setresuid, options.user, options.user, options.user);
    }
    return answer;
}

[[noreturn]] void fail(child::Record& record, Failing what, long answer, int pipe) noexcept {
    record.tell = child::Tell::failed;
    record.step = what;
    record.errnum = static_cast<std::int32_t>(-answer);
    raw(SYS_write, pipe, &record, sizeof(record));
    child::raw_exit(child::failed_code);
}

/// After the change of user, which would disarm it.
void die_with(long init_pid) noexcept {
    raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (raw(SYS_getppid) != init_pid) {
        child::raw_exit(child::failed_code);
    }
}

/// -errno; does not answer when it succeeds.
long execute(const Options& options, char** envp, child::Record& record) noexcept {
    Candidates candidates;
    child::Execute step{};
    const child::Program program{
        .arena = reinterpret_cast<const char*>(&candidates), .argv = options.command, .envp = envp};
    child::Context context{.program = program, .report = {}};
    const bool fits =
        options.exec_fd >= 0 || search(candidates, step, options.command[0], variable(envp, "PATH"));
    if (!fits) {
        return -ENAMETOOLONG;
    }
    if (options.arg0 != nullptr) {
        options.command[0] = options.arg0;
    }
    raw(SYS_rt_sigprocmask, set_mask, &options.child_mask, nullptr, mask_bytes);
    if (options.exec_fd >= 0) {
        return raw(SYS_execveat, options.exec_fd, "", options.command, envp, AT_EMPTY_PATH);
    }
    const long answer = child::apply(context, step);
    record = context.report;
    return answer;
}

[[noreturn]] void run_child(const Options& options, char** envp, bool child_ignored, long init_pid,
                            int pipe) noexcept {
    child::Record record{};
    take_the_lead(options);
    if (const long answer = become(options); answer < 0) {
        fail(record, changing_user, answer, pipe);
    }
    if (options.report_fd >= 0 || options.parent_death == SIGKILL) {
        die_with(init_pid);
    }
    if (options.directory != nullptr) {
        if (const long answer = raw(SYS_chdir, options.directory); answer < 0) {
            fail(record, changing_directory, answer, pipe);
        }
    }
    if (child_ignored) {
        const std::uint64_t ignore[4] = {1, 0, 0, 0};  // SIG_IGN
        raw(SYS_rt_sigaction, SIGCHLD, ignore, nullptr, mask_bytes);
    }
    char listen[32];
    char watchdog[32];
    char inode[48];
    auto** const variables =
        static_cast<char**>(__builtin_alloca((count_of(envp) + options.variable_count + 1) * sizeof(char*)));
    if (follow(envp, "LISTEN_PID", init_pid, listen)) {
        follow_inode(envp, inode);
    }
    follow(envp, "WATCHDOG_PID", init_pid, watchdog);
    add_variables(options, envp, variables);
    fail(record, executing, execute(options, variables, record), pipe);
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
