#include "launch/own_ids.hpp"

#include "sys/small_file.hpp"

#include <array>
#include <charconv>

#include <unistd.h>

namespace linx::launch {

namespace {

bool lacks(const char* map, std::uint32_t id) {
    const auto text = sys::read_small_file(map);
    return text && !maps(*text, id);
}

}  // namespace

bool maps(std::string_view text, std::uint32_t id) {
    std::array<std::uint64_t, 3> range{};  // inside, outside, count
    std::size_t column = 0;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        const auto [next, error] = std::from_chars(at, end, range[column]);
        if (error != std::errc{}) {
            ++at;
            continue;
        }
        at = next;
        column = (column + 1) % range.size();
        if (column == 0 && id >= range[0] && id - range[0] < range[2]) {
            return true;
        }
    }
    return false;
}

std::string unmapped_ids() {
    const bool no_uid = lacks("/proc/self/uid_map", ::geteuid());
    const bool no_gid = lacks("/proc/self/gid_map", ::getegid());
    return no_uid && no_gid ? "uid and gid" : no_uid ? "uid" : no_gid ? "gid" : "";
}

}  // namespace linx::launch
