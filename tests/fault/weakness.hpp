/// Want of something, from one moment on: descriptors, processes, memory.
#pragma once

#include <string_view>

namespace fault {

/// While it lives, the resource is short: `left` more of it are to be had.
///   descriptors  RLIMIT_NOFILE
///   processes    RLIMIT_NPROC
///   allocations  operator new throws once, after `left` of them (late_allocations: the driver counts from
///   the
///                checkpoint on)
class Weakness {
public:
    Weakness(std::string_view kind, unsigned long left);
    Weakness(const Weakness&) = delete;
    Weakness& operator=(const Weakness&) = delete;
    ~Weakness();

    [[nodiscard]] static bool exists(std::string_view kind);

private:
    int resource_ = -1;
    unsigned long former_ = 0;
};

}  // namespace fault
