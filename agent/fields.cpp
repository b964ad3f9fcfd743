#include "agent/fields.hpp"

#include <cerrno>

namespace linx::agent {

std::unexpected<Error> wrong(std::string_view key, const etf::Reader& at, std::string_view rule) {
    return failed(Stage::spec, EINVAL, std::string(key) + ": " + at.shown() + " is not " + std::string(rule));
}

Result<std::string> read_text(std::string_view key, etf::Reader& reader) {
    const etf::Reader before = reader;
    auto text = reader.text();
    if (!text) {
        return wrong(key, before, "a string");
    }
    if (text->find('\0') != std::string::npos) {
        return failed(Stage::spec, EINVAL, std::string(key) + ": a string with a NUL byte in it");
    }
    return std::move(*text);
}

Result<std::string> read_atom(std::string_view key, etf::Reader& reader, std::string_view rule) {
    const etf::Reader before = reader;
    auto atom = reader.atom();
    if (!atom) {
        return wrong(key, before, rule);
    }
    return std::move(*atom);
}

Result<bool> read_boolean(std::string_view key, etf::Reader& reader) {
    const etf::Reader before = reader;
    const auto atom = reader.atom();
    if (!atom || (*atom != "true" && *atom != "false")) {
        return wrong(key, before, "true or false");
    }
    return *atom == "true";
}

Result<std::int64_t> read_integer(std::string_view key, etf::Reader& reader, std::int64_t least,
                                  std::int64_t most) {
    const etf::Reader before = reader;
    const auto value = reader.integer();
    if (!value || *value < least || *value > most) {
        return wrong(key, before, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return *value;
}

Result<void> read_tuple(std::string_view key, etf::Reader& reader, std::size_t arity, std::string_view rule) {
    const etf::Reader before = reader;
    const auto found = reader.tuple();
    if (!found || *found != arity) {
        return wrong(key, before, rule);
    }
    return {};
}

}  // namespace linx::agent
