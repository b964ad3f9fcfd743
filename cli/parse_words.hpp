/// What the parsers share: refusing a text, taking it apart. Included by cli/parse*.cpp alone.
#pragma once

#include "cli/parse.hpp"

namespace linx::cli {

/// The error that a text is not what it should be.
[[nodiscard]] inline std::unexpected<std::string> refused(std::string_view text, std::string_view why) {
    return std::unexpected(quoted(text) + " " + std::string(why));
}

/// At least one character, and only digits.
[[nodiscard]] constexpr bool all_digits(std::string_view text) noexcept {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The parts between separators; always at least one.
[[nodiscard]] inline std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(at + 1);
    }
}

/// A text in two at its first separator; no second part when there is none.
[[nodiscard]] constexpr std::pair<std::string_view, std::optional<std::string_view>> cut(
    std::string_view text, char separator) noexcept {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) {
        return {text, std::nullopt};
    }
    return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace linx::cli
