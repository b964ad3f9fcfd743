/// The kernel calls about the calling process's memory.
#pragma once

#include "sys/outcome.hpp"

#include <cstddef>
#include <span>

namespace linx::sys {

/// Whoever is forked from now on does not have these pages (`madvise(2)`, MADV_DONTFORK).
[[nodiscard]] Outcome<void> keep_from_children(std::span<std::byte> pages);

}  // namespace linx::sys
