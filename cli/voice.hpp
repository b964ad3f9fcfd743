/// The one place where linx speaks: results to stdout, complaints to stderr, and their exit codes.
#pragma once

#include <linx/error.hpp>

#include <string_view>

namespace linx::cli {

/// Exit codes of linx's own, as `env(1)` and `timeout(1)` have them.
inline constexpr int exit_timed_out = 124;
inline constexpr int exit_failed = 125;
inline constexpr int exit_not_executable = 126;
inline constexpr int exit_not_found = 127;
/// Added to the number of a signal.
inline constexpr int exit_by_signal = 128;

/// Writes all of a text to stdout; the exit code: 0, or exit_failed after a complaint.
[[nodiscard]] int say(std::string_view text);

/// `linx: TEXT` on stderr.
void complain(std::string_view text);
/// The same for the library's error, with its hint on a second line.
void complain(const Error& error);
/// The same for a wrong command line, with a pointer to the help; answers exit_failed.
[[nodiscard]] int complain_about_usage(std::string_view command, std::string_view text);

}  // namespace linx::cli
