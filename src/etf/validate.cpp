#include "etf/validate.hpp"

#include "etf/tags.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <string_view>

namespace linx::etf {

namespace {

using Bytes = std::span<const unsigned char>;

constexpr std::size_t most_atom_characters = 255;

std::unexpected<Refusal> refused(std::string reason, std::size_t offset) {
    return std::unexpected(Refusal{std::move(reason), offset});
}

/// How many bytes the UTF-8 character at the front takes; 0 when there is none.
std::size_t character_length(Bytes text) {
    const unsigned char first = text[0];
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (first == 0xe0 && text[1] < 0xa0) || (first == 0xf0 && text[1] < 0x90);
    const bool beyond = (first == 0xed && text[1] > 0x9f) || (first == 0xf4 && text[1] > 0x8f);
    return overlong || beyond ? 0 : length;
}

/// The number of characters, if this is UTF-8.
std::optional<std::size_t> count_characters(Bytes text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) {
        const std::size_t length = character_length(text);
        if (length == 0) {
            return std::nullopt;
        }
        text = text.subspan(length);
    }
    return count;
}

/// Walks a frame from front to back. What is open is a stack of counters, one per level.
class Walk {
public:
    explicit Walk(Bytes frame) : frame_(frame) {}

    std::expected<void, Refusal> whole() {
        if (frame_.empty()) {
            return refused("an empty frame", 0);
        }
        if (frame_[0] != tag::version) {
            return refused(
                "the first byte is " + std::to_string(frame_[0]) + ", not the format's version 131", 0);
        }
        at_ = 1;
        open_[0] = {.left = 1, .is_list = false};
        depth_ = 1;
        while (depth_ > 0) {
            if (auto done = next(); !done) {
                return done;
            }
        }
        if (at_ != frame_.size()) {
            return refused(std::to_string(frame_.size() - at_) + " bytes follow the term", at_);
        }
        return {};
    }

private:
    /// A term with elements still to come; a list also wants its tail, which must be empty.
    struct Level {
        std::uint64_t left = 0;
        bool is_list = false;
    };

    std::expected<void, Refusal> next() {
        Level& level = open_[depth_ - 1];
        if (level.left > 0) {
            --level.left;
            return term();
        }
        if (level.is_list) {
            if (at_ >= frame_.size()) {
                return refused("the frame ends before its list does", at_);
            }
            if (frame_[at_] != tag::nil) {
                return refused("an improper list", at_);
            }
            ++at_;
        }
        --depth_;
        return {};
    }

    /// One term, or the beginning of one that has elements.
    std::expected<void, Refusal> term() {
        start_ = at_;
        if (at_ >= frame_.size()) {
            return refused("the frame ends in the middle of a term", at_);
        }
        switch (const unsigned char kind = frame_[at_++]) {
            case tag::small_integer:
                return skip(1, "an integer");
            case tag::integer:
                return skip(4, "an integer");
            case tag::new_float:
                return real();
            case tag::nil:
                return {};
            case tag::small_big:
                return big();
            case tag::binary:
                return sized(4, "a binary");
            case tag::string:
                return sized(2, "a list of small integers");
            case tag::small_atom:
            case tag::small_atom_utf8:
                return atom(1, kind == tag::small_atom_utf8);
            case tag::atom:
            case tag::atom_utf8:
                return atom(2, kind == tag::atom_utf8);
            case tag::small_tuple:
                return elements(1, 1, false, "a tuple");
            case tag::large_tuple:
                return elements(4, 1, false, "a tuple");
            case tag::list:
                return elements(4, 1, true, "a list");
            case tag::map:
                return elements(4, 2, false, "a map");
            case tag::compressed:
                return refused("a compressed term", start_);
            default:
                return refused("a term of a kind that is not taken (tag " + std::to_string(kind) + ")",
                               start_);
        }
    }

    /// Big-endian, as every length is.
    std::expected<std::uint64_t, Refusal> number(std::size_t bytes) {
        if (frame_.size() - at_ < bytes) {
            return refused("the frame ends in the middle of a length", at_);
        }
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            value = value << 8 | frame_[at_++];
        }
        return value;
    }

    std::expected<void, Refusal> skip(std::uint64_t bytes, std::string_view what) {
        if (bytes > frame_.size() - at_) {
            return refused(
                std::string(what) + " of " + std::to_string(bytes) + " bytes does not fit into the frame",
                start_);
        }
        at_ += bytes;
        return {};
    }

    std::expected<void, Refusal> sized(std::size_t length_bytes, std::string_view what) {
        const auto length = number(length_bytes);
        return length ? skip(*length, what) : std::unexpected(length.error());
    }

    /// Of one without digits ei reads the first all the same.
    std::expected<void, Refusal> big() {
        const auto length = number(1);
        if (!length) {
            return std::unexpected(length.error());
        }
        if (*length == 0) {
            return refused("an integer without digits", start_);
        }
        if (const auto sign = number(1); sign && *sign > 1) {
            return refused("an integer with the sign " + std::to_string(*sign), start_);
        }
        return skip(*length, "an integer");
    }

    /// ei decodes what the BEAM would never send: a float that is not a number.
    std::expected<void, Refusal> real() {
        const auto bits = number(8);
        if (!bits) {
            return std::unexpected(bits.error());
        }
        return std::isfinite(std::bit_cast<double>(*bits)) ? std::expected<void, Refusal>{}
                                                           : refused("a float that is not finite", start_);
    }

    std::expected<void, Refusal> atom(std::size_t length_bytes, bool is_utf8) {
        const auto length = number(length_bytes);
        if (!length) {
            return std::unexpected(length.error());
        }
        const std::size_t begin = at_;
        if (auto skipped = skip(*length, "an atom"); !skipped) {
            return skipped;
        }
        const auto characters =
            is_utf8 ? count_characters(frame_.subspan(begin, *length)) : std::optional<std::size_t>{*length};
        if (!characters) {
            return refused("an atom that is not UTF-8", start_);
        }
        if (*characters > most_atom_characters) {
            return refused("an atom of " + std::to_string(*characters) + " characters (255 at most)", start_);
        }
        return {};
    }

    /// Each element takes a byte at least: a count that the frame cannot hold is refused at once.
    std::expected<void, Refusal> elements(std::size_t count_bytes, std::uint64_t each, bool is_list,
                                          std::string_view what) {
        const auto count = number(count_bytes);
        if (!count) {
            return std::unexpected(count.error());
        }
        if (*count * each > frame_.size() - at_) {
            return refused(
                std::string(what) + " of " + std::to_string(*count) + " elements does not fit into the frame",
                start_);
        }
        if (is_list && *count == 0) {
            return refused("an empty list that is not written as one", start_);
        }
        if (depth_ > deepest) {
            return refused("terms nested deeper than " + std::to_string(deepest), start_);
        }
        open_[depth_++] = {.left = *count * each, .is_list = is_list};
        return {};
    }

    Bytes frame_;
    std::size_t at_ = 0;
    std::size_t start_ = 0;  ///< of the term at hand
    std::array<Level, deepest + 1> open_{};
    std::size_t depth_ = 0;
};

/// An integer at the front of the bytes, which are cut to what follows it.
std::optional<std::int64_t> leading_integer(Bytes& bytes) noexcept {
    if (bytes.size() >= 2 && bytes[0] == tag::small_integer) {
        const std::int64_t value = bytes[1];
        bytes = bytes.subspan(2);
        return value;
    }
    if (bytes.size() >= 5 && bytes[0] == tag::integer) {
        std::uint32_t value = 0;
        for (std::size_t i = 1; i <= 4; ++i) {
            value = value << 8 | bytes[i];
        }
        bytes = bytes.subspan(5);
        return static_cast<std::int32_t>(value);
    }
    constexpr std::size_t most = 8;
    if (bytes.size() < 3 || bytes[0] != tag::small_big || bytes[1] > most || bytes[2] > 1 ||
        bytes.size() < 3U + bytes[1]) {
        return std::nullopt;
    }
    std::uint64_t magnitude = 0;
    for (std::size_t i = bytes[1]; i > 0; --i) {
        magnitude = magnitude << 8 | bytes[2 + i];
    }
    const bool is_negative = bytes[2] == 1;
    bytes = bytes.subspan(3U + bytes[1]);
    if (magnitude > static_cast<std::uint64_t>(INT64_MAX)) {
        return std::nullopt;
    }
    const auto value = static_cast<std::int64_t>(magnitude);
    return is_negative ? -value : value;
}

}  // namespace

std::expected<void, Refusal> validate(std::span<const unsigned char> frame) {
    return Walk(frame).whole();
}

Address address_of(std::span<const unsigned char> frame) noexcept {
    constexpr std::size_t header = 3;
    if (frame.size() < header || frame[0] != tag::version || frame[1] != tag::small_tuple) {
        return {};
    }
    const std::size_t arity = frame[2];
    Bytes rest = frame.subspan(header);
    Address address;
    address.id = arity > 0 ? leading_integer(rest) : std::nullopt;
    address.ref = address.id && arity > 1 ? leading_integer(rest) : std::nullopt;
    return address;
}

}  // namespace linx::etf
