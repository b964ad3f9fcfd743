/// `linx doctor`: the user, and what restricts user namespaces.
#include "cli/capability_names.hpp"
#include "cli/findings.hpp"
#include "cli/parse_words.hpp"
#include "cli/proc_view.hpp"
#include "sys/proc_directory.hpp"
#include "sys/process.hpp"
#include "sys/small_file.hpp"

#include <linx/error.hpp>
#include <linx/namespaces.hpp>

#include <algorithm>
#include <array>

#include <sys/resource.h>
#include <unistd.h>

namespace linx::cli {

namespace {

std::string first_line(const std::string& path, std::string_view otherwise) {
    const auto text = sys::read_small_file(path);
    return text ? text->substr(0, text->find('\n')) : std::string(otherwise);
}

/// The name of a user in /etc/passwd; nothing is decided by it but the lines of /etc/subuid.
std::string user_name(const std::string& uid) {
    const auto passwd = sys::read_small_file("/etc/passwd");
    for (const std::string_view line : split(passwd ? std::string_view(*passwd) : "", '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() > 2 && fields[2] == uid) {
            return std::string(fields[0]);
        }
    }
    return uid;
}

Finding identity(const std::string& uid, const std::string& user) {
    const auto capabilities = sys::effective_capabilities().value_or(0);
    const std::size_t count = capability_names(capabilities).size();
    return {.topic = "user",
            .name = "identity",
            .verdict = Verdict::note,
            .reason = user + " (uid " + uid + "), " +
                      (count == 0 ? "no capabilities" : std::to_string(count) + " capabilities")};
}

constexpr std::string_view limits_name = "user.max_*_namespaces";

/// What a file that is not to be seen does not say.
Finding unknown(std::string_view name, const std::string& why) {
    return {
        .topic = "user", .name = std::string(name), .verdict = Verdict::note, .reason = "unknown: " + why};
}

/// `user.max_*_namespaces`: zero forbids the kind.
Finding examine_limits() {
    std::string forbidden;
    std::vector<std::string> values;
    std::string all;
    for (const Namespace kind : every_namespace) {
        const std::string sysctl = "max_" + std::string(proc_name(kind)) + "_namespaces";
        const std::string value = first_line("/proc/sys/user/" + sysctl, "unknown");
        if (value == "0") {
            forbidden += (forbidden.empty() ? "user." : ", user.") + sysctl;
        }
        all += (all.empty() ? "" : ", ") + std::string(name(kind)) + " " + value;
        values.push_back(value);
    }
    Finding finding{
        .topic = "user", .name = std::string(limits_name), .verdict = Verdict::yes, .reason = all};
    if (!forbidden.empty()) {
        finding.verdict = Verdict::no;
        finding.reason = "0, which forbids them: " + forbidden;
    } else if (std::ranges::count(values, values.front()) == std::ssize(values)) {
        finding.reason = values.front() + " of each kind";
    }
    return finding;
}

struct Restriction {
    std::string_view name;
    std::string_view sysctl;
    std::string_view path;
    /// The value at which it restricts.
    std::string_view restricting;
    std::string_view words;
};

constexpr std::array<Restriction, 2> restrictions{{
    {"users' user namespaces", "kernel.unprivileged_userns_clone",
     "/proc/sys/kernel/unprivileged_userns_clone", "0", "ordinary users may not make user namespaces"},
    {"AppArmor restriction", "kernel.apparmor_restrict_unprivileged_userns",
     "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
     "users' namespaces give no rights, unless a profile allows it"},
}};

Finding examine(const Restriction& restriction) {
    const std::string value = first_line(std::string(restriction.path), "");
    const std::string sysctl(restriction.sysctl);
    Finding finding{
        .topic = "user", .name = std::string(restriction.name), .verdict = Verdict::yes, .reason = {}};
    if (value.empty()) {
        finding.reason = sysctl + " is not in this kernel: no restriction";
    } else if (value == restriction.restricting) {
        finding.verdict = ::geteuid() == 0 ? Verdict::limited : Verdict::no;
        finding.reason = sysctl + " is " + value + ": " + std::string(restriction.words);
    } else {
        finding.reason = sysctl + " is " + value + ": no restriction";
    }
    return finding;
}

void examine_sysctls(Findings& findings) {
    const std::string hidden = why_no_sysctls();
    findings.push_back(hidden.empty() ? examine_limits() : unknown(limits_name, hidden));
    for (const Restriction& restriction : restrictions) {
        findings.push_back(hidden.empty() ? examine(restriction) : unknown(restriction.name, hidden));
    }
}

/// Where newuidmap or newgidmap is, and whether it has the rights that it needs.
Finding examine_map_program(const std::string& program) {
    Finding finding{.topic = "user", .name = program, .verdict = Verdict::no, .reason = {}};
    for (const std::string_view directory : {"/usr/bin/", "/bin/", "/usr/local/bin/"}) {
        const std::string path = std::string(directory) + program;
        const auto status = sys::status_of(path);
        if (!status) {
            continue;
        }
        const bool setuid = (status->st_mode & S_ISUID) != 0 && status->st_uid == 0;
        const bool capable = sys::has_attribute(path, "security.capability");
        finding.verdict = setuid || capable ? Verdict::yes : Verdict::no;
        finding.reason = path + (setuid    ? ", setuid root"
                                 : capable ? ", with file capabilities"
                                           : ", but without setuid and without file capabilities");
        return finding;
    }
    finding.reason = "not installed (package uidmap): ordinary users can map one id only";
    return finding;
}

Finding examine_subordinate_ids(const std::string& file, const std::string& user, const std::string& uid) {
    const auto text = sys::read_small_file(file);
    const std::uint64_t count = text ? count_subordinate_ids(*text, user, uid) : 0;
    const std::string why =
        text ? "no line for " + user + " in " + file : file + ": " + describe_errno(text.error());
    const bool root = ::geteuid() == 0;
    return {.topic = "user",
            .name = file.substr(file.rfind('/') + 1),
            .verdict = count > 0 ? Verdict::yes
                       : root    ? Verdict::note
                                 : Verdict::limited,
            .reason = count > 0 ? std::to_string(count) + " subordinate ids for " + user
                      : root    ? why + "; root needs none"
                                : why + "; one id can be mapped: yours"};
}

Finding examine_process_limit() {
    rlimit limit{};
    const bool known = ::getrlimit(RLIMIT_NPROC, &limit) == 0;
    const bool unlimited = known && limit.rlim_cur == RLIM_INFINITY;
    return {.topic = "user",
            .name = "RLIMIT_NPROC",
            .verdict = Verdict::note,
            .reason = !known      ? "unknown"
                      : unlimited ? "unlimited"
                                  : std::to_string(limit.rlim_cur) + " processes of this user"};
}

}  // namespace

std::uint64_t count_subordinate_ids(std::string_view text, std::string_view user, std::string_view uid) {
    std::uint64_t sum = 0;
    for (const std::string_view line : split(text, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() == 3 && (fields[0] == user || fields[0] == uid)) {
            sum += parse_number(fields[2], 0, UINT32_MAX).value_or(0);
        }
    }
    return sum;
}

void examine_user(Findings& findings) {
    const std::string uid = std::to_string(::geteuid());
    const std::string user = user_name(uid);
    findings.push_back(identity(uid, user));
    examine_sysctls(findings);
    findings.push_back(examine_map_program("newuidmap"));
    findings.push_back(examine_map_program("newgidmap"));
    findings.push_back(examine_subordinate_ids("/etc/subuid", user, uid));
    findings.push_back(examine_subordinate_ids("/etc/subgid", user, uid));
    findings.push_back(examine_process_limit());
}

}  // namespace linx::cli
