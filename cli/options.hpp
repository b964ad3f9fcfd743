/// The options of linx: the one table that parsing, help and completions are made from.
#pragma once

#include "cli/commands.hpp"
#include "cli/request.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace linx::cli {

/// The headings of the help.
enum class Group : std::uint8_t { namespaces, identity, program, files, lifecycle, other };
[[nodiscard]] std::string_view heading(Group group) noexcept;

/// What a value is, for the shells' completions.
enum class ValueKind : std::uint8_t { none, text, file, directory, command, signal, pid, join, rlimit };

/// A set of commands, one bit each.
class Commands {
public:
    template <class... Each>
    constexpr explicit Commands(Each... each) noexcept : bits_((0U | ... | bit(each))) {}
    [[nodiscard]] constexpr bool contains(Command command) const noexcept {
        return (bits_ & bit(command)) != 0;
    }

private:
    static constexpr unsigned bit(Command command) noexcept { return 1U << static_cast<unsigned>(command); }
    unsigned bits_;
};

/// One option. Neighbours with the same help text share a line of the help.
struct Option {
    /// Without the dashes.
    std::string_view name;
    /// What the help calls its value; empty for a flag.
    std::string_view value;
    std::string_view help;
    Group group{};
    Commands commands;
    ValueKind kind{};
    /// Puts a value (empty for a flag) into the request; the error is the reason alone. Called once
    /// for each time that the option is given.
    Parsed<void> (*set)(Request&, std::string_view value) = nullptr;
};

/// All options, in the order of the help.
[[nodiscard]] std::span<const Option> options() noexcept;
/// nullptr when the command has no such option.
[[nodiscard]] const Option* find_option(Command command, std::string_view name) noexcept;

}  // namespace linx::cli
