#include "cli/signal_inbox.hpp"

#include "sys/message_socket.hpp"
#include "sys/signals.hpp"

#include <array>

namespace linx::cli {

namespace {

/// Not held back: what nobody can block, faults of linx itself, what limits and writes of linx itself
/// raise, and what means nothing to a workload that did not cause it.
constexpr std::array let_through{SIGKILL, SIGSTOP, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,   SIGSEGV,
                                 SIGSYS,  SIGXCPU, SIGXFSZ, SIGPIPE, SIGURG,  SIGTTIN, SIGSTKFLT};

constexpr std::array aborting{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr std::array kept_ignored{SIGHUP, SIGINT, SIGQUIT};

sigset_t only(int signum) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signum);
    return set;
}

/// An ignored signal that is blocked would be kept by the kernel, and be read here.
void leave_out(sigset_t& set, const std::vector<int>& signals) {
    for (const int signum : signals) {
        sigdelset(&set, signum);
    }
}

sigset_t everything_but(const std::vector<int>& ignored) {
    sigset_t set;
    sigfillset(&set);
    for (const int signum : let_through) {
        sigdelset(&set, signum);
    }
    leave_out(set, ignored);
    return set;
}

Result<std::vector<int>> find_ignored() {
    std::vector<int> ignored;
    for (const int signum : kept_ignored) {
        const auto answer = sys::is_ignored(signum);
        if (!answer) {
            return failed(Stage::signals, answer.error(), "sigaction");
        }
        if (*answer) {
            ignored.push_back(signum);
        }
    }
    return ignored;
}

}  // namespace

Result<SignalInbox> SignalInbox::open() {
    std::vector<int> ignored = LINX_TRY(find_ignored());
    // Somebody may have started us with SIGCHLD ignored: every exit status would be lost.
    if (const auto done = sys::default_signal(SIGCHLD); !done) {
        return failed(Stage::sigchld, done.error());
    }
    // TTOU is among these: whoever takes the terminal back from the background must not be stopped.
    if (const auto done = sys::block_signals(everything_but(ignored)); !done) {
        return failed(Stage::signals, done.error(), "sigprocmask");
    }
    SignalInbox inbox{Fd{}, std::move(ignored)};
    auto fd = sys::open_signalfd(inbox.signals(Listen::aborts));
    if (fd) {
        fd = sys::above_stdio(std::move(*fd));
    }
    if (!fd) {
        return failed(Stage::signals, fd.error(), "signalfd");
    }
    inbox.fd_ = std::move(*fd);
    return inbox;
}

sigset_t SignalInbox::signals(Listen what) const {
    sigset_t set;
    if (what == Listen::everything) {
        set = everything_but(ignored_);
        sigdelset(&set, SIGTTOU);
        return set;
    }
    sigemptyset(&set);
    for (const int signum : aborting) {
        sigaddset(&set, signum);
    }
    if (what == Listen::aborts_and_job) {
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGCONT);
    }
    leave_out(set, ignored_);
    return set;
}

Result<void> SignalInbox::listen(Listen what) {
    if (const auto done = sys::change_signalfd(fd_.ref(), signals(what)); !done) {
        return failed(Stage::signals, done.error(), "signalfd");
    }
    return {};
}

std::optional<Letter> SignalInbox::next() {
    const auto signal = sys::read_signalfd(fd_.ref());
    if (!signal) {
        return std::nullopt;
    }
    return Letter{.signum = static_cast<int>(signal->ssi_signo), .from_kernel = signal->ssi_code > 0};
}

void SignalInbox::signal_peers(int signum) const {
    // Ignored and not held back, it is thrown away for us the moment it is sent. Whatever fails here,
    // fails for peers that are gone.
    (void)sys::ignore_signal(signum);
    (void)sys::unblock_signals(only(signum));
    (void)sys::signal_group(0, signum);
    (void)sys::block_signals(only(signum));
    (void)sys::default_signal(signum);
}

void SignalInbox::die_of(int signum) const {
    (void)sys::default_signal(signum);
    (void)sys::unblock_signals(only(signum));
    (void)sys::signal_self(signum);
}

bool SignalInbox::stop(int signum, bool whole_group) const {
    // Sent while it is held back, it is one with another that waits already: linx stops once.
    (void)(whole_group ? sys::signal_group(0, signum) : sys::signal_self(signum));
    (void)sys::unblock_signals(only(signum));
    // Here linx stands still, until somebody continues it: that SIGCONT is held back, so it shows.
    (void)sys::block_signals(only(signum));
    return sys::take_pending_signal(only(SIGCONT)).has_value();
}

}  // namespace linx::cli
