/// How linx-init is to behave, as plain data: every command line is parsed into this.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace linx::init {

enum class Lead : std::uint8_t { nothing, group, session };
enum class Restart : std::uint8_t { never, on_failure, always };

/// No user or group was asked for.
inline constexpr std::uint32_t no_id = ~std::uint32_t{0};

struct Options {
    /// The command; where it is empty (`--pause`), there is none. One word precedes its first.
    char** command = nullptr;
    Lead lead = Lead::group;
    bool to_group = true;
    bool subreaper = true;
    bool pause = false;
    bool exits_as_signal = false;
    /// After the command's end its group gets TERM.
    bool terminates_group = false;
    /// What a failed execution exits with: not there, not executable, anything else.
    std::array<std::uint8_t, 3> exec_codes{127, 126, 126};
    int parent_death = 0;
    int report_fd = -1;
    /// JSON lines go here.
    int status_fd = -1;
    /// The command's program, when a launcher has opened it; and what it is called instead of its path.
    int exec_fd = -1;
    char* arg0 = nullptr;
    bool verbose = false;
    /// Before each message.
    std::string_view prefix = "linx-init: ";
    /// Not process 1 and no subreaper, a warning is due.
    bool warns_of_orphans = false;
    /// TSTP, TTIN and TTOU stop the group, and then the init.
    bool stops_itself = false;
    bool has_grace = false;
    bool waits_for_all = false;
    Restart restart = Restart::never;
    std::uint32_t user = no_id;
    std::uint32_t group = no_id;
    bool has_groups = false;
    std::size_t group_count = 0;
    std::array<std::uint32_t, 32> groups{};
    const char* directory = nullptr;
    std::size_t variable_count = 0;
    std::array<char*, 64> variables{};
    std::uint64_t grace_ms = 0;
    /// How long a signal is held back; 0 for not at all.
    std::array<std::uint32_t, 65> delay_ms{};
    std::uint64_t child_mask = 0;
    /// What a signal becomes; 0 drops it.
    std::array<std::uint8_t, 65> rewrite{};
    std::array<std::uint8_t, 256> exit_codes{};
};

/// Either options to run with, or what to say and an exit code.
struct Verdict {
    bool runs = false;
    int code = 0;
    int fd = 2;
    std::string_view text{};
    std::string_view about{};
};

/// Out of line, since a freestanding program's size is its memory.
[[nodiscard]] Verdict answer(int fd, std::string_view text) noexcept;
[[nodiscard]] Verdict refuse(int code, std::string_view text, std::string_view about) noexcept;

/// Everything as it is when nothing is asked for.
void set_defaults(Options& options, std::uint64_t born_with) noexcept;

[[nodiscard]] Verdict parse_native(int argc, char** argv, Options& options) noexcept;

/// By the name that the program is called by.
[[nodiscard]] Verdict parse(int argc, char** argv, char** envp, Options& options) noexcept;

/// -1 when it is no number of that base, or one above `most`.
[[nodiscard]] long number(std::string_view text, long most) noexcept;
/// `TERM`, `SIGTERM`, `15`, `RTMIN+3`; -1 when it is no signal.
[[nodiscard]] int signal_number(std::string_view text) noexcept;
/// `10s`, `500ms`, `2m`, `1h`, `5` (seconds), in milliseconds; -1 when it is none, or above a day.
[[nodiscard]] long duration(std::string_view text) noexcept;
[[nodiscard]] const char* variable(char** envp, std::string_view name) noexcept;

}  // namespace linx::init
