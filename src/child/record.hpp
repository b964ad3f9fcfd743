/// What launcher and child say to each other over the checkpoint socket (SOCK_SEQPACKET): one plain
/// record a message, in the layout of this machine, since both ends are the same executable.
#pragma once

#include <cstdint>
#include <type_traits>

namespace linx::child {

enum class Tell : std::uint32_t {
    waiting,  ///< the intermediate has unshared and waits to be mapped
    cloned,   ///< the intermediate cloned the workload: `pid`, and its pidfd beside the record
    opened,   ///< the scout opened a file for `slot`, beside the record
    ready,    ///< at the checkpoint; `pid` as the child itself sees it
    aborted,  ///< the launcher has given the child up, which ends now
    failed,   ///< a step failed: `step`, `errnum`, `cause`, and `text` where there is more to say
};

/// Why a step failed, where the child alone can see it.
enum class Cause : std::uint32_t {
    unknown,
    missing_interpreter,  ///< the file exists; `text` is what follows its `#!`, or the ELF interpreter
    noexec_mount,         ///< the file is executable, its mount is not
    not_regular,          ///< a directory, a device, ...
    not_executable,       ///< no execute permission for this user
    filesystem_says,      ///< `text` is the kernel's own message about a mount
};

struct Record {
    Tell tell{};
    std::uint32_t step = 0;
    std::int32_t errnum = 0;
    std::int32_t pid = 0;
    std::uint32_t slot = 0;
    Cause cause{};
    /// Which of Execute's candidates.
    std::uint32_t candidate = 0;
    std::uint32_t text_length = 0;
    char text[224] = {};
};

/// Exit codes of a child that does not execute: it failed, and has said how; or it was given up.
inline constexpr int failed_code = 125;
inline constexpr int aborted_code = 124;

enum class Order : std::uint32_t { mapped, proceed };

struct Command {
    Order order{};
};

static_assert(std::is_trivially_copyable_v<Record> && std::is_trivially_copyable_v<Command>);

}  // namespace linx::child
