#include "agent/stdio_fields.hpp"

#include "agent/fields.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include <fcntl.h>

namespace linx::agent {

namespace {

constexpr std::string_view one_of =
    ":inherit, :devnull, {:file, path, modes}, {:connect_unix, path}, or :stdout for stderr";

/// Which of the modes were given.
struct Modes {
    bool read = false;
    bool write = false;
    bool append = false;
    bool exclusive = false;
};

Result<Modes> read_modes(std::string_view key, etf::Reader& reader) {
    constexpr std::string_view rule = "a list of :read, :write, :append and :exclusive";
    Modes modes;
    const auto element = [&]() -> Result<void> {
        const etf::Reader before = reader;
        const std::string mode = LINX_TRY(read_atom(key, reader, rule));
        bool* const given = mode == "read"        ? &modes.read
                            : mode == "write"     ? &modes.write
                            : mode == "append"    ? &modes.append
                            : mode == "exclusive" ? &modes.exclusive
                                                  : nullptr;
        if (given == nullptr) {
            return wrong(key, before, "one of :read, :write, :append and :exclusive");
        }
        *given = true;
        return {};
    };
    LINX_TRY(read_each(key, reader, rule, element));
    return modes;
}

/// `:write` alone starts an empty file; with `:read` it works on what is there.
Result<int> flags_of(std::string_view key, Modes modes, bool is_input) {
    if (!modes.read && !modes.write && !modes.append) {
        (is_input ? modes.read : modes.write) = true;
    }
    const bool writes = modes.write || modes.append;
    if (modes.exclusive && !writes) {
        return failed(Stage::spec, EINVAL, std::string(key) + ": :exclusive needs :write or :append");
    }
    int flags = modes.read && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY;
    flags |= writes ? O_CREAT : 0;
    flags |= modes.append ? O_APPEND : 0;
    flags |= modes.write && !modes.read && !modes.append ? O_TRUNC : 0;
    return flags | (modes.exclusive ? O_EXCL : 0);
}

Result<Stdio> read_file(std::string_view key, etf::Reader& reader, bool is_input, bool has_modes) {
    StdioFile file;
    file.path = LINX_TRY(read_text(key, reader));
    const Modes modes = has_modes ? LINX_TRY(read_modes(key, reader)) : Modes{};
    file.flags = LINX_TRY(flags_of(key, modes, is_input));
    return Stdio{std::move(file)};
}

Result<Stdio> read_atom_source(std::string_view key, etf::Reader& reader) {
    const etf::Reader before = reader;
    const std::string word = LINX_TRY(read_atom(key, reader, one_of));
    if (word == "inherit") {
        return Stdio{StdioInherit{}};
    }
    if (word == "devnull") {
        return Stdio{StdioNull{}};
    }
    if (word == "stdout" && key == "stdio: stderr") {
        return Stdio{StdioAsStdout{}};
    }
    return wrong(key, before, one_of);
}

Result<Stdio> read_source(std::string_view key, etf::Reader& reader, bool is_input) {
    if (reader.kind() == etf::Kind::atom) {
        return read_atom_source(key, reader);
    }
    const etf::Reader before = reader;
    const auto arity = reader.tuple();
    const auto word = arity && *arity > 0 ? reader.atom() : std::nullopt;
    if (word == "file" && (*arity == 2 || *arity == 3)) {
        return read_file(key, reader, is_input, *arity == 3);
    }
    if (word == "connect_unix" && *arity == 2) {
        return Stdio{StdioConnectUnix{LINX_TRY(read_text(key, reader))}};
    }
    return wrong(key, before, one_of);
}

}  // namespace

Result<void> read_stdio(ProcessSpec& spec, etf::Reader& reader) {
    constexpr std::string_view rule = "a list of {stream, how}";
    std::vector<const Stdio*> seen;
    return read_each("stdio", reader, rule, [&]() -> Result<void> {
        LINX_TRY(read_tuple("stdio", reader, 2, rule));
        const etf::Reader before = reader;
        const std::string stream = LINX_TRY(read_atom("stdio", reader, ":stdin, :stdout or :stderr"));
        Stdio* const place = stream == "stdin"    ? &spec.stdin_from
                             : stream == "stdout" ? &spec.stdout_to
                             : stream == "stderr" ? &spec.stderr_to
                                                  : nullptr;
        if (place == nullptr) {
            return wrong("stdio", before, ":stdin, :stdout or :stderr");
        }
        if (std::ranges::find(seen, place) != seen.end()) {
            return failed(Stage::spec, EINVAL, "stdio: " + stream + ": given twice");
        }
        seen.push_back(place);
        *place = LINX_TRY(read_source("stdio: " + stream, reader, stream == "stdin"));
        return {};
    });
}

}  // namespace linx::agent
