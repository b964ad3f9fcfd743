/// The kernel calls about terminals and about the standard descriptors; one function, one call.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <string>

#include <sys/types.h>
#include <termios.h>

namespace linx::sys {

/// Opens the controlling terminal; ENXIO when the session has none.
[[nodiscard]] Outcome<Fd> open_controlling_terminal();
/// The process group in the foreground of a terminal (`tcgetpgrp(3)`).
[[nodiscard]] Outcome<pid_t> foreground_group(FdRef terminal);
/// Puts a process group of this session in the foreground. From the background this raises SIGTTOU,
/// unless that is blocked or ignored.
[[nodiscard]] Outcome<void> set_foreground_group(FdRef terminal, pid_t group);
[[nodiscard]] bool is_terminal(FdRef fd);
[[nodiscard]] Outcome<termios> terminal_settings(FdRef terminal);
/// Takes effect at once: output that is held back by ^S must not hold us, too.
[[nodiscard]] Outcome<void> set_terminal_settings(FdRef terminal, const termios& settings);

/// Is a descriptor of that number open?
[[nodiscard]] bool is_open(FdRef fd);
/// Closes every descriptor from this number on (`close_range(2)`, Linux 5.9).
[[nodiscard]] Outcome<void> close_all_from(int first);
/// Opens a file under the lowest free number, inherited across exec.
[[nodiscard]] Outcome<Fd> open_inherited(const char* path, int flags);
/// Writes what the kernel takes of a text.
[[nodiscard]] Outcome<std::size_t> write_some(FdRef fd, const char* text, std::size_t size);

}  // namespace linx::sys
