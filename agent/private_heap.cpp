#include "agent/private_heap.hpp"

#include "sys/memory.hpp"

#include <cstdlib>
#include <memory>

#include <unistd.h>

/// The first byte behind the program's data, of the linker's.
extern "C" char _end;  // NOLINT(bugprone-reserved-identifier)

namespace linx::agent {

namespace {

std::uintptr_t number_of(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

std::uintptr_t above(std::uintptr_t address, std::size_t page) {
    return (address + page - 1) / page * page;
}

std::uintptr_t first_block_of_malloc() {
    const std::unique_ptr<void, decltype(&std::free)> block{std::malloc(1), &std::free};
    return number_of(block.get());
}

/// What brk gives lies behind the program itself. A block of another malloc may lie before the program (a
/// sanitizer's does), which children need.
bool is_in_heap(std::uintptr_t address) {
    return address >= number_of(&_end) && address < number_of(::sbrk(0));
}

}  // namespace

/// A static program has its thread's own block at the heap's beginning, where every child needs it (the
/// kernel writes to it: `rseq(2)`). It was made before the first block of malloc's, and so was what the C++
/// library keeps for exceptions when memory has run out, which nobody writes to.
PrivateHeap::PrivateHeap() : PrivateHeap(first_block_of_malloc()) {}

PrivateHeap::PrivateHeap(std::uintptr_t first_block)
    : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    if (is_in_heap(first_block)) {
        begin_ = above(first_block, page_);
    }
}

void PrivateHeap::close() const noexcept {
    const std::uintptr_t end = above(number_of(::sbrk(0)), page_);
    if (begin_ != 0 && begin_ < end) {
        auto* const first = reinterpret_cast<std::byte*>(begin_);
        (void)sys::keep_from_children({first, end - begin_});
    }
}

}  // namespace linx::agent
