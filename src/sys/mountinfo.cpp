#include "sys/mountinfo.hpp"

#include "sys/small_file.hpp"

#include <algorithm>

namespace linx::sys {

namespace {

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

/// The kernel writes a blank, a tab, a newline and a backslash as three octal digits.
std::string decoded(std::string_view word) {
    std::string text;
    for (std::size_t i = 0; i < word.size(); ++i) {
        const std::string_view code = word.substr(i, 4);
        if (code.size() == 4 && code[0] == '\\' && std::ranges::all_of(code.substr(1), is_octal)) {
            text.push_back(static_cast<char>((code[1] - '0') * 64 + (code[2] - '0') * 8 + (code[3] - '0')));
            i += 3;
        } else {
            text.push_back(word[i]);
        }
    }
    return text;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

}  // namespace

std::vector<MountLine> parse_mountinfo(std::string_view text) {
    constexpr std::size_t root_word = 3;
    constexpr std::size_t mount_point_word = 4;
    std::vector<MountLine> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const auto words = words_of(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        // Optional fields end with a lone hyphen; the type follows it.
        const auto hyphen = std::ranges::find(words, "-");
        if (words.size() > mount_point_word && hyphen != words.end() && hyphen + 1 != words.end()) {
            lines.push_back(
                {decoded(words[root_word]), decoded(words[mount_point_word]), decoded(hyphen[1])});
        }
    }
    return lines;
}

Outcome<std::vector<MountLine>> mounts() {
    const auto text = read_small_file("/proc/thread-self/mountinfo");
    if (!text) {
        return std::unexpected(text.error());
    }
    return parse_mountinfo(*text);
}

}  // namespace linx::sys
