/// The gate in front of ei: its decoders take no buffer length and skip by recursion, so every frame is
/// walked here first, bounded and without recursion, and nothing that could lead ei astray gets past.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>

namespace linx::etf {

/// How deep terms may be nested: the frame's own term is at depth 1.
inline constexpr std::size_t deepest = 16;

/// Why a frame was refused.
struct Refusal {
    std::string reason;      ///< `"a binary of 268435456 bytes does not fit into the frame"`
    std::size_t offset = 0;  ///< where in the frame
};

/// Is this one whole term of the external format (version 131) and nothing else, made of atoms, integers,
/// floats, binaries, proper lists, tuples and maps? After that, ei can decode it.
[[nodiscard]] std::expected<void, Refusal> validate(std::span<const unsigned char> frame);

/// The first elements of a frame that is a tuple, as far as they are integers of 64 bits: whom a refused
/// frame was for can often be told. Safe for any bytes.
struct Address {
    std::optional<std::int64_t> id;
    std::optional<std::int64_t> ref;
};
[[nodiscard]] Address address_of(std::span<const unsigned char> frame) noexcept;

}  // namespace linx::etf
