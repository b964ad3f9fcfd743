#include "sys/memory.hpp"

#include <sys/mman.h>

namespace linx::sys {

Outcome<void> keep_from_children(std::span<std::byte> pages) {
    if (::madvise(pages.data(), pages.size(), MADV_DONTFORK) < 0) {
        return std::unexpected(errno);
    }
    return {};
}

}  // namespace linx::sys
