#include "vocabulary/escaped.hpp"

#include <algorithm>
#include <cstddef>

namespace linx {

namespace {

using Byte = unsigned char;

/// How many bytes a character has that begins with this one, which is not ASCII; 0 when none does.
std::size_t length_by(Byte lead) {
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/// Some leads narrow the second byte: no longer form of a shorter character (E0, F0), no surrogate (ED),
/// nothing beyond U+10FFFF (F4), and, which is our own rule, no control character (C2).
bool goes_together(Byte lead, Byte second) {
    const Byte lowest = lead == 0xc2 || lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const Byte highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return second >= lowest && second <= highest;
}

/// The length of the printable character at the beginning; 0 when there is none.
std::size_t printable_length(std::string_view text) {
    const auto lead = static_cast<Byte>(text.front());
    if (lead < 0x80) {
        return lead < ' ' || lead == 0x7f ? 0 : 1;
    }
    const std::size_t length = length_by(lead);
    if (length == 0 || length > text.size() || !goes_together(lead, static_cast<Byte>(text[1]))) {
        return 0;
    }
    const auto continues = [](char c) { return (static_cast<Byte>(c) & 0xc0U) == 0x80U; };
    return std::ranges::all_of(text.substr(2, length - 2), continues) ? length : 0;
}

}  // namespace

std::string escaped(std::string_view text) {
    constexpr std::string_view hexadecimal = "0123456789abcdef";
    std::string result;
    while (!text.empty()) {
        const std::size_t length = printable_length(text);
        if (length == 0) {
            const auto byte = static_cast<Byte>(text.front());
            result += "\\x";
            result += hexadecimal[byte >> 4U];
            result += hexadecimal[byte & 0xfU];
        }
        result += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

}  // namespace linx
