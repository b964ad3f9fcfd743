/// One descriptor that stands for a changing set of them.
#pragma once

#include <linx/fd.hpp>
#include <linx/result.hpp>

#include <span>
#include <vector>

namespace linx::launch {

class Watch {
public:
    /// Makes the epoll descriptor, if there is none yet.
    [[nodiscard]] Result<void> open();
    [[nodiscard]] bool is_open() const noexcept { return epoll_.is_open(); }
    /// Readable while one of the set is.
    [[nodiscard]] FdRef fd() const noexcept { return epoll_.ref(); }
    /// Replaces the set. One of the same numbers stays as it is: whoever closes one of them empties it
    /// before.
    [[nodiscard]] Result<void> set(std::span<const FdRef> fds);

private:
    Fd epoll_;
    std::vector<int> watched_;
};

}  // namespace linx::launch
