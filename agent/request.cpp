#include "agent/request.hpp"

#include "agent/fields.hpp"
#include "etf/validate.hpp"

#include <cerrno>

namespace linx::agent {

namespace {

using etf::Reader;

constexpr std::int64_t largest_number = (std::int64_t{1} << 59) - 1;
constexpr std::int64_t largest_pid = 1 << 22;
constexpr std::int64_t largest_signal = 64;
constexpr std::int64_t longest_grace_ms = std::int64_t{366} * 24 * 3600 * 1000;

std::unexpected<Error> not_understood(std::string why) {
    return failed(Stage::protocol, EPROTO, std::move(why));
}

Result<Command> read_word(Reader& reader) {
    const std::string word = reader.atom().value_or("");
    if (word == "proceed") {
        return Command{Proceed{}};
    }
    if (word == "abort") {
        return Command{Abort{}};
    }
    if (word == "orphan") {
        return Command{Orphan{}};
    }
    if (word == "ping") {
        return Command{Ping{}};
    }
    return not_understood("there is no command :" + word);
}

/// A tuple: the command's name is its first element.
Result<Command> read_call(Reader& reader, std::size_t arity) {
    const std::string word = arity > 0 ? reader.atom().value_or("") : "";
    if (word == "spawn" && arity == 2) {
        return Command{Spawn{LINX_TRY(read_launch_order(reader))}};
    }
    if (word == "enter" && arity == 3) {
        const auto target = static_cast<pid_t>(LINX_TRY(read_integer("pid", reader, 1, largest_pid)));
        return Command{Enter{target, LINX_TRY(read_launch_order(reader))}};
    }
    if (word == "signal" && arity == 2) {
        return Command{Signal{static_cast<int>(LINX_TRY(read_integer("signal", reader, 0, largest_signal)))}};
    }
    if (word == "kill" && arity == 2) {
        const std::int64_t grace = LINX_TRY(read_integer("kill", reader, 0, longest_grace_ms));
        return Command{Kill{std::chrono::milliseconds{grace}}};
    }
    return not_understood("there is no command {" + (word.empty() ? "?" : ":" + word) + "} of " +
                          std::to_string(arity) + " elements");
}

Result<Command> read_command(Reader& reader) {
    if (reader.kind() == etf::Kind::atom) {
        return read_word(reader);
    }
    const auto arity = reader.tuple();
    return arity ? read_call(reader, *arity) : not_understood("a command is an atom or a tuple");
}

bool is_number(std::optional<std::int64_t> value) {
    return value && *value >= 0 && *value <= largest_number;
}

Result<Request> read_valid(Reader& reader) {
    if (reader.tuple() != 3) {
        return not_understood("a request is {id, ref, command}");
    }
    const auto id = reader.integer();
    const auto ref = id ? reader.integer() : std::nullopt;
    if (!is_number(id) || !is_number(ref)) {
        return not_understood("id and ref are integers from 0 to 2^59 - 1");
    }
    Request request{.id = *id, .ref = *ref, .command = LINX_TRY(read_command(reader))};
    const bool is_for_the_agent = std::holds_alternative<Ping>(request.command);
    if (is_for_the_agent != (request.id == 0)) {
        return not_understood(is_for_the_agent ? "only id 0 takes this command"
                                               : "id 0 is the agent itself and takes :ping alone");
    }
    return request;
}

}  // namespace

std::expected<Request, Misunderstood> read_request(std::span<const unsigned char> frame) {
    const auto misunderstood = [frame](Error error) {
        const etf::Address address = etf::address_of(frame);
        return std::unexpected(Misunderstood{is_number(address.id) ? address.id : std::nullopt,
                                             is_number(address.ref) ? address.ref : std::nullopt,
                                             std::move(error)});
    };
    if (auto valid = etf::validate(frame); !valid) {
        return misunderstood(
            {.stage = Stage::protocol,
             .errnum = EPROTO,
             .detail = valid.error().reason + ", at byte " + std::to_string(valid.error().offset),
             .hint = {}});
    }
    Reader reader(frame);
    auto request = read_valid(reader);
    if (!request) {
        return misunderstood(std::move(request).error());
    }
    return std::move(*request);
}

}  // namespace linx::agent
