#include "child/child.hpp"
#include "child/raw.hpp"

#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace linx::child {

namespace {

constexpr int first_not_stdio = 3;

// For where close_range answers ENOSYS (a seccomp filter from before Linux 5.9).

void close_one(unsigned fd, unsigned flags) noexcept {
    if (flags & CLOSE_RANGE_CLOEXEC) {
        raw(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
    } else {
        raw(SYS_close, fd);
    }
}

/// The kernel's `struct linux_dirent64`, up to the name, which follows and ends with a NUL.
struct DirectoryEntry {
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t length;
    std::uint8_t type;
};
constexpr long name_offset = offsetof(DirectoryEntry, type) + 1;

/// A descriptor's number from its name in /proc/self/fd; beyond every number for "." and "..".
unsigned number_of(const char* name) noexcept {
    unsigned number = 0;
    for (; *name >= '0' && *name <= '9'; ++name) {
        number = number * 10 + static_cast<unsigned>(*name - '0');
    }
    return *name == '\0' ? number : ~0U;
}

/// Those that are open, as /proc lists them; -errno where there is no /proc.
long close_listed(unsigned first, unsigned last, unsigned flags) noexcept {
    const long directory = raw(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (directory < 0) {
        return directory;
    }
    alignas(DirectoryEntry) char buffer[1024];
    long got = 0;
    while ((got = raw(SYS_getdents64, directory, buffer, sizeof(buffer))) > 0) {
        for (long at = 0; at < got;) {
            const auto* entry = static_cast<const DirectoryEntry*>(static_cast<const void*>(buffer + at));
            const unsigned number = number_of(buffer + at + name_offset);
            if (number >= first && number <= last && number != ~0U &&
                number != static_cast<unsigned>(directory)) {
                close_one(number, flags);
            }
            at += entry->length;
        }
    }
    raw(SYS_close, directory);
    return got;
}

/// Every number below the hard limit. What was opened under a higher limit cannot be seen this way.
long close_by_number(unsigned first, unsigned last, unsigned flags) noexcept {
    rlimit limit = {};
    const long answer = raw(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit);
    for (unsigned fd = first; answer == 0 && fd <= last && fd < limit.rlim_max && fd < (1U << 20); ++fd) {
        close_one(fd, flags);
    }
    return answer;
}

long close_gap(unsigned first, unsigned last, unsigned flags) noexcept {
    long answer = raw(SYS_close_range, first, last, flags);
    if (answer == -ENOSYS) {
        answer = close_listed(first, last, flags);
        answer = answer < 0 ? close_by_number(first, last, flags) : answer;
    }
    return answer;
}

/// Every number from 3 on that is not in the sorted list.
long close_all_but(const int* kept, std::uint32_t count, unsigned flags) noexcept {
    unsigned next = first_not_stdio;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (kept[i] < static_cast<int>(next)) {
            continue;
        }
        const unsigned number = static_cast<unsigned>(kept[i]);
        if (number > next) {
            const long answer = close_gap(next, number - 1, flags);
            if (answer < 0) {
                return answer;
            }
        }
        next = number + 1;
    }
    return close_gap(next, ~0U, flags);
}

bool is_destination(const Move* moves, std::uint32_t count, long number) noexcept {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (moves[i].to == number) {
            return true;
        }
    }
    return false;
}

/// A duplicate of `fd` above 2 with a number that no move is bound for.
long duplicate_aside(const Move* moves, std::uint32_t count, int fd) noexcept {
    long least = first_not_stdio;
    while (is_destination(moves, count, least)) {
        ++least;
    }
    long answer = raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least);
    while (answer >= 0 && is_destination(moves, count, answer)) {
        raw(SYS_close, answer);
        least = answer + 1;
        while (is_destination(moves, count, least)) {
            ++least;
        }
        answer = raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least);
    }
    return answer;
}

/// Is this slot already where its only move puts it?
bool is_in_place(const Move* moves, std::uint32_t count, Slot slot, int fd) noexcept {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (moves[i].to == fd) {
            return moves[i].from == slot;
        }
    }
    return false;
}

/// Sends the launcher what was opened, and closes it here.
long hand_over(const Program& program, Slot slot, long fd) noexcept {
    if (fd < 0) {
        return fd;
    }
    Record record;
    record.tell = Tell::opened;
    record.slot = slot;
    const long answer = tell(program, record, static_cast<int>(fd));
    raw(SYS_close, fd);
    return answer;
}

}  // namespace

/// First of all. The child has no descriptor table of its own yet (CLONE_FILES): the kernel makes one here
/// and copies no more than is kept, which a launcher with ten thousand descriptors notices. The child has
/// inherited the launcher's end of its own checkpoint socket, and those of every other launch in flight:
/// unless it closes them, it never sees end of file when its launcher dies, and another launch's "executed"
/// comes late. Descriptors 0 to 2 stay as they are.
long apply(Context& context, const CloseOthers&) noexcept {
    const Program& program = context.program;
    const int last = program.kept_count > 0 ? program.kept[program.kept_count - 1] : 0;
    const unsigned above = static_cast<unsigned>(last < first_not_stdio ? first_not_stdio : last + 1);
    long answer = raw(SYS_close_range, above, ~0U, CLOSE_RANGE_UNSHARE);
    if (answer == -ENOSYS) {
        answer = raw(SYS_unshare, CLONE_FILES);  // or the launcher's would be closed
    }
    return answer < 0 ? answer : close_all_but(program.kept, program.kept_count, 0);
}

/// Any permutation, {3 -> 4, 4 -> 3} included: first every descriptor that stands where another
/// must go is duplicated aside, then each goes to its place. The checkpoint socket and whatever a
/// later step needs move aside in the same way.
long apply(Context& context, const PlaceDescriptors& step) noexcept {
    const Program& program = context.program;
    const Move* moves = program.list<Move>(step.moves);
    for (Slot slot = 0; slot < program.fd_count; ++slot) {
        const int fd = program.fds[slot];
        const bool stands_in_the_way = fd >= 0 && is_destination(moves, step.moves.count, fd);
        if (!stands_in_the_way || is_in_place(moves, step.moves.count, slot, fd)) {
            continue;
        }
        const long aside = duplicate_aside(moves, step.moves.count, fd);
        if (aside < 0) {
            return aside;
        }
        program.fds[slot] = static_cast<int>(aside);
    }
    for (std::uint32_t i = 0; i < step.moves.count; ++i) {
        const int from = program.fds[moves[i].from];
        const long answer =
            from == moves[i].to ? raw(SYS_fcntl, from, F_SETFD, 0) : raw(SYS_dup3, from, moves[i].to, 0);
        if (answer < 0) {
            return answer;
        }
    }
    return 0;
}

long apply(Context& context, const SealDescriptors& step) noexcept {
    return close_all_but(context.program.list<std::int32_t>(step.kept), step.kept.count, CLOSE_RANGE_CLOEXEC);
}

long apply(Context& context, const OpenFile& step) noexcept {
    const Program& program = context.program;
    return hand_over(
        program, step.slot,
        raw(SYS_openat, AT_FDCWD, program.text(step.path), step.flags | O_CLOEXEC | O_NOCTTY, step.mode));
}

long apply(Context& context, const ConnectUnix& step) noexcept {
    const Program& program = context.program;
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    const char* path = program.text(step.path);
    for (std::uint32_t i = 0; i < step.path.length && i < sizeof(address.sun_path) - 1; ++i) {
        address.sun_path[i] = path[i];
    }
    const long fd = raw(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const long answer = fd < 0 ? fd : raw(SYS_connect, fd, &address, sizeof(address));
    if (answer < 0) {
        return answer;
    }
    return hand_over(program, step.slot, fd);
}

}  // namespace linx::child
