/// nlohmann's JSON without its stream operators; the only place that includes it.
#pragma once

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace linx::cli {

/// Keys stay in the order in which they were written.
using Json = nlohmann::ordered_json;

/// JSON lets DEL and the control characters above ASCII stand in a string as they are; a terminal obeys them.
[[nodiscard]] inline std::string without_controls(std::string_view json) {
    constexpr std::string_view hexadecimal = "0123456789abcdef";
    std::string text;
    for (std::size_t at = 0; at < json.size(); ++at) {
        const auto byte = static_cast<unsigned char>(json[at]);
        const auto next = static_cast<unsigned char>(at + 1 < json.size() ? json[at + 1] : 0);
        const bool pair = byte == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080 to U+009F
        if (!pair && byte != 0x7f) {
            text += json[at];
            continue;
        }
        const unsigned character = pair ? next : byte;
        text += "\\u00";
        text += hexadecimal[character >> 4U];
        text += hexadecimal[character & 0xfU];
        at += pair ? 1 : 0;
    }
    return text;
}

/// The document with a newline at its end; bytes that are no UTF-8 are replaced, never an exception.
[[nodiscard]] inline std::string written(const Json& json) {
    constexpr int indent = 2;
    return without_controls(json.dump(indent, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace linx::cli
