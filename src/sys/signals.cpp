#include "sys/signals.hpp"

#include <algorithm>
#include <limits>

#include <unistd.h>

namespace linx::sys {

namespace {

Outcome<void> done(int answer) {
    if (answer < 0) {
        return std::unexpected(errno);
    }
    return {};
}

Outcome<void> set_handler(int signum, void (*handler)(int)) {
    struct sigaction action{};
    action.sa_handler = handler;
    return done(::sigaction(signum, &action, nullptr));
}

/// Answers with the errno itself, unlike its neighbours.
Outcome<void> change_mask(int how, const sigset_t& signals) {
    const int error = ::pthread_sigmask(how, &signals, nullptr);
    if (error != 0) {
        return std::unexpected(error);
    }
    return {};
}

}  // namespace

Outcome<void> block_signals(const sigset_t& signals) {
    return change_mask(SIG_BLOCK, signals);
}

Outcome<void> unblock_signals(const sigset_t& signals) {
    return change_mask(SIG_UNBLOCK, signals);
}

Outcome<int> take_pending_signal(const sigset_t& signals) {
    constexpr timespec at_once{};
    return checked(::sigtimedwait(&signals, nullptr, &at_once));
}

Outcome<bool> is_ignored(int signum) {
    struct sigaction action{};
    if (::sigaction(signum, nullptr, &action) < 0) {
        return std::unexpected(errno);
    }
    return action.sa_handler == SIG_IGN;
}

Outcome<void> ignore_signal(int signum) {
    return set_handler(signum, SIG_IGN);
}

Outcome<void> default_signal(int signum) {
    return set_handler(signum, SIG_DFL);
}

Outcome<Fd> open_signalfd(const sigset_t& signals) {
    Fd fd{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!fd.is_open()) {
        return std::unexpected(errno);
    }
    return fd;
}

Outcome<void> change_signalfd(FdRef fd, const sigset_t& signals) {
    return done(::signalfd(fd.number(), &signals, 0));
}

Outcome<signalfd_siginfo> read_signalfd(FdRef fd) {
    signalfd_siginfo signal{};
    const ssize_t got = ::read(fd.number(), &signal, sizeof signal);
    if (got < 0) {
        return std::unexpected(errno);
    }
    return signal;
}

Outcome<void> signal_group(pid_t group, int signum) {
    return done(::kill(-group, signum));
}

Outcome<void> signal_self(int signum) {
    return done(::kill(::getpid(), signum));
}

Outcome<int> wait_ready(std::span<pollfd> descriptors, std::optional<std::chrono::milliseconds> timeout) {
    constexpr std::chrono::milliseconds longest{std::numeric_limits<int>::max()};
    const int milliseconds = timeout ? static_cast<int>(std::clamp(*timeout, {}, longest).count()) : -1;
    return checked(::poll(descriptors.data(), descriptors.size(), milliseconds));
}

}  // namespace linx::sys
