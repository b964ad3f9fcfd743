#include "agent/private_heap.hpp"

#include "sys/memory.hpp"

#include <cstdlib>
#include <memory>

#include <unistd.h>

namespace linx::agent {

namespace {

std::uintptr_t above(const void* address, std::size_t page) {
    return (reinterpret_cast<std::uintptr_t>(address) + page - 1) / page * page;
}

}  // namespace

/// A static program has its thread's own block at the heap's beginning, where every child needs it (the
/// kernel writes to it: `rseq(2)`). It was made before the first block of malloc's, and so was what the C++
/// library keeps for exceptions when memory has run out, which nobody writes to.
PrivateHeap::PrivateHeap() : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    const std::unique_ptr<void, decltype(&std::free)> block{std::malloc(1), &std::free};
    begin_ = above(block.get(), page_);
}

void PrivateHeap::close() const noexcept {
    const std::uintptr_t end = above(::sbrk(0), page_);
    if (begin_ < end) {
        auto* const first = reinterpret_cast<std::byte*>(begin_);
        (void)sys::keep_from_children({first, end - begin_});
    }
}

}  // namespace linx::agent
