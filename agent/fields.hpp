/// Reading the values of a spec's keys: each answers with the value, or with an error that names the key.
#pragma once

#include "etf/reader.hpp"

#include <linx/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace linx::agent {

/// `"nice: 77 is not an integer from -20 to 19"`; the term is the one that stands at the reader.
[[nodiscard]] std::unexpected<Error> wrong(std::string_view key, const etf::Reader& at,
                                           std::string_view rule);

[[nodiscard]] Result<std::string> read_text(std::string_view key, etf::Reader& reader);
[[nodiscard]] Result<std::string> read_atom(std::string_view key, etf::Reader& reader, std::string_view rule);
[[nodiscard]] Result<bool> read_boolean(std::string_view key, etf::Reader& reader);
[[nodiscard]] Result<std::int64_t> read_integer(std::string_view key, etf::Reader& reader, std::int64_t least,
                                                std::int64_t most);
/// A tuple of that many elements, which follow.
[[nodiscard]] Result<void> read_tuple(std::string_view key, etf::Reader& reader, std::size_t arity,
                                      std::string_view rule);

/// A list: `element` reads one, as often as there are any.
template <class F>
[[nodiscard]] Result<void> read_each(std::string_view key, etf::Reader& reader, std::string_view rule,
                                     F element) {
    const auto count = reader.list();
    if (!count) {
        return wrong(key, reader, rule);
    }
    for (std::size_t i = 0; i < *count; ++i) {
        LINX_TRY(element());
    }
    reader.end_of_list(*count);
    return {};
}

}  // namespace linx::agent
