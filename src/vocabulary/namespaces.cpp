#include <linx/namespaces.hpp>

#include <sched.h>

namespace linx {

namespace {

struct Row {
    std::string_view name;
    std::string_view proc_name;
    std::uint64_t flag;
};

/// CLONE_NEWTIME (Linux 5.6) is missing from glibc 2.36's headers on some architectures.
constexpr std::uint64_t clone_newtime = 0x80;

/// In the order of the enum.
constexpr std::array<Row, 8> rows{{
    {"user", "user", CLONE_NEWUSER},
    {"mount", "mnt", CLONE_NEWNS},
    {"pid", "pid", CLONE_NEWPID},
    {"net", "net", CLONE_NEWNET},
    {"uts", "uts", CLONE_NEWUTS},
    {"ipc", "ipc", CLONE_NEWIPC},
    {"cgroup", "cgroup", CLONE_NEWCGROUP},
    {"time", "time", clone_newtime},
}};

const Row& row(Namespace kind) noexcept {
    return rows[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string_view name(Namespace kind) noexcept {
    return row(kind).name;
}

std::string_view proc_name(Namespace kind) noexcept {
    return row(kind).proc_name;
}

std::uint64_t clone_flag(Namespace kind) noexcept {
    return row(kind).flag;
}

std::optional<Namespace> namespace_named(std::string_view wanted) noexcept {
    for (const Namespace kind : every_namespace) {
        if (wanted == name(kind) || wanted == proc_name(kind)) {
            return kind;
        }
    }
    return std::nullopt;
}

std::uint64_t Namespaces::clone_flags() const noexcept {
    std::uint64_t flags = 0;
    for (const Namespace kind : every_namespace) {
        flags |= contains(kind) ? clone_flag(kind) : 0;
    }
    return flags;
}

std::string Namespaces::to_string() const {
    std::string text;
    for (const Namespace kind : every_namespace) {
        if (contains(kind)) {
            text += text.empty() ? "" : ", ";
            text += name(kind);
        }
    }
    return text;
}

}  // namespace linx
