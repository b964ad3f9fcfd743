/// The command of `--at-checkpoint`: run on the host while the child is parked.
#pragma once

#include "cli/job_terminal.hpp"
#include "cli/request.hpp"
#include "cli/signal_inbox.hpp"

#include <linx/held.hpp>

#include <optional>

namespace linx::cli {

/// Runs it and waits for it. Empty when it succeeded; else the exit code for linx, which has said why.
[[nodiscard]] std::optional<int> run_checkpoint_command(const Request& request, const Held& held,
                                                        SignalInbox& inbox, JobTerminal& terminal);

}  // namespace linx::cli
