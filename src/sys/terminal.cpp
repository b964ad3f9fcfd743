#include "sys/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace linx::sys {

namespace {

Outcome<void> done(int answer) {
    if (answer < 0) {
        return std::unexpected(errno);
    }
    return {};
}

}  // namespace

Outcome<Fd> open_controlling_terminal() {
    Fd terminal{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
    if (!terminal.is_open()) {
        return std::unexpected(errno);
    }
    return terminal;
}

Outcome<pid_t> foreground_group(FdRef terminal) {
    return checked(::tcgetpgrp(terminal.number()));
}

Outcome<void> set_foreground_group(FdRef terminal, pid_t group) {
    return done(::tcsetpgrp(terminal.number(), group));
}

bool is_terminal(FdRef fd) {
    return ::isatty(fd.number()) == 1;
}

Outcome<termios> terminal_settings(FdRef terminal) {
    termios settings{};
    if (::tcgetattr(terminal.number(), &settings) < 0) {
        return std::unexpected(errno);
    }
    return settings;
}

Outcome<void> set_terminal_settings(FdRef terminal, const termios& settings) {
    return done(::tcsetattr(terminal.number(), TCSANOW, &settings));
}

Outcome<void> close_all_from(int first) {
    if (::close_range(static_cast<unsigned>(first), ~0U, 0) < 0) {
        return std::unexpected(errno);
    }
    return {};
}

bool is_open(FdRef fd) {
    return ::fcntl(fd.number(), F_GETFD) >= 0;
}

Outcome<Fd> open_inherited(const char* path, int flags) {
    Fd file{::open(path, flags)};
    if (!file.is_open()) {
        return std::unexpected(errno);
    }
    return file;
}

Outcome<std::size_t> write_some(FdRef fd, const char* text, std::size_t size) {
    const ssize_t written = ::write(fd.number(), text, size);
    if (written < 0) {
        return std::unexpected(errno);
    }
    return static_cast<std::size_t>(written);
}

}  // namespace linx::sys
