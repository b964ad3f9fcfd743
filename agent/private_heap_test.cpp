#include "agent/private_heap.hpp"

#include <cstdint>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::agent {
namespace {

/// Closes the heap that begins behind that block, and forks: does the child have its program?
bool children_live_without_what_is_behind(std::uintptr_t block) {
    const PrivateHeap heap{block};
    heap.close();
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(7);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

/// As a sanitizer's malloc has it: between its first block and the heap lies the program itself.
TEST(PrivateHeap, of_a_malloc_whose_blocks_lie_before_the_program_is_not_kept_from_children) {
    const auto in_a_process_of_its_own = [] {
        constexpr std::uintptr_t before_any_program = 0x100000;
        constexpr std::size_t size = 65536;
        void* const block = ::mmap(reinterpret_cast<void*>(before_any_program), size, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        const bool live = block != MAP_FAILED && children_live_without_what_is_behind(before_any_program);
        ::_exit(live ? 0 : 1);
    };
    const pid_t apart = ::fork();
    if (apart == 0) {
        in_a_process_of_its_own();
    }
    int status = 0;
    ASSERT_EQ(::waitpid(apart, &status, 0), apart);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace linx::agent
