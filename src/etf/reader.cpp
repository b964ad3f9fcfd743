#include "etf/reader.hpp"

#include "etf/tags.hpp"

#include <algorithm>
#include <cstring>

#include <ei.h>

namespace linx::etf {

namespace {

constexpr std::int64_t last_character = 0x10ffff;
constexpr std::int64_t first_surrogate = 0xd800;
constexpr std::int64_t last_surrogate = 0xdfff;

/// Appends the character as UTF-8; false when it is none.
bool append_character(std::string& text, std::int64_t character) {
    if (character < 0 || character > last_character ||
        (character >= first_surrogate && character <= last_surrogate)) {
        return false;
    }
    const auto code = static_cast<std::uint32_t>(character);
    const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
    return true;
}

}  // namespace

const char* words(Kind kind) noexcept {
    switch (kind) {
        case Kind::atom:
            return "an atom";
        case Kind::integer:
            return "an integer";
        case Kind::real:
            return "a float";
        case Kind::binary:
            return "a binary";
        case Kind::list:
            return "a list";
        case Kind::tuple:
            return "a tuple";
        case Kind::map:
            return "a map";
    }
    return "a term";
}

Reader::Reader(std::span<const unsigned char> frame) noexcept
    : frame_(frame), buffer_(static_cast<const char*>(static_cast<const void*>(frame.data()))) {
    int version = 0;
    ei_decode_version(buffer_, &at_, &version);
}

unsigned char Reader::tag() const {
    return frame_[static_cast<std::size_t>(at_)];
}

Kind Reader::kind() const {
    switch (tag()) {
        case tag::small_integer:
        case tag::integer:
        case tag::small_big:
            return Kind::integer;
        case tag::new_float:
            return Kind::real;
        case tag::binary:
            return Kind::binary;
        case tag::nil:
        case tag::string:
        case tag::list:
            return Kind::list;
        case tag::small_tuple:
        case tag::large_tuple:
            return Kind::tuple;
        case tag::map:
            return Kind::map;
        default:
            return Kind::atom;
    }
}

/// ei gives no length: a name with a NUL byte in it would look like what comes before that.
std::optional<std::string> Reader::atom() {
    char name[MAXATOMLEN_UTF8] = {};
    int type = 0;
    int length = 0;
    int end = at_;
    if (kind() != Kind::atom || ei_get_type(buffer_, &at_, &type, &length) < 0 ||
        ei_decode_atom_as(buffer_, &end, name, sizeof(name), ERLANG_UTF8, nullptr, nullptr) < 0 ||
        std::memchr(buffer_ + end - length, '\0', static_cast<std::size_t>(length)) != nullptr) {
        return std::nullopt;
    }
    at_ = end;
    return name;
}

std::optional<std::int64_t> Reader::integer() {
    EI_LONGLONG value = 0;
    if (kind() != Kind::integer || ei_decode_longlong(buffer_, &at_, &value) < 0) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::uint64_t> Reader::natural() {
    EI_ULONGLONG value = 0;
    if (kind() != Kind::integer || ei_decode_ulonglong(buffer_, &at_, &value) < 0) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::string> Reader::text() {
    if (kind() == Kind::binary) {
        int type = 0;
        int size = 0;
        ei_get_type(buffer_, &at_, &type, &size);
        std::string bytes(static_cast<std::size_t>(size), '\0');
        long length = 0;
        ei_decode_binary(buffer_, &at_, bytes.data(), &length);
        return bytes;
    }
    if (kind() == Kind::list && tag() == tag::string) {
        return latin1();
    }
    const int before = at_;
    const auto characters = integers();
    std::string text;
    for (const std::int64_t character : characters.value_or(std::vector<std::int64_t>{})) {
        if (!append_character(text, character)) {
            at_ = before;
            return std::nullopt;
        }
    }
    return characters ? std::optional{text} : std::nullopt;
}

/// The whole environment of a VM comes like this with every launch.
std::string Reader::latin1() {
    const auto bytes = string_bytes();
    const auto is_ascii = [](unsigned char byte) { return byte < 0x80; };
    if (std::ranges::all_of(bytes, is_ascii)) {
        return {bytes.begin(), bytes.end()};
    }
    std::string text;
    text.reserve(bytes.size());
    for (const unsigned char byte : bytes) {
        (void)append_character(text, byte);
    }
    return text;
}

/// A list of integers from 0 to 255, as the format packs it.
std::span<const unsigned char> Reader::string_bytes() {
    constexpr std::size_t header = 3;
    int type = 0;
    int size = 0;
    ei_get_type(buffer_, &at_, &type, &size);
    const auto bytes = frame_.subspan(static_cast<std::size_t>(at_) + header, static_cast<std::size_t>(size));
    ei_skip_term(buffer_, &at_);
    return bytes;
}

std::optional<std::vector<std::int64_t>> Reader::integers() {
    if (kind() != Kind::list) {
        return std::nullopt;
    }
    const int before = at_;
    std::vector<std::int64_t> values;
    if (tag() == tag::string) {
        const auto bytes = string_bytes();
        values.assign(bytes.begin(), bytes.end());
        return values;
    }
    const std::size_t count = list().value_or(0);
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = integer();
        if (!value) {
            at_ = before;
            return std::nullopt;
        }
        values.push_back(*value);
    }
    end_of_list(count);
    return values;
}

std::optional<std::size_t> Reader::tuple() {
    int arity = 0;
    if (kind() != Kind::tuple || ei_decode_tuple_header(buffer_, &at_, &arity) < 0) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(arity);
}

std::optional<std::size_t> Reader::list() {
    int count = 0;
    if (kind() != Kind::list || tag() == tag::string || ei_decode_list_header(buffer_, &at_, &count) < 0) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(count);
}

/// An empty list is its own end.
void Reader::end_of_list(std::size_t count) {
    if (count > 0) {
        ei_skip_term(buffer_, &at_);
    }
}

std::optional<std::size_t> Reader::map() {
    int pairs = 0;
    if (kind() != Kind::map || ei_decode_map_header(buffer_, &at_, &pairs) < 0) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(pairs);
}

void Reader::skip() {
    ei_skip_term(buffer_, &at_);
}

std::string Reader::shown() const {
    constexpr std::size_t most = 60;
    Reader copy = *this;
    std::string text = words(kind());
    if (const auto name = copy.atom()) {
        text = *name;
    } else if (const auto number = copy.integer()) {
        text = std::to_string(*number);
    } else if (kind() == Kind::binary) {
        text = "\"" + copy.text().value_or("") + "\"";
    }
    return text.size() <= most ? text : text.substr(0, most) + "...";
}

}  // namespace linx::etf
