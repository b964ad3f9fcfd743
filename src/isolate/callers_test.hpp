/// For tests: the callers that a spec is compiled for.
#pragma once

#include "isolate/circumstances.hpp"

#include <limits>

namespace linx::isolate {

inline Caller root() {
    Caller caller{
        .uid = 0, .gid = 0, .can_setuid = true, .can_setgid = true, .dumpable = true, .hard_limits = {}};
    caller.hard_limits.fill(std::numeric_limits<std::uint64_t>::max());
    return caller;
}

inline Caller ordinary_user() {
    Caller caller = root();
    caller.uid = 1000;
    caller.gid = 100;
    caller.can_setuid = false;
    caller.can_setgid = false;
    return caller;
}

inline Circumstances plain(Caller caller) {
    return {.caller = std::move(caller), .fresh = {}, .joined = {}};
}

inline Circumstances fresh(Caller caller, Namespaces kinds) {
    Circumstances now = plain(std::move(caller));
    now.fresh = kinds;
    return now;
}

}  // namespace linx::isolate
