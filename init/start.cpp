/// Where the kernel enters linx-init: there is no C library, and so no start-up code but this.
#include "init/program.hpp"
#include "init/wire.hpp"

#include <cstdint>

#include <elf.h>
#include <sys/mman.h>

// clang-format off
#if defined(__x86_64__)
__asm__(".globl _start\n.type _start, @function\n_start:\n"
        "    xorl %ebp, %ebp\n    movq %rsp, %rdi\n    andq $-16, %rsp\n    call linx_init_begin\n    hlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n.type _start, %function\n_start:\n"
        "    mov x29, #0\n    mov x30, #0\n    mov x0, sp\n    and sp, x0, #-16\n    b linx_init_begin\n");
#elif defined(__riscv) && __riscv_xlen == 64
__asm__(".globl _start\n.type _start, @function\n_start:\n"
        "    .option push\n    .option norelax\n    lla gp, __global_pointer$\n    .option pop\n"
        "    mv a0, sp\n    andi sp, sp, -16\n    tail linx_init_begin\n");
#else
#error "linx-init has no entry for this machine"
#endif
// clang-format on

extern "C" const Elf64_Ehdr __ehdr_start;  // NOLINT(bugprone-reserved-identifier): the linker's name

namespace linx::init {

namespace {

/// A function pointer is what relocation read-only is for.
using Main = int (*)(int, char**, char**, std::uint64_t);
[[gnu::section(".data.rel.ro"), gnu::used]] const volatile Main program_main = program;

/// With a C library its start-up code would do this.
void protect_relocated() noexcept {
    constexpr std::uintptr_t page = 4096;
    const auto base = reinterpret_cast<std::uintptr_t>(&__ehdr_start);
    const auto* headers = reinterpret_cast<const Elf64_Phdr*>(base + __ehdr_start.e_phoff);
    for (int i = 0; i < __ehdr_start.e_phnum; ++i) {
        if (headers[i].p_type == PT_GNU_RELRO) {
            const std::uintptr_t from = headers[i].p_vaddr & ~(page - 1);
            const std::uintptr_t to = (headers[i].p_vaddr + headers[i].p_memsz + page - 1) & ~(page - 1);
            child::raw(SYS_mprotect, from, to - from, PROT_READ);
            // It has been read, and need not stay in memory.
            child::raw(SYS_madvise, from, to - from, MADV_DONTNEED);
        }
    }
}

}  // namespace

}  // namespace linx::init

/// Signals are blocked before anything else: one that comes now waits, and is forwarded later.
extern "C" [[noreturn, gnu::used]] void linx_init_begin(long* stack) {
    using namespace linx;
    const std::uint64_t all = ~std::uint64_t{0};
    std::uint64_t born_with = 0;
    child::raw(SYS_rt_sigprocmask, init::set_mask, &all, &born_with, init::mask_bytes);
    const auto program = init::program_main;
    init::protect_relocated();
    const int argc = static_cast<int>(stack[0]);
    auto** const argv = reinterpret_cast<char**>(stack + 1);
    child::raw_exit(program(argc, argv, argv + argc + 1, born_with));
}
