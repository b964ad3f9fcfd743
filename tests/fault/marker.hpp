/// How the driver tells the injector which of its system calls belong to a launch: a prctl that no kernel
/// knows.
#pragma once

#include <sys/prctl.h>

namespace fault {

inline constexpr int marker = 0x6c6e7866;

enum class Mark : unsigned long { end = 0, begin = 1 };

inline void mark(Mark what) {
    prctl(marker, static_cast<unsigned long>(what), 0UL, 0UL, 0UL);
}

/// The calls between here and the end of the scope are the launcher's part of a launch.
class Marked {
public:
    Marked() { mark(Mark::begin); }
    Marked(const Marked&) = delete;
    Marked& operator=(const Marked&) = delete;
    ~Marked() { mark(Mark::end); }
};

}  // namespace fault
