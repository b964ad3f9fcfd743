#include "weakness.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

#include <sys/resource.h>
#include <unistd.h>

namespace {

constinit bool counting = false;
constinit unsigned long allocations_left = 0;

}  // namespace

// The library's own allocations, those of std::string and std::vector in it, all come through here.
void* operator new(std::size_t size) {
    if (counting && allocations_left-- == 0) {
        counting = false;
        throw std::bad_alloc{};
    }
    void* const memory = std::malloc(size);
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    return memory;
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

namespace fault {
namespace {

constexpr std::array<std::string_view, 4> kinds{"descriptors", "processes", "allocations",
                                                "late_allocations"};

/// One above the highest open descriptor.
unsigned long descriptors_in_use() {
    int highest = 2;
    for (int fd = 3; fd < 1024; ++fd) {
        if (dup2(fd, fd) == fd) {
            highest = fd;
        }
    }
    return static_cast<unsigned long>(highest) + 1;
}

}  // namespace

bool Weakness::exists(std::string_view kind) {
    return std::ranges::find(kinds, kind) != kinds.end();
}

Weakness::Weakness(std::string_view kind, unsigned long left) {
    unsigned long limit = left;
    if (kind == "descriptors") {
        resource_ = RLIMIT_NOFILE;
        limit += descriptors_in_use();
    } else if (kind == "processes") {
        resource_ = RLIMIT_NPROC;
        limit += 1;  // the driver, the only process of its user
    } else if (kind == "allocations") {
        allocations_left = left;
        counting = true;
    }
    if (resource_ >= 0) {
        rlimit now{};
        getrlimit(static_cast<__rlimit_resource_t>(resource_), &now);
        former_ = now.rlim_cur;
        now.rlim_cur = limit;
        setrlimit(static_cast<__rlimit_resource_t>(resource_), &now);
    }
}

Weakness::~Weakness() {
    counting = false;
    if (resource_ >= 0) {
        rlimit now{};
        getrlimit(static_cast<__rlimit_resource_t>(resource_), &now);
        now.rlim_cur = former_;
        setrlimit(static_cast<__rlimit_resource_t>(resource_), &now);
    }
}

}  // namespace fault
