/// The word that a mistyped one was probably meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace linx::cli {

/// The nearest of the known words, by letters to change, add, drop or swap; empty when none is near
/// enough to be worth naming.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// `" (did you mean --hostname?)"`, with that prefix before the nearest word, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> known,
                                       std::string_view prefix);

}  // namespace linx::cli
