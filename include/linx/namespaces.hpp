/// The eight kinds of namespace, and sets of them.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace linx {

/// A kind of namespace (`namespaces(7)`); in the order in which the kernel creates and joins them.
enum class Namespace : std::uint8_t { user, mount, pid, net, uts, ipc, cgroup, time };

inline constexpr std::array<Namespace, 8> every_namespace{Namespace::user,   Namespace::mount, Namespace::pid,
                                                          Namespace::net,    Namespace::uts,   Namespace::ipc,
                                                          Namespace::cgroup, Namespace::time};

/// linx's word for it, which is the option's and the wire's: `"mount"`.
[[nodiscard]] std::string_view name(Namespace kind) noexcept;
/// The name of its file in `/proc/PID/ns`: `"mnt"`.
[[nodiscard]] std::string_view proc_name(Namespace kind) noexcept;
/// Its flag for `clone3`, `setns` and `unshare`: `CLONE_NEWNS`.
[[nodiscard]] std::uint64_t clone_flag(Namespace kind) noexcept;
/// The kind with that name (`"mount"`, and `"mnt"`, the kernel's file name).
[[nodiscard]] std::optional<Namespace> namespace_named(std::string_view name) noexcept;

/// A set of kinds of namespace.
class Namespaces {
public:
    constexpr Namespaces() noexcept = default;
    constexpr Namespaces(std::initializer_list<Namespace> kinds) noexcept {
        for (const Namespace kind : kinds) {
            insert(kind);
        }
    }
    [[nodiscard]] static constexpr Namespaces all() noexcept {
        Namespaces set;
        set.bits_ = 0xff;
        return set;
    }

    constexpr void insert(Namespace kind) noexcept { bits_ = static_cast<std::uint8_t>(bits_ | bit(kind)); }
    constexpr void erase(Namespace kind) noexcept { bits_ = static_cast<std::uint8_t>(bits_ & ~bit(kind)); }
    [[nodiscard]] constexpr bool contains(Namespace kind) const noexcept { return (bits_ & bit(kind)) != 0; }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
    [[nodiscard]] constexpr bool operator==(const Namespaces&) const noexcept = default;
    [[nodiscard]] constexpr Namespaces operator|(Namespaces other) const noexcept {
        return from_bits(static_cast<std::uint8_t>(bits_ | other.bits_));
    }
    [[nodiscard]] constexpr Namespaces operator&(Namespaces other) const noexcept {
        return from_bits(static_cast<std::uint8_t>(bits_ & other.bits_));
    }
    /// Those of this set that are not in the other.
    [[nodiscard]] constexpr Namespaces without(Namespaces other) const noexcept {
        return from_bits(static_cast<std::uint8_t>(bits_ & ~other.bits_));
    }
    /// All flags of the set, for `clone3` and `setns`.
    [[nodiscard]] std::uint64_t clone_flags() const noexcept;
    /// `"user, pid, net"`, in the kernel's order.
    [[nodiscard]] std::string to_string() const;

private:
    static constexpr std::uint8_t bit(Namespace kind) noexcept {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
    }
    static constexpr Namespaces from_bits(std::uint8_t bits) noexcept {
        Namespaces set;
        set.bits_ = bits;
        return set;
    }
    std::uint8_t bits_ = 0;
};

}  // namespace linx
