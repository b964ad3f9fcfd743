/// Words of the command line turned into values: pure functions, no process state, no system call.
///
/// All of them are strict: nothing may stand before or after the value, a sign is allowed only where
/// it is said, and what does not fit is an error, never another number. The error is the reason alone
/// (`"1x" is not a number`); which option it belongs to is known to the caller.
#pragma once

#include <linx/spec.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace linx::cli {

/// A value, or the reason why the text is none.
template <class T>
using Parsed = std::expected<T, std::string>;

/// Decimal digits only, no sign; leading zeros are allowed.
[[nodiscard]] Parsed<std::uint64_t> parse_number(std::string_view text, std::uint64_t lowest,
                                                 std::uint64_t highest);
/// The same with a leading `-` allowed.
[[nodiscard]] Parsed<std::int64_t> parse_signed(std::string_view text, std::int64_t lowest,
                                                std::int64_t highest);
/// A pid: 1 to the kernel's PID_MAX_LIMIT.
[[nodiscard]] Parsed<pid_t> parse_pid(std::string_view text);
/// A uid or gid: 0 to 4294967294 (the last one means "no change" to the kernel).
[[nodiscard]] Parsed<std::uint32_t> parse_id(std::string_view text);
/// `"10,20"`; the empty text is the empty list.
[[nodiscard]] Parsed<std::vector<gid_t>> parse_groups(std::string_view text);
/// `"0:100000:65536"`, several with commas between them.
[[nodiscard]] Parsed<std::vector<IdRange>> parse_id_map(std::string_view text);
/// An octal mode, `"022"`, at most 0777.
[[nodiscard]] Parsed<mode_t> parse_mode(std::string_view text);

/// A time that may be negative: `"-3h"`, `"1.5s"`; units ms, s (also without a unit), m, h, d.
[[nodiscard]] Parsed<TimeOffset> parse_offset(std::string_view text);
/// How long to wait: as above, but not negative; rounded up to a millisecond.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `"TERM"`, `"SIGTERM"`, `"15"`, `"RTMIN+2"`.
[[nodiscard]] Parsed<int> parse_signal(std::string_view text);
/// `"TERM"` for 15; `"RTMIN+2"`; the number for one without a name.
[[nodiscard]] std::string signal_name(int signum);

/// `"net=/run/netns/blue"` or `"net=71"`.
[[nodiscard]] Parsed<Join> parse_join(std::string_view text);
/// `"nofile=1024:4096"`, `"core=unlimited"`, `"as=2G"`; one value sets both limits.
[[nodiscard]] Parsed<Rlimit> parse_rlimit(std::string_view text);
/// `"tmpfs:/tmp:size=1m,nosuid"`.
[[nodiscard]] Parsed<Mount> parse_mount(std::string_view text);
/// `"NAME=VALUE"`; no second part when there is no `=`.
[[nodiscard]] Parsed<std::pair<std::string, std::optional<std::string>>> parse_variable(
    std::string_view text);

/// A descriptor to hand over: `"7"` or `"7=3"` (number inside, then the caller's own).
struct FdNumbers {
    int number = -1;
    int source = -1;
    [[nodiscard]] bool operator==(const FdNumbers&) const noexcept = default;
};
[[nodiscard]] Parsed<FdNumbers> parse_fd(std::string_view text);

/// All names that parse_rlimit knows, for messages and completions.
[[nodiscard]] std::vector<std::string_view> rlimit_names();
/// All signal names, without the real-time ones, for completions.
[[nodiscard]] std::vector<std::string_view> signal_names();

/// The text in double quotes and escaped: it goes to a terminal.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace linx::cli
