/// What /proc says about a process: gathered once, for `linx inspect` to draw.
#pragma once

#include "cli/parse.hpp"

#include <linx/namespaces.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace linx::cli {

/// The five sets of capabilities, as bits.
struct CapabilitySets {
    std::uint64_t inheritable = 0;
    std::uint64_t permitted = 0;
    std::uint64_t effective = 0;
    std::uint64_t bounding = 0;
    std::uint64_t ambient = 0;
};

/// Real, effective, saved, filesystem.
using FourIds = std::array<std::uint32_t, 4>;

/// A process as its files in /proc describe it. A Parsed without a value says why it cannot be known.
struct Portrait {
    pid_t pid = 0;
    std::string name;
    std::string state;
    pid_t parent = 0;
    FourIds uids{};
    FourIds gids{};
    std::vector<std::uint32_t> groups;
    CapabilitySets capabilities;
    bool no_new_privs = false;
    std::string seccomp;
    /// Its pid in each pid namespace, from the caller's inwards.
    std::vector<pid_t> nested_pids;
    /// The inode numbers, in the order of every_namespace.
    std::array<Parsed<std::uint64_t>, every_namespace.size()> namespaces;
    /// Seen from the caller's user namespace.
    Parsed<std::vector<IdRange>> uid_map;
    Parsed<std::vector<IdRange>> gid_map;
    Parsed<std::vector<std::string>> cgroups;
    /// False when its files in /proc belong to root although its user is another.
    bool dumpable = true;
};

/// The process with that pid, or the caller itself for 0. The error: why there is nothing to see.
[[nodiscard]] Parsed<Portrait> portray(pid_t pid);

/// The content of /proc/PID/status, put into a portrait. Pure.
void read_status(std::string_view text, Portrait& portrait);
/// The content of /proc/PID/uid_map. Pure.
[[nodiscard]] std::vector<IdRange> read_map(std::string_view text);

}  // namespace linx::cli
