/// The requests of the BEAM, read from frames (docs/protocol.md).
#pragma once

#include "agent/launch_order.hpp"

#include <linx/error.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <variant>

#include <sys/types.h>

namespace linx::agent {

struct Spawn {
    LaunchOrder order;
};
struct Enter {
    pid_t target = 0;
    LaunchOrder order;
};
struct Proceed {};
struct Abort {};
struct Signal {
    int number = 0;
};
struct Kill {
    std::chrono::milliseconds grace{};
};
struct Orphan {};
struct Ping {};

using Command = std::variant<Spawn, Enter, Proceed, Abort, Signal, Kill, Orphan, Ping>;

struct Request {
    std::int64_t id = 0;
    std::int64_t ref = 0;
    Command command;
};

/// A frame that is no request: why, and for whom, as far as that can be told.
struct Misunderstood {
    std::optional<std::int64_t> id;
    std::optional<std::int64_t> ref;
    Error error;
};

[[nodiscard]] std::expected<Request, Misunderstood> read_request(std::span<const unsigned char> frame);

}  // namespace linx::agent
