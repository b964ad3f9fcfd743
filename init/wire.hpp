/// What linx-init needs of the kernel beside child/raw.hpp: numbers that a C library would hide.
#pragma once

#include "child/raw.hpp"

#include <cstddef>
#include <cstdint>

namespace linx::init {

inline constexpr std::size_t mask_bytes = 8;
inline constexpr int set_mask = 2;  // SIG_SETMASK
inline constexpr int last_signal = 64;

}  // namespace linx::init
