/// `linx doctor`: the kernel.
#include "cli/findings.hpp"
#include "cli/parse.hpp"
#include "cli/proc_view.hpp"
#include "sys/probes.hpp"

#include <linx/error.hpp>

#include <array>
#include <cerrno>
#include <charconv>

#include <sys/utsname.h>

namespace linx::cli {

namespace {

constexpr KernelVersion floor_version{.major = 5, .minor = 14};

struct SystemCall {
    std::string_view name;
    std::string_view since;
    int (*probe)();
    /// The errno that an old kernel answers with.
    int missing;
};

constexpr std::array<SystemCall, 7> system_calls{{
    {"clone3", "5.3", sys::probe_clone3, ENOSYS},
    {"pidfd_open", "5.3", sys::probe_pidfd_open, ENOSYS},
    {"close_range", "5.9", sys::probe_close_range, ENOSYS},
    {"openat2", "5.6", sys::probe_openat2, ENOSYS},
    {"mount_setattr", "5.12", sys::probe_mount_setattr, ENOSYS},
    {"fsopen", "5.2", sys::probe_fsopen, ENOSYS},
    {"setns(pidfd)", "5.8", sys::probe_setns_pidfd, EINVAL},
}};

Finding examine(const SystemCall& call) {
    const int errnum = call.probe();
    const bool missing = errnum == ENOSYS || errnum == call.missing;
    const std::string since = "since Linux " + std::string(call.since);
    std::string reason =
        missing ? since + "; not here, or kept away by a seccomp filter: " + describe_errno(errnum) : since;
    return {.topic = "kernel",
            .name = std::string(call.name),
            .verdict = missing ? Verdict::no : Verdict::yes,
            .reason = std::move(reason),
            .essential = true};
}

/// A plain launch does without it.
Finding examine_proc() {
    const std::string why = why_no_proc();
    const bool fine = why.empty();
    return {.topic = "kernel",
            .name = "/proc",
            .verdict = fine ? Verdict::yes : Verdict::no,
            .reason = fine ? "a proc filesystem that shows this process"
                           : why +
                                 ": no id map can be written, no process inspected, and what is read from it "
                                 "is unknown here"};
}

}  // namespace

KernelVersion read_kernel_version(std::string_view release) {
    KernelVersion version;
    const char* const end = release.data() + release.size();
    const auto major = std::from_chars(release.data(), end, version.major);
    if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.' ||
        std::from_chars(major.ptr + 1, end, version.minor).ec != std::errc{}) {
        return {};
    }
    return version;
}

void examine_kernel(Findings& findings) {
    utsname system{};
    const std::string release = ::uname(&system) == 0 ? system.release : "unknown";
    const bool enough = read_kernel_version(release) >= floor_version;
    findings.push_back({.topic = "kernel",
                        .name = "version",
                        .verdict = enough ? Verdict::yes : Verdict::limited,
                        .reason = release + (enough ? ", 5.14 is needed" : ", but 5.14 is needed")});
    for (const SystemCall& call : system_calls) {
        findings.push_back(examine(call));
    }
    findings.push_back(examine_proc());
}

}  // namespace linx::cli
