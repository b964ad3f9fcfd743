/// nlohmann's JSON without its stream operators; the only place that includes it.
#pragma once

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include <string>

namespace linx::cli {

/// Keys stay in the order in which they were written.
using Json = nlohmann::ordered_json;

/// The document with a newline at its end; bytes that are no UTF-8 are replaced, never an exception.
[[nodiscard]] inline std::string written(const Json& json) {
    constexpr int indent = 2;
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace linx::cli
