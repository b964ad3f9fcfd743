/// The commands of linx: one table of names, usage lines, summaries and examples.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace linx::cli {

enum class Command : std::uint8_t { run, enter, plan, init, inspect, doctor, completions, help };

/// What a person reads about a command.
struct CommandInfo {
    Command command{};
    std::string_view name;
    /// What follows `linx NAME` in the usage line.
    std::string_view usage;
    /// One line for the list of commands.
    std::string_view summary;
    /// A paragraph below the usage line; may be empty.
    std::string_view about;
    std::string_view examples;
};

extern const std::array<CommandInfo, 8> commands;

[[nodiscard]] const CommandInfo& info(Command command) noexcept;
/// nullptr when there is no such command.
[[nodiscard]] const CommandInfo* command_named(std::string_view name) noexcept;

}  // namespace linx::cli
