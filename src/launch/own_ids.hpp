/// Whether the caller's own ids have a place in the user namespace that the caller is in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace linx::launch {

/// Does the text of a uid_map or gid_map, as seen from inside, map this id? Pure.
[[nodiscard]] bool maps(std::string_view text, std::uint32_t id);

/// `"uid"`, `"gid"` or `"uid and gid"`: what of the caller's effective ids the map of its own user namespace
/// lacks. The kernel shows such an id as 65534 and lets its owner make no user namespace. Empty when both
/// are mapped, or when nobody can know.
[[nodiscard]] std::string unmapped_ids();

}  // namespace linx::launch
