#include "child/child.hpp"
#include "child/raw.hpp"

#include <cerrno>
#include <cstddef>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

namespace linx::child {

namespace {

constexpr long st_noexec = 0x0008;  // of statfs(2)'s f_flags

/// After these, execvp tries the next directory of PATH.
bool means_try_the_next(long answer) noexcept {
    return answer == -ENOENT || answer == -EACCES || answer == -ENOTDIR || answer == -ESTALE ||
           answer == -ENODEV || answer == -ETIMEDOUT;
}

/// How much of the file's beginning was read, or -errno.
long read_beginning(const char* path, char* bytes, std::size_t size) noexcept {
    const long file = raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        return file;
    }
    const long got = raw(SYS_read, file, bytes, size);
    raw(SYS_close, file);
    return got;
}

bool is_elf(const char* path) noexcept {
    char magic[SELFMAG] = {};
    return read_beginning(path, magic, SELFMAG) == SELFMAG && magic[EI_MAG0] == ELFMAG0 &&
           magic[EI_MAG1] == ELFMAG1 && magic[EI_MAG2] == ELFMAG2 && magic[EI_MAG3] == ELFMAG3;
}

/// A text file without `#!` is a shell script, says execvp. A damaged ELF image, or one for another
/// machine, is not: a shell would execute whatever its bytes happen to spell.
long execute(const Program& program, const char* path) noexcept {
    const long answer = raw(SYS_execve, path, program.argv, program.envp);
    if (answer != -ENOEXEC || is_elf(path)) {
        return answer;
    }
    char** argv = program.argv - 1;
    char* const name = argv[1];
    char shell[] = "/bin/sh";
    argv[0] = shell;
    argv[1] = const_cast<char*>(path);
    const long by_shell = raw(SYS_execve, shell, argv, program.envp);
    argv[1] = name;
    return by_shell;
}

/// The interpreter that a script names after `#!`, for the message.
void note_interpreter(Record& report, const char* path) noexcept {
    const long got = read_beginning(path, report.text, sizeof(report.text));
    std::uint32_t length = 0;
    while (got > 2 && report.text[0] == '#' && report.text[1] == '!' && length < got &&
           report.text[length] != '\n') {
        ++length;
    }
    report.text_length = length;
}

/// Why was this candidate refused? ENOENT of a file that exists is a missing interpreter; EACCES
/// may be the file's mode, its kind, or its mount.
void note_cause(Record& report, long answer, const char* path) noexcept {
    report.cause = Cause::unknown;
    report.text_length = 0;
    struct stat status = {};
    const bool exists = raw(SYS_newfstatat, AT_FDCWD, path, &status, 0) == 0;
    if (!exists) {
        return;
    }
    if (answer == -ENOENT) {
        report.cause = Cause::missing_interpreter;
        note_interpreter(report, path);
        return;
    }
    if (answer != -EACCES) {
        return;
    }
    struct statfs mount = {};
    const bool mount_known = raw(SYS_statfs, path, &mount) == 0;
    if (!S_ISREG(status.st_mode)) {
        report.cause = Cause::not_regular;
    } else if (mount_known && (mount.f_flags & st_noexec) != 0) {
        report.cause = Cause::noexec_mount;
    } else if (raw(SYS_faccessat, AT_FDCWD, path, X_OK) < 0) {
        report.cause = Cause::not_executable;
    }
}

}  // namespace

/// The verdict on a search, as execvp gives it: the first EACCES is remembered, and "not there" says
/// least of all, unless it was an interpreter that is not there.
long apply(Context& context, const Execute& step) noexcept {
    const Program& program = context.program;
    Record& report = context.report;
    const Text* candidates = program.list<Text>(step.candidates);
    long verdict = -ENOENT;
    for (std::uint32_t i = 0; i < step.candidates.count; ++i) {
        const char* path = program.text(candidates[i]);
        long answer = execute(program, path);
        const bool goes_on = step.searched && means_try_the_next(answer);
        answer = goes_on && answer == -ENOTDIR ? -ENOENT : answer;
        if (!goes_on || (verdict == -ENOENT && (answer != -ENOENT || report.cause == Cause::unknown))) {
            verdict = answer;
            report.candidate = i;
            note_cause(report, answer, path);
        }
        if (!goes_on) {
            break;
        }
    }
    return verdict;
}

long apply(Context& context, const ExecuteDescriptor& step) noexcept {
    const Program& program = context.program;
    return raw(SYS_execveat, program.fds[step.slot], "", program.argv, program.envp, AT_EMPTY_PATH);
}

}  // namespace linx::child
