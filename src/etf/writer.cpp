#include "etf/writer.hpp"

#include <array>

namespace linx::etf {

namespace {

constexpr std::size_t length_bytes = 4;

}  // namespace

Writer::Writer() {
    check(ei_x_new(&buffer_));
    restart();
}

Writer::~Writer() {
    if (buffer_.buff != nullptr) {
        ei_x_free(&buffer_);
    }
}

void Writer::check(int answer) {
    complete_ = complete_ && answer >= 0;
}

void Writer::restart() {
    complete_ = buffer_.buff != nullptr;
    if (!complete_) {
        return;
    }
    buffer_.index = 0;
    constexpr std::array<char, length_bytes> no_length_yet{};
    check(ei_x_append_buf(&buffer_, no_length_yet.data(), length_bytes));
    if (complete_) {
        check(ei_x_encode_version(&buffer_));
    }
}

std::span<const char> Writer::frame() {
    if (!complete_) {
        return {};
    }
    const std::size_t size = static_cast<std::size_t>(buffer_.index);
    const std::size_t length = size - length_bytes;
    for (std::size_t i = 0; i < length_bytes; ++i) {
        buffer_.buff[i] = static_cast<char>(length >> 8 * (length_bytes - 1 - i) & 0xff);
    }
    return {buffer_.buff, size};
}

Writer& Writer::atom(std::string_view name) {
    if (complete_) {
        check(ei_x_encode_atom_len_as(&buffer_, name.data(), static_cast<int>(name.size()), ERLANG_UTF8,
                                      ERLANG_UTF8));
    }
    return *this;
}

Writer& Writer::boolean(bool value) {
    return atom(value ? "true" : "false");
}

Writer& Writer::integer(std::int64_t value) {
    if (complete_) {
        check(ei_x_encode_longlong(&buffer_, value));
    }
    return *this;
}

Writer& Writer::binary(std::string_view bytes) {
    if (complete_) {
        check(ei_x_encode_binary(&buffer_, bytes.data(), static_cast<int>(bytes.size())));
    }
    return *this;
}

Writer& Writer::tuple(int arity) {
    if (complete_) {
        check(ei_x_encode_tuple_header(&buffer_, arity));
    }
    return *this;
}

Writer& Writer::map(int pairs) {
    if (complete_) {
        check(ei_x_encode_map_header(&buffer_, pairs));
    }
    return *this;
}

/// ei writes an empty list's end itself.
Writer& Writer::list(int count) {
    if (complete_ && count > 0) {
        check(ei_x_encode_list_header(&buffer_, count));
    }
    return *this;
}

Writer& Writer::end_of_list() {
    if (complete_) {
        check(ei_x_encode_empty_list(&buffer_));
    }
    return *this;
}

}  // namespace linx::etf
