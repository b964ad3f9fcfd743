/// Keeps the agent's heap out of its children.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linx::agent {

/// A child needs nothing of the heap (launch/belongings.hpp), and a clone that copies it costs more than all
/// else of a launch that the agent does: each page of it that is written to afterwards is copied. A child at
/// its checkpoint, besides, has no business with the environments of other sessions.
///
/// What malloc takes from brk is meant. Where it takes memory elsewhere (large blocks, another C library, a
/// sanitizer), children have copies, which only costs time.
class PrivateHeap {
public:
    PrivateHeap();
    /// It begins behind the block of malloc's at that address. Where that is none of brk's, nothing is kept
    /// from children.
    explicit PrivateHeap(std::uintptr_t first_block);
    /// Before a clone: the heap may have grown.
    void close() const noexcept;

private:
    std::uintptr_t begin_ = 0;
    std::size_t page_ = 0;
};

}  // namespace linx::agent
