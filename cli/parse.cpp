/// Numbers, ids, maps and modes of the command line.
#include "cli/parse.hpp"
#include "cli/parse_words.hpp"
#include "vocabulary/escaped.hpp"

#include <charconv>
#include <limits>

namespace linx::cli {

namespace {

std::string range_words(std::string_view lowest, std::string_view highest) {
    return "is not a number from " + std::string(lowest) + " to " + std::string(highest);
}

}  // namespace

std::string quoted(std::string_view text) {
    return '"' + escaped(text) + '"';
}

Parsed<std::uint64_t> parse_number(std::string_view text, std::uint64_t lowest, std::uint64_t highest) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const bool fits = all_digits(text) && std::from_chars(text.data(), end, value).ec == std::errc{};
    if (!fits || value < lowest || value > highest) {
        return refused(text, range_words(std::to_string(lowest), std::to_string(highest)));
    }
    return value;
}

Parsed<std::int64_t> parse_signed(std::string_view text, std::int64_t lowest, std::int64_t highest) {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const bool digits = all_digits(text.starts_with('-') ? text.substr(1) : text);
    const bool fits = digits && std::from_chars(text.data(), end, value).ec == std::errc{};
    if (!fits || value < lowest || value > highest) {
        return refused(text, range_words(std::to_string(lowest), std::to_string(highest)));
    }
    return value;
}

Parsed<pid_t> parse_pid(std::string_view text) {
    constexpr std::uint64_t pid_max_limit = 4'194'304;
    const auto value = parse_number(text, 1, pid_max_limit);
    if (!value) {
        return refused(text, "is not a pid (1 to 4194304)");
    }
    return static_cast<pid_t>(*value);
}

Parsed<std::uint32_t> parse_id(std::string_view text) {
    const auto value = parse_number(text, 0, std::numeric_limits<std::uint32_t>::max() - 1);
    if (!value) {
        return refused(text, "is not an id (0 to 4294967294)");
    }
    return static_cast<std::uint32_t>(*value);
}

Parsed<std::vector<gid_t>> parse_groups(std::string_view text) {
    std::vector<gid_t> groups;
    if (text.empty()) {
        return groups;
    }
    for (const std::string_view part : split(text, ',')) {
        const auto id = parse_id(part);
        if (!id) {
            return std::unexpected(id.error());
        }
        groups.push_back(*id);
    }
    return groups;
}

Parsed<std::vector<IdRange>> parse_id_map(std::string_view text) {
    std::vector<IdRange> ranges;
    for (const std::string_view line : split(text, ',')) {
        const auto parts = split(line, ':');
        if (parts.size() != 3) {
            return refused(line, "is not INSIDE:OUTSIDE:COUNT");
        }
        const auto inside = parse_id(parts[0]);
        const auto outside = parse_id(parts[1]);
        const auto count = parse_number(parts[2], 1, std::numeric_limits<std::uint32_t>::max());
        if (!inside || !outside || !count) {
            return std::unexpected(!inside ? inside.error() : !outside ? outside.error() : count.error());
        }
        ranges.push_back(
            {.inside = *inside, .outside = *outside, .count = static_cast<std::uint32_t>(*count)});
    }
    return ranges;
}

Parsed<mode_t> parse_mode(std::string_view text) {
    unsigned value = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value, 8);
    if (!all_digits(text) || parsed.ec != std::errc{} || parsed.ptr != end || value > 0777) {
        return refused(text, "is not an octal mode (0 to 0777)");
    }
    return static_cast<mode_t>(value);
}

}  // namespace linx::cli
