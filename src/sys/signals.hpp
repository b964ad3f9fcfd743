/// The kernel calls about signals: mask, dispositions, signalfd, sending; one function, one call.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <chrono>
#include <optional>
#include <span>

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/types.h>

namespace linx::sys {

/// Adds to the signals that the calling thread holds back (`pthread_sigmask(3)`).
[[nodiscard]] Outcome<void> block_signals(const sigset_t& signals);
[[nodiscard]] Outcome<void> unblock_signals(const sigset_t& signals);
/// Takes one of these signals out of those that were sent and are held back (`sigtimedwait(2)`); EAGAIN
/// when there is none.
[[nodiscard]] Outcome<int> take_pending_signal(const sigset_t& signals);

[[nodiscard]] Outcome<bool> is_ignored(int signum);
[[nodiscard]] Outcome<void> ignore_signal(int signum);
/// Its default action, without SA_NOCLDWAIT.
[[nodiscard]] Outcome<void> default_signal(int signum);

/// A descriptor from which blocked signals are read (`signalfd(2)`); reading never blocks.
[[nodiscard]] Outcome<Fd> open_signalfd(const sigset_t& signals);
/// Other signals for the same descriptor.
[[nodiscard]] Outcome<void> change_signalfd(FdRef fd, const sigset_t& signals);
/// The next signal; EAGAIN when there is none.
[[nodiscard]] Outcome<signalfd_siginfo> read_signalfd(FdRef fd);

/// To all members of a process group (`kill(2)`); our own is 0.
[[nodiscard]] Outcome<void> signal_group(pid_t group, int signum);
/// To the calling process.
[[nodiscard]] Outcome<void> signal_self(int signum);

/// Waits until one of the descriptors is ready (`poll(2)`); how many are, 0 after the timeout.
[[nodiscard]] Outcome<int> wait_ready(std::span<pollfd> descriptors,
                                      std::optional<std::chrono::milliseconds> timeout);

}  // namespace linx::sys
