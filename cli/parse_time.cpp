/// Times: how long to wait, how far to shift a clock.
#include "cli/parse.hpp"
#include "cli/parse_words.hpp"

#include <array>

namespace linx::cli {

namespace {

constexpr std::int64_t second = 1'000'000'000;

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};

constexpr std::array<Unit, 6> units{{{"", second},
                                     {"ms", 1'000'000},
                                     {"s", second},
                                     {"m", 60 * second},
                                     {"h", 3600 * second},
                                     {"d", 86400 * second}}};

/// 273 years: all that is allowed here fits into 64 bits of nanoseconds, and the kernel takes less.
constexpr std::int64_t longest = std::int64_t{100'000} * 86400 * second;

/// `"1.5h"` taken apart. The fraction has at least one digit where there is a dot.
struct Decimal {
    std::string_view whole;
    std::string_view fraction;
    std::string_view unit;
};

std::optional<Decimal> take_apart(std::string_view text) {
    const std::size_t unit_at = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto [whole, fraction] = cut(text.substr(0, unit_at), '.');
    const bool sound = all_digits(whole) && (!fraction || all_digits(*fraction));
    if (!sound) {
        return std::nullopt;
    }
    return Decimal{.whole = whole, .fraction = fraction.value_or(""), .unit = text.substr(unit_at)};
}

const Unit* unit_named(std::string_view name) {
    for (const Unit& unit : units) {
        if (unit.name == name) {
            return &unit;
        }
    }
    return nullptr;
}

/// That part of the unit, in nanoseconds; what is finer is dropped.
std::int64_t part_of(std::string_view fraction, const Unit& unit) {
    std::int64_t billionths = 0;
    for (std::size_t place = 0; place < 9; ++place) {
        billionths = billionths * 10 + (place < fraction.size() ? fraction[place] - '0' : 0);
    }
    return unit.nanoseconds >= second ? billionths * (unit.nanoseconds / second)
                                      : billionths / (second / unit.nanoseconds);
}

/// A time without a sign, in nanoseconds.
Parsed<std::int64_t> parse_time(std::string_view text) {
    const auto decimal = take_apart(text);
    const Unit* const unit = decimal ? unit_named(decimal->unit) : nullptr;
    if (unit == nullptr) {
        return refused(text, "is not a time, such as 90s, 1.5s, 500ms, 10m, 3h, 1d");
    }
    const auto most = static_cast<std::uint64_t>(longest / unit->nanoseconds);
    const auto count = parse_number(decimal->whole, 0, most);
    if (!count) {
        return refused(text, "is too long a time");
    }
    return static_cast<std::int64_t>(*count) * unit->nanoseconds + part_of(decimal->fraction, *unit);
}

}  // namespace

Parsed<TimeOffset> parse_offset(std::string_view text) {
    const bool negative = text.starts_with('-');
    const auto time = parse_time(negative ? text.substr(1) : text);
    if (!time) {
        return std::unexpected(time.error());
    }
    const std::int64_t total = negative ? -*time : *time;
    // The kernel wants the nanoseconds positive: -0.5 s is -1 s and 500,000,000 ns.
    const std::int64_t rest = (total % second + second) % second;
    return TimeOffset{.seconds = (total - rest) / second, .nanoseconds = static_cast<std::uint32_t>(rest)};
}

Parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto time = parse_time(text);
    if (!time) {
        return std::unexpected(time.error());
    }
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds{*time});
}

}  // namespace linx::cli
