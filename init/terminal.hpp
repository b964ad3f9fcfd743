/// Job control: whose the terminal's foreground is, and stopping with the command.
#pragma once

#include "init/options.hpp"

namespace linx::init {

/// A terminal stopped the command's group: our own group stops with it, so that the shell above sees it.
/// Where no shell can (process 1, an orphaned group) the kernel does not stop us, and SIGCONT is not
/// pending afterwards: ^Z then has no effect, but a reader in the background stays stopped.
void stop_with(const Options& options, long pid, int signum) noexcept;

/// The shell gave us the foreground: it belongs to the command.
void hand_foreground_on(const Options& options, long pid) noexcept;

/// A script above us reads on from the terminal after the command's end.
void take_foreground_back(long pid) noexcept;

/// Whether the terminal has sent this signal to the command too, which shares our group.
[[nodiscard]] bool came_to_both(const Options& options, long pid, int signum, int code) noexcept;

}  // namespace linx::init
