/// What became of a child: did it execute its program, and if not, how did it end?
#pragma once

#include "launch/kin.hpp"

#include <linx/error.hpp>

namespace linx::launch {

/// Has it executed its program, whatever happened to it since? End of file on its socket alone says
/// "executed, or dying": a process closes its descriptors before it can be waited for. The kernel's
/// own flag decides; exec clears it before any descriptor is closed. Without /proc, a live child at
/// end of file counts as executed.
[[nodiscard]] bool has_executed(const Kin& kin);

/// The error that tells how a child ended before its time. Does not reap it.
[[nodiscard]] Error death_of(const Kin& kin);

}  // namespace linx::launch
