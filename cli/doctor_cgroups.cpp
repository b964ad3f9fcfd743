/// `linx doctor`: the cgroup hierarchies.
#include "cli/findings.hpp"
#include "cli/parse_words.hpp"
#include "cli/proc_view.hpp"
#include "sys/proc_directory.hpp"
#include "sys/small_file.hpp"

#include <linx/error.hpp>

namespace linx::cli {

namespace {

Finding finding(std::string name, Verdict verdict, std::string reason) {
    return {.topic = "cgroups", .name = std::move(name), .verdict = verdict, .reason = std::move(reason)};
}

Finding layout(const std::vector<CgroupMount>& mounts, const CgroupMount* unified) {
    std::string old;
    for (const CgroupMount& mount : mounts) {
        if (!mount.version2) {
            old += (old.empty() ? "" : " ") + mount.directory.substr(mount.directory.rfind('/') + 1);
        }
    }
    if (unified == nullptr) {
        const std::string reason =
            old.empty() ? "no hierarchy is mounted" : "only version 1 is mounted (" + old + ")";
        return finding("layout", Verdict::no, reason);
    }
    if (old.empty()) {
        return finding("layout", Verdict::yes, "version 2 alone, at " + unified->directory);
    }
    return finding("layout", Verdict::limited,
                   "hybrid: version 2 at " + unified->directory + ", beside version 1 (" + old + ")");
}

Finding controllers(const CgroupMount& unified) {
    const auto text = sys::read_small_file(unified.directory + "/cgroup.controllers");
    if (!text) {
        return finding("controllers", Verdict::no, describe_errno(text.error()));
    }
    const std::string names = text->substr(0, text->find('\n'));
    if (names.empty()) {
        return finding("controllers", Verdict::limited, "none in version 2: freeze and kill, but no limits");
    }
    return finding("controllers", Verdict::yes, names);
}

/// The path after `0::` in /proc/self/cgroup.
std::string own_cgroup(std::string_view text) {
    for (const std::string_view line : split(text, '\n')) {
        if (line.starts_with("0::")) {
            return std::string(line.substr(3));
        }
    }
    return {};
}

Finding delegation(const CgroupMount& unified) {
    const auto text = sys::read_small_file("/proc/self/cgroup");
    const std::string own = text ? own_cgroup(*text) : "";
    if (own.empty()) {
        return finding("own cgroup", Verdict::no, "this process is in no cgroup of version 2");
    }
    const std::string directory = unified.directory + own;
    const bool writable = sys::is_writable(directory) && sys::is_writable(directory + "/cgroup.procs");
    return finding(
        "own cgroup", writable ? Verdict::yes : Verdict::limited,
        own + (writable ? ", delegated to you: cgroups can be made in it"
                        : ", not yours to write: ask for a delegated one (systemd-run --user --scope)"));
}

}  // namespace

std::vector<CgroupMount> read_cgroup_mounts(std::string_view mountinfo) {
    std::vector<CgroupMount> mounts;
    for (const std::string_view line : split(mountinfo, '\n')) {
        const std::size_t dash = line.find(" - ");
        const auto before = split(line.substr(0, dash), ' ');
        if (dash == std::string_view::npos || before.size() < 5) {
            continue;
        }
        const auto after = split(line.substr(dash + 3), ' ');
        if (after[0] == "cgroup" || after[0] == "cgroup2") {
            mounts.push_back({.directory = std::string(before[4]),
                              .version2 = after[0] == "cgroup2",
                              .options = after.size() > 2 ? std::string(after[2]) : ""});
        }
    }
    return mounts;
}

void examine_cgroups(Findings& findings) {
    const auto mountinfo = sys::read_small_file("/proc/self/mountinfo");
    if (!mountinfo) {
        const std::string why = why_no_proc();
        findings.push_back(
            finding("layout", Verdict::note,
                    "unknown: " +
                        (why.empty() ? "/proc/self/mountinfo: " + describe_errno(mountinfo.error()) : why)));
        return;
    }
    const auto mounts = read_cgroup_mounts(*mountinfo);
    const CgroupMount* unified = nullptr;
    for (const CgroupMount& mount : mounts) {
        unified = mount.version2 ? &mount : unified;
    }
    findings.push_back(layout(mounts, unified));
    if (unified != nullptr) {
        findings.push_back(controllers(*unified));
        findings.push_back(delegation(*unified));
    }
}

}  // namespace linx::cli
