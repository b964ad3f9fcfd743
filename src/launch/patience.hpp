/// Waiting with an end: the deadline of a blocking call, and the one poll that all of them use.
#pragma once

#include <linx/process.hpp>
#include <linx/result.hpp>

#include <chrono>
#include <optional>
#include <span>

namespace linx::launch {

/// A Patience whose clock runs.
class Deadline {
public:
    explicit Deadline(const Patience& patience);

    /// Until one of the descriptors is readable. ETIMEDOUT and ECANCELED as Patience says, under `stage`.
    [[nodiscard]] Result<void> until_readable(std::span<const FdRef> fds, Stage stage) const;

private:
    std::optional<std::chrono::steady_clock::time_point> end_;
    std::optional<FdRef> cancel_;
};

}  // namespace linx::launch
