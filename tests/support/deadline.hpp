/// Waiting for events: everything in these tests that waits does it here, with a deadline and never by
/// sleeping.
#pragma once

#include <linx/process.hpp>

#include <cerrno>
#include <chrono>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace support {

/// Far above any launch on a busy machine, far below the patience of a person.
inline constexpr std::chrono::seconds deadline{30};
inline constexpr linx::Patience patience{.timeout = deadline, .cancel = {}};

/// True when the descriptor became readable, or reached its end, before the deadline.
inline bool readable_in_time(linx::FdRef fd, std::chrono::milliseconds limit = deadline) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd entry{.fd = fd.number(), .events = POLLIN, .revents = 0};
        const int ready = ::poll(&entry, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (ready > 0) {
            return true;
        }
        if (ready == 0 || errno != EINTR) {
            return false;
        }
    }
}

/// Is there anything to read right now?
inline bool readable_now(linx::FdRef fd) {
    return readable_in_time(fd, std::chrono::milliseconds{0});
}

struct Pipe {
    linx::Fd out;  ///< to read from
    linx::Fd in;   ///< to write to

    Pipe() {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC) == 0) {
            out = linx::Fd{ends[0]};
            in = linx::Fd{ends[1]};
        }
    }
};

/// All bytes up to the end of file; what has come so far when the deadline passes.
inline std::string read_to_end(linx::FdRef fd) {
    std::string text;
    char buffer[4096];
    while (readable_in_time(fd)) {
        const ssize_t got = ::read(fd.number(), buffer, sizeof buffer);
        if (got <= 0 && errno != EINTR) {
            break;
        }
        if (got == 0) {
            break;
        }
        text.append(buffer, static_cast<std::size_t>(got > 0 ? got : 0));
    }
    return text;
}

/// Exactly so many bytes, or fewer when the other end closes or the deadline passes.
inline std::string read_bytes(linx::FdRef fd, std::size_t count) {
    std::string text(count, '\0');
    std::size_t have = 0;
    while (have < count && readable_in_time(fd)) {
        const ssize_t got = ::read(fd.number(), text.data() + have, count - have);
        if (got <= 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
}

inline bool write_all(linx::FdRef fd, const std::string& text) {
    return ::write(fd.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

inline linx::Fd pidfd_of(pid_t pid) {
    return linx::Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

}  // namespace support
