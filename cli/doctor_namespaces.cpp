/// `linx doctor`: namespaces, tried for real. A child is launched to the checkpoint and thrown away.
#include "cli/findings.hpp"
#include "sys/process.hpp"

#include <linx/spawn.hpp>

#include <chrono>

#include <linux/capability.h>
#include <sys/mount.h>

namespace linx::cli {

namespace {

/// A healthy launch takes a thousandth of it.
constexpr std::chrono::seconds patience{10};

ProcessSpec nothing_special() {
    ProcessSpec spec;
    spec.argv = {"/bin/true"};
    return spec;
}

ProcessSpec with(Namespaces fresh) {
    ProcessSpec spec = nothing_special();
    spec.namespaces = fresh;
    spec.map_root = fresh.contains(Namespace::user);
    return spec;
}

std::string in_one_line(const Error& error) {
    std::string text = error.message();
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) {
        text.replace(at, 1, "; ");
    }
    return text;
}

/// Empty when it worked, else why not.
std::string attempt(const ProcessSpec& spec) {
    auto held = linx::spawn(spec, {.timeout = patience, .cancel = {}});
    if (!held) {
        return in_one_line(held.error());
    }
    const auto aborted = std::move(*held).abort();
    return aborted ? "" : in_one_line(aborted.error());
}

bool is_privileged() {
    const auto capabilities = sys::effective_capabilities();
    return capabilities && (*capabilities >> CAP_SYS_ADMIN & 1U) != 0;
}

/// The same launch directly and inside of a fresh user namespace, in one line.
Finding both_ways(std::string name, const ProcessSpec& direct, const ProcessSpec& inside) {
    const std::string directly = is_privileged() ? attempt(direct) : "you lack CAP_SYS_ADMIN";
    const std::string through = attempt(inside);
    Finding finding{.topic = "namespaces", .name = std::move(name), .verdict = Verdict::no, .reason = {}};
    if (directly.empty() && through.empty()) {
        finding.verdict = Verdict::yes;
        finding.reason = "directly, and within a fresh user namespace";
    } else if (directly.empty()) {
        finding.verdict = Verdict::limited;
        finding.reason = "directly; not within a fresh user namespace: " + through;
    } else if (through.empty()) {
        finding.verdict = is_privileged() ? Verdict::limited : Verdict::yes;
        finding.reason = "within a fresh user namespace; not directly: " + directly;
    } else {
        finding.reason = "directly: " + directly + "; within a fresh user namespace: " + through;
    }
    return finding;
}

Finding one_way(std::string topic, std::string name, const ProcessSpec& spec, std::string when_fine) {
    std::string why = attempt(spec);
    const bool fine = why.empty();
    return {.topic = std::move(topic),
            .name = std::move(name),
            .verdict = fine ? Verdict::yes : Verdict::no,
            .reason = fine ? std::move(when_fine) : std::move(why)};
}

ProcessSpec with_proc(Namespaces fresh) {
    ProcessSpec spec = with(fresh | Namespaces{Namespace::mount, Namespace::pid});
    spec.mounts.push_back({.type = "proc",
                           .target = "/proc",
                           .source = {},
                           .options = {},
                           .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC});
    return spec;
}

ProcessSpec with_shifted_clock(Namespaces fresh) {
    ProcessSpec spec = with(fresh | Namespaces{Namespace::time});
    spec.time_offsets.boottime = TimeOffset{.seconds = 86400, .nanoseconds = 0};
    return spec;
}

}  // namespace

void examine_namespaces(Findings& findings) {
    Finding plain =
        one_way("namespaces", "none", nothing_special(), "a child reached the checkpoint and was aborted");
    plain.essential = true;
    findings.push_back(std::move(plain));
    const Namespaces user{Namespace::user};
    findings.push_back(one_way("namespaces", "user", with(user), "with root inside mapped to you"));
    for (const Namespace kind : every_namespace) {
        if (kind != Namespace::user) {
            const Namespaces one{kind};
            findings.push_back(both_ways(std::string(name(kind)), with(one), with(one | user)));
        }
    }
    findings.push_back(both_ways("new /proc", with_proc({}), with_proc(user)));
    findings.push_back(both_ways("shifted clock", with_shifted_clock({}), with_shifted_clock(user)));
    findings.push_back(one_way("namespaces", "all eight", with(Namespaces::all()), "in one launch"));
}

}  // namespace linx::cli
