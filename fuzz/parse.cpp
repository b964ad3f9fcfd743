/// Fuzzes the parsers of single words: what they accept is in range and means what it says.
#include "cli/parse.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <string>

namespace {

using namespace linx::cli;

/// An error is a reason that can be shown on a terminal.
template <class T>
void require_reason(const Parsed<T>& parsed) {
    if (!parsed) {
        LINX_REQUIRE(!parsed.error().empty());
        LINX_REQUIRE(
            std::ranges::none_of(parsed.error(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
    }
}

/// The lesson of `1x`, ` 1`, `-1` and overflow: what is accepted is the number, written in digits.
void require_strict(std::string_view text, const Parsed<std::uint64_t>& parsed) {
    if (!parsed) {
        return;
    }
    LINX_REQUIRE(!text.empty() &&
                 std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; }));
    std::uint64_t again = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), again);
    LINX_REQUIRE(error == std::errc{} && end == text.data() + text.size() && again == *parsed);
}

void numbers(std::string_view text) {
    const auto number = parse_number(text, 3, 70'000);
    require_strict(text, number);
    require_strict(text, parse_number(text, 0, UINT64_MAX));
    LINX_REQUIRE(!number || (*number >= 3 && *number <= 70'000));
    const auto negative = parse_signed(text, -20, 19);
    LINX_REQUIRE(!negative || (*negative >= -20 && *negative <= 19));
    require_reason(parse_signed(text, INT64_MIN, INT64_MAX));
    const auto pid = parse_pid(text);
    LINX_REQUIRE(!pid || *pid >= 1);
    const auto id = parse_id(text);
    LINX_REQUIRE(!id || *id != UINT32_MAX);
    const auto mode = parse_mode(text);
    LINX_REQUIRE(!mode || *mode <= 0777);
    require_reason(number), require_reason(negative), require_reason(pid), require_reason(id),
        require_reason(mode);
}

void times(std::string_view text) {
    const auto offset = parse_offset(text);
    LINX_REQUIRE(!offset || offset->nanoseconds < 1'000'000'000);
    const auto duration = parse_duration(text);
    LINX_REQUIRE(!duration || duration->count() >= 0);
    // What is a duration is an offset as well, and the duration is no shorter.
    LINX_REQUIRE(!duration || !offset || duration->count() / 1000 >= offset->seconds);
    require_reason(offset), require_reason(duration);
}

void signals(std::string_view text) {
    const auto signum = parse_signal(text);
    require_reason(signum);
    if (signum) {
        LINX_REQUIRE(*signum >= 1 && *signum <= 64);
        const auto again = parse_signal(signal_name(*signum));
        LINX_REQUIRE(again && *again == *signum);
    }
}

void parts_of_a_spec(std::string_view text) {
    require_reason(parse_groups(text)), require_reason(parse_id_map(text)), require_reason(parse_join(text));
    require_reason(parse_variable(text));
    if (const auto limit = parse_rlimit(text)) {
        LINX_REQUIRE(limit->soft <= limit->hard && limit->resource >= 0);
    } else {
        require_reason(limit);
    }
    if (const auto mount = parse_mount(text)) {
        LINX_REQUIRE(!mount->type.empty() && mount->target.starts_with('/'));
    } else {
        require_reason(mount);
    }
    if (const auto fd = parse_fd(text)) {
        LINX_REQUIRE(fd->number >= 0 && fd->source >= 0);
    } else {
        require_reason(fd);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    numbers(text);
    times(text);
    signals(text);
    parts_of_a_spec(text);
    LINX_REQUIRE(std::ranges::none_of(quoted(text), [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
    return 0;
}
