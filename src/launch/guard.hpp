/// The library's boundary: the one exception that our own code can meet, std::bad_alloc, becomes an
/// Error here, and none goes further.
#pragma once

#include <linx/result.hpp>

#include <cerrno>
#include <new>
#include <utility>

namespace linx::launch {

/// What `work` answers, a Result; ENOMEM under Stage::memory when there was no memory for it.
template <class Work>
auto guarded(Work&& work) noexcept -> decltype(work()) {
    try {
        return std::forward<Work>(work)();
    } catch (const std::bad_alloc&) {
        return std::unexpected(Error{.stage = Stage::memory, .errnum = ENOMEM, .detail = {}, .hint = {}});
    }
}

}  // namespace linx::launch
