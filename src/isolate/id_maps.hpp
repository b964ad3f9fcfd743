/// The id maps of a fresh user namespace: checked, rendered, and written by whoever may.
#pragma once

#include "isolate/circumstances.hpp"
#include "program/draft.hpp"

#include <span>

namespace linx::isolate {

/// Checks a map: at most 340 lines and 4,095 bytes (`user_namespaces(7)`, Linux 4.15), no empty
/// range, no overflow, no overlap within or without. `field` names it in the error.
[[nodiscard]] Result<void> check_map(std::string_view field, std::span<const IdRange> map);

/// The map as the kernel reads it, a line a range.
[[nodiscard]] std::string render_map(std::span<const IdRange> map);

/// Is there an id outside for this id inside, and which?
[[nodiscard]] std::optional<std::uint32_t> outside_of(std::span<const IdRange> map, std::uint32_t inside);

/// The uid and gid maps that a spec means: its own, or the one line of `map_root`.
struct Maps {
    std::vector<IdRange> uid;
    std::vector<IdRange> gid;
};
[[nodiscard]] Maps maps_of(const ProcessSpec& spec, const Caller& caller);

/// Must `setgroups` be denied before this gid map can be written (CVE-2014-8989)?
[[nodiscard]] bool denies_setgroups(const Maps& maps, const Caller& caller);

/// Adds the steps of the phase map, and those with which the child becomes root inside.
[[nodiscard]] Result<void> compile_id_maps(const ProcessSpec& spec, const Circumstances& now,
                                           program::Draft& draft);

}  // namespace linx::isolate
