/// Bytes that end where readable memory ends: ei is not instrumented, and a read beyond them must be seen all
/// the same.
#pragma once

#include "fuzz/require.hpp"

#include <cstddef>
#include <cstring>
#include <span>

#include <sys/mman.h>
#include <unistd.h>

namespace fuzz {

class GuardedBytes {
public:
    explicit GuardedBytes(std::span<const unsigned char> bytes) : size_(bytes.size()) {
        const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        const std::size_t readable = (size_ / page + 1) * page;
        mapped_ = readable + page;
        void* const memory =
            ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        LINX_REQUIRE(memory != MAP_FAILED);
        memory_ = static_cast<unsigned char*>(memory);
        LINX_REQUIRE(::mprotect(memory_ + readable, page, PROT_NONE) == 0);
        begin_ = memory_ + readable - size_;
        if (size_ > 0) {
            std::memcpy(begin_, bytes.data(), size_);
        }
    }
    GuardedBytes(const GuardedBytes&) = delete;
    GuardedBytes& operator=(const GuardedBytes&) = delete;
    ~GuardedBytes() { ::munmap(memory_, mapped_); }

    [[nodiscard]] std::span<const unsigned char> view() const { return {begin_, size_}; }

private:
    std::size_t size_;
    std::size_t mapped_ = 0;
    unsigned char* memory_ = nullptr;
    unsigned char* begin_ = nullptr;
};

}  // namespace fuzz
