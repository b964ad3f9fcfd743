/// Those who are left: our own children alone, whose numbers are nobody else's before we reap them.
#pragma once

#include "init/options.hpp"

namespace linx::init {

/// Who has had its signal already.
struct Told {
    std::array<std::int32_t, 128> pids{};
    std::size_t count = 0;
};

/// /proc may be absent, or another pid namespace's, whose numbers mean others here.
[[nodiscard]] bool sees_children() noexcept;

/// To every child that has not been told, once; false when there was none.
bool tell_children(int signum, Told* told) noexcept;

/// What process 1 leaves to the kernel: nobody outlives a subreaper. Whoever is not ours yet becomes ours
/// when its parent dies, so that the next round finds it.
void leave_nobody(const Options& options) noexcept;

}  // namespace linx::init
