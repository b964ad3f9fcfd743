/// What an init has said of the end of its workload.
#pragma once

#include <linx/fd.hpp>
#include <linx/process.hpp>

#include <optional>
#include <variant>

namespace linx::launch {

/// Reads all that has come over the socket of an init that has ended; nothing when it did not come to tell,
/// because it was killed itself.
[[nodiscard]] std::optional<std::variant<Exited, Signaled>> last_words(FdRef report);

}  // namespace linx::launch
