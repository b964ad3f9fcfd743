/// Raw system calls: the one way in which code between clone and exec talks to the kernel. Each
/// answers what the kernel answered, -errno included; errno, which belongs to libc, is never touched.
#pragma once

#include <cstdint>
#include <type_traits>

#include <sys/syscall.h>
#include <unistd.h>

namespace linx::child {

// clang-format off
#if defined(__x86_64__) && !defined(__ILP32__)
inline long raw6(long number, long a, long b, long c, long d, long e, long f) noexcept {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
inline long raw6(long number, long a, long b, long c, long d, long e, long f) noexcept {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
inline long raw6(long number, long a, long b, long c, long d, long e, long f) noexcept {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
    return a0;
}
#else
/// Other machines go through libc's `syscall`, which is async-signal-safe and takes no lock.
inline long raw6(long number, long a, long b, long c, long d, long e, long f) noexcept {
    const long result = ::syscall(number, a, b, c, d, e, f);
    return result == -1 ? -static_cast<long>(*__errno_location()) : result;
}
#endif
// clang-format on

inline long as_argument(const void* pointer) noexcept {
    return static_cast<long>(reinterpret_cast<std::intptr_t>(pointer));
}
template <class Integer>
    requires(std::is_integral_v<Integer> || std::is_enum_v<Integer>)
constexpr long as_argument(Integer value) noexcept {
    return static_cast<long>(value);
}
inline long as_argument(decltype(nullptr)) noexcept {
    return 0;
}

/// A system call with up to six arguments.
template <class... Arguments>
inline long raw(long number, Arguments... arguments) noexcept {
    static_assert(sizeof...(Arguments) <= 6);
    const long words[6] = {as_argument(arguments)...};
    return raw6(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

/// Ends the process, with all its threads; runs no handler and flushes nothing.
[[noreturn]] inline void raw_exit(int code) noexcept {
    while (true) {
        raw(SYS_exit_group, code);
    }
}

}  // namespace linx::child
