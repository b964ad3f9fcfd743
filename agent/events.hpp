/// What the agent tells the BEAM, and how it is written (docs/protocol.md).
#pragma once

#include "etf/writer.hpp"

#include <linx/error.hpp>
#include <linx/namespaces.hpp>
#include <linx/process.hpp>

#include <cstdint>
#include <expected>
#include <string>
#include <variant>

#include <sys/types.h>

namespace linx::agent {

struct Spawned {
    pid_t host_pid = 0;
};
struct Ready {
    pid_t host_pid = 0;
    pid_t child_pid = 0;
};
struct Running {};
struct Ended {
    ExitStatus status;
};
struct Aborted {};
struct Failed {
    Error error;
};

using Event = std::variant<Spawned, Ready, Running, Ended, Aborted, Failed>;

/// What the first frame says of the agent.
struct Hello {
    std::string version;
    pid_t pid = 0;
    std::array<int, 3> kernel{};
    Namespaces namespaces;
};

void write(etf::Writer& writer, const Hello& hello);
void write(etf::Writer& writer, std::int64_t id, const Event& event);
/// The answer to a command.
void write_reply(etf::Writer& writer, std::int64_t id, std::int64_t ref,
                 const std::expected<void, Error>& answer);

}  // namespace linx::agent
