/// For tests: terms of Erlang's external format, built and read by hand, without ei and without this room's
/// own code, so that a fault of either is seen.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace linx::etf::by_hand {

/// The bytes of a term, without the version.
using Bytes = std::string;

inline Bytes big_endian(std::uint64_t value, int bytes) {
    Bytes text;
    for (int i = bytes - 1; i >= 0; --i) {
        text += static_cast<char>(value >> 8 * i & 0xff);
    }
    return text;
}
inline Bytes tagged(int tag, const Bytes& rest) {
    return static_cast<char>(tag) + rest;
}

/// SMALL_BIG_EXT, whatever the value's size.
inline Bytes big(std::uint64_t magnitude, bool is_negative, int bytes = 8) {
    Bytes text = tagged(110, {static_cast<char>(bytes), static_cast<char>(is_negative ? 1 : 0)});
    for (int i = 0; i < bytes; ++i) {
        text += i < 8 ? static_cast<char>(magnitude >> 8 * i & 0xff) : '\0';
    }
    return text;
}
/// As the BEAM writes it.
inline Bytes integer(std::int64_t value) {
    if (value >= 0 && value <= 255) {
        return tagged(97, big_endian(static_cast<std::uint64_t>(value), 1));
    }
    if (value >= INT32_MIN && value <= INT32_MAX) {
        return tagged(98, big_endian(static_cast<std::uint64_t>(value), 4));
    }
    const auto bits = static_cast<std::uint64_t>(value);
    return big(value < 0 ? ~bits + 1 : bits, value < 0);
}
inline Bytes atom(std::string_view name) {
    return tagged(119, big_endian(name.size(), 1) + Bytes(name));
}
inline Bytes binary(std::string_view bytes) {
    return tagged(109, big_endian(bytes.size(), 4) + Bytes(bytes));
}
/// STRING_EXT: a list of small integers, a charlist among them.
inline Bytes charlist(std::string_view bytes) {
    return bytes.empty() ? tagged(106, {}) : tagged(107, big_endian(bytes.size(), 2) + Bytes(bytes));
}
inline Bytes tuple(const std::vector<Bytes>& elements) {
    Bytes text = tagged(104, big_endian(elements.size(), 1));
    for (const Bytes& element : elements) {
        text += element;
    }
    return text;
}
inline Bytes nil() {
    return tagged(106, {});
}
inline Bytes list(const std::vector<Bytes>& elements) {
    if (elements.empty()) {
        return nil();
    }
    Bytes text = tagged(108, big_endian(elements.size(), 4));
    for (const Bytes& element : elements) {
        text += element;
    }
    return text + nil();
}
using Pairs = std::vector<std::pair<std::string, Bytes>>;
/// With atoms as keys.
inline Bytes map(const Pairs& pairs) {
    Bytes text = tagged(116, big_endian(pairs.size(), 4));
    for (const auto& [key, value] : pairs) {
        text += atom(key) + value;
    }
    return text;
}

/// What travels in a frame.
inline Bytes with_version(const Bytes& term) {
    return tagged(131, term);
}
/// The frame itself, its length in front.
inline Bytes framed(const Bytes& payload) {
    return big_endian(payload.size(), 4) + payload;
}
inline std::span<const unsigned char> bytes_of(const Bytes& text) {
    return {static_cast<const unsigned char*>(static_cast<const void*>(text.data())), text.size()};
}

/// A term that was read.
struct Term {
    enum class Kind : std::uint8_t { none, integer, atom, binary, tuple, list, map };
    Kind kind = Kind::none;
    std::int64_t number = 0;
    std::string text{};
    std::vector<Term> elements{};  ///< of a map: key, value, key, value

    /// The n-th element; a term of no kind when there is none.
    [[nodiscard]] const Term& operator[](std::size_t index) const {
        static const Term none;
        return index < elements.size() ? elements[index] : none;
    }
    /// The value of a key in a map.
    [[nodiscard]] const Term& at(std::string_view key) const {
        for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
            if (elements[i].text == key) {
                return elements[i + 1];
            }
        }
        return (*this)[elements.size()];
    }
    /// As Erlang writes it, binaries in quotes: `{1,{ready,71,1}}`.
    [[nodiscard]] std::string shown() const {
        switch (kind) {
            case Kind::none:
                return "(none)";
            case Kind::integer:
                return std::to_string(number);
            case Kind::atom:
                return text;
            case Kind::binary:
                return '"' + text + '"';
            case Kind::tuple:
                return "{" + joined(",", ",") + "}";
            case Kind::list:
                return "[" + joined(",", ",") + "]";
            case Kind::map:
                return "#{" + joined("=>", ",") + "}";
        }
        return "?";
    }

private:
    [[nodiscard]] std::string joined(std::string_view odd, std::string_view even) const {
        std::string all;
        for (std::size_t i = 0; i < elements.size(); ++i) {
            all += i == 0 ? std::string_view{} : i % 2 == 1 ? odd : even;
            all += elements[i].shown();
        }
        return all;
    }
};

/// Reads what the agent writes; nothing when it is no whole term.
class Reading {
public:
    explicit Reading(std::string_view bytes) : rest_(bytes) {}

    /// The one term of a frame with the version in front.
    static std::optional<Term> whole(std::string_view payload) {
        if (payload.empty() || static_cast<unsigned char>(payload[0]) != 131) {
            return std::nullopt;
        }
        Reading reading(payload.substr(1));
        auto term = reading.next();
        return reading.rest_.empty() ? term : std::nullopt;
    }

    std::optional<Term> next() {
        const auto tag = number(1);
        switch (tag.value_or(0)) {
            case 97:
                return integer(number(1));
            case 98: {
                const auto bits = number(4);
                return integer(bits ? std::optional<std::int64_t>(static_cast<std::int32_t>(*bits))
                                    : std::nullopt);
            }
            case 110:
                return big();
            case 100:
            case 118:
                return text(Term::Kind::atom, number(2));
            case 115:
            case 119:
                return text(Term::Kind::atom, number(1));
            case 109:
                return text(Term::Kind::binary, number(4));
            case 107:
                return charlist(number(2));
            case 106:
                return Term{.kind = Term::Kind::list};
            case 104:
                return elements(Term::Kind::tuple, number(1), 1);
            case 105:
                return elements(Term::Kind::tuple, number(4), 1);
            case 108: {
                auto term = elements(Term::Kind::list, number(4), 1);
                return number(1) == 106 ? term : std::nullopt;
            }
            case 116:
                return elements(Term::Kind::map, number(4), 2);
            default:
                return std::nullopt;
        }
    }

private:
    std::optional<std::int64_t> number(int bytes) {
        if (rest_.size() < static_cast<std::size_t>(bytes)) {
            return std::nullopt;
        }
        std::int64_t value = 0;
        for (int i = 0; i < bytes; ++i) {
            value = value << 8 | static_cast<unsigned char>(rest_[static_cast<std::size_t>(i)]);
        }
        rest_.remove_prefix(static_cast<std::size_t>(bytes));
        return value;
    }
    std::optional<std::string_view> taken(std::optional<std::int64_t> length) {
        if (!length || static_cast<std::size_t>(*length) > rest_.size()) {
            return std::nullopt;
        }
        const std::string_view bytes = rest_.substr(0, static_cast<std::size_t>(*length));
        rest_.remove_prefix(bytes.size());
        return bytes;
    }
    static std::optional<Term> integer(std::optional<std::int64_t> value) {
        return value ? std::optional(Term{.kind = Term::Kind::integer, .number = *value}) : std::nullopt;
    }
    std::optional<Term> big() {
        const auto length = number(1);
        const auto sign = number(1);
        const auto bytes = taken(length);
        if (!sign || !bytes || bytes->size() > 8) {
            return std::nullopt;
        }
        std::uint64_t magnitude = 0;
        for (std::size_t i = bytes->size(); i > 0; --i) {
            magnitude = magnitude << 8 | static_cast<unsigned char>((*bytes)[i - 1]);
        }
        return integer(static_cast<std::int64_t>(*sign == 1 ? ~magnitude + 1 : magnitude));
    }
    std::optional<Term> text(Term::Kind kind, std::optional<std::int64_t> length) {
        const auto bytes = taken(length);
        return bytes ? std::optional(Term{.kind = kind, .text = std::string(*bytes)}) : std::nullopt;
    }
    std::optional<Term> charlist(std::optional<std::int64_t> length) {
        const auto bytes = taken(length);
        if (!bytes) {
            return std::nullopt;
        }
        Term term{.kind = Term::Kind::list};
        for (const char byte : *bytes) {
            term.elements.push_back(
                {.kind = Term::Kind::integer, .number = static_cast<unsigned char>(byte)});
        }
        return term;
    }
    std::optional<Term> elements(Term::Kind kind, std::optional<std::int64_t> count, std::int64_t each) {
        Term term{.kind = kind};
        for (std::int64_t i = 0; count && i < *count * each; ++i) {
            auto element = next();
            if (!element) {
                return std::nullopt;
            }
            term.elements.push_back(std::move(*element));
        }
        return count ? std::optional(std::move(term)) : std::nullopt;
    }

    std::string_view rest_;
};

}  // namespace linx::etf::by_hand
