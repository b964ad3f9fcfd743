#include "cli/proc_view.hpp"

#include "sys/proc_directory.hpp"

#include <linux/magic.h>

namespace linx::cli {

std::string why_no_proc() {
    if (sys::filesystem_of("/proc") != PROC_SUPER_MAGIC) {
        return "no proc filesystem is mounted on /proc (mount -t proc proc /proc)";
    }
    if (!sys::status_of("/proc/self")) {
        return "the proc filesystem on /proc does not show this process: it is of another pid namespace";
    }
    return {};
}

std::string why_no_sysctls() {
    if (sys::filesystem_of("/proc/sys/kernel") == PROC_SUPER_MAGIC) {
        return {};
    }
    const std::string why = why_no_proc();
    return why.empty() ? "the proc filesystem on /proc is mounted without /proc/sys" : why;
}

}  // namespace linx::cli
