/// `linx run` and `linx enter`: launch, watch, and the exit code.
#pragma once

#include "cli/request.hpp"

namespace linx::cli {

/// Launches what the request says, waits for its end, speaks where something went wrong; answers
/// linx's exit code.
[[nodiscard]] int launch(Request request);

}  // namespace linx::cli
