#include "look.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fault {
namespace {

constexpr std::array namespace_files{"user", "mnt", "pid", "net", "uts", "ipc", "cgroup", "time"};

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

std::string link(const std::string& path) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(path, error);
    return error ? "unreadable: " + error.message() : target.string();
}

/// The lines that begin with one of the words.
std::string lines_of(const std::string& path, std::initializer_list<std::string_view> words) {
    std::ifstream file{path};
    std::string result;
    for (std::string line; std::getline(file, line);) {
        if (std::ranges::any_of(words, [&](std::string_view word) { return line.starts_with(word); })) {
            result += line + "\n";
        }
    }
    return result;
}

std::string with_spaces(std::string text) {
    std::ranges::replace(text, '\0', ' ');
    return text;
}

/// Mounts without the ids, which differ from run to run.
std::string mounts_of(const std::string& proc) {
    std::ifstream file{proc + "/mountinfo"};
    std::string result;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words{line};
        std::string id, parent, device, root, target, options, word;
        words >> id >> parent >> device >> root >> target >> options;
        result += "mount " + root + " " + target + " " + options;
        while (words >> word) {
            result += " " + word.substr(0, word.find(':'));
        }
        result += "\n";
    }
    return result;
}

std::vector<std::string> descriptors_of(const std::string& proc) {
    std::vector<std::string> result;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{proc + "/fd", error}) {
        const std::string target = link(entry.path());
        // The iterator's own descriptor is one of them.
        if (!target.starts_with("/proc/") || !target.ends_with("/fd")) {
            result.push_back(entry.path().filename().string() + " -> " + target);
        }
    }
    std::ranges::sort(result);
    return result;
}

/// What the workload's descriptors are, without the inodes.
std::string kinds_of(const std::vector<std::string>& descriptors) {
    std::string result;
    for (const std::string& descriptor : descriptors) {
        result += "fd " + descriptor.substr(0, descriptor.find(":[")) + "\n";
    }
    return result;
}

std::string namespaces_of(const std::string& proc, pid_t container) {
    std::string result;
    for (const std::string file : namespace_files) {
        const std::string theirs = link(proc + "/ns/" + file);
        const bool same = theirs == link("/proc/self/ns/" + file);
        const bool entered =
            container > 0 && theirs == link("/proc/" + std::to_string(container) + "/ns/" + file);
        result += file + " " +
                  (same                       ? "own"
                   : entered                  ? "target"
                   : theirs.starts_with(file) ? "fresh"
                                              : theirs) +
                  "\n";
    }
    return result;
}

std::string relations_of(pid_t workload) {
    errno = 0;
    return "leads group " + std::to_string(getpgid(workload) == workload) + " session " +
           std::to_string(getsid(workload) == workload) + " nice " +
           std::to_string(getpriority(PRIO_PROCESS, static_cast<id_t>(workload))) + "\n";
}

/// The workload's pid in its own namespace, when it is the first there.
std::string innermost_pid(const std::string& proc) {
    const std::string line = lines_of(proc + "/status", {"NSpid:"});
    const auto last = line.find_last_of('\t');
    const std::string pid = last == std::string::npos ? "" : line.substr(last + 1);
    return "pid inside " + (pid == "1\n" ? std::string{"1"} : std::string{"another"}) + "\n";
}

}  // namespace

std::string look_at(pid_t workload, pid_t container) {
    const std::string proc = "/proc/" + std::to_string(workload);
    return namespaces_of(proc, container) + relations_of(workload) + innermost_pid(proc) +
           lines_of(proc + "/status", {"Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "SigCgt",
                                       "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"}) +
           "cwd " + link(proc + "/cwd") + "\nroot " + link(proc + "/root") + "\nargv " +
           with_spaces(contents(proc + "/cmdline")) + "\nenv " + with_spaces(contents(proc + "/environ")) +
           "\n" + kinds_of(descriptors_of(proc)) + "uid_map " + contents(proc + "/uid_map") + "gid_map " +
           contents(proc + "/gid_map") + "setgroups " + contents(proc + "/setgroups") +
           contents(proc + "/timens_offsets") + contents(proc + "/limits") + mounts_of(proc);
}

pid_t child_of(pid_t pid) {
    const std::string number = std::to_string(pid);
    std::ifstream file{"/proc/" + number + "/task/" + number + "/children"};
    pid_t child = 0;
    file >> child;
    return child;
}

Snapshot snapshot() {
    Snapshot now{.descriptors = descriptors_of("/proc/self"),
                 .namespaces = {},
                 .mounts = contents("/proc/self/mountinfo"),
                 .status = lines_of("/proc/self/status", {"SigBlk", "SigIgn", "SigCgt", "Uid", "Gid",
                                                          "Groups", "Umask", "Cap", "NoNewPrivs", "Threads"}),
                 .cwd = link("/proc/self/cwd")};
    for (const std::string file : namespace_files) {
        now.namespaces.push_back(link("/proc/self/ns/" + file));
    }
    now.namespaces.push_back("children's " + link("/proc/self/ns/pid_for_children"));
    now.namespaces.push_back("children's " + link("/proc/self/ns/time_for_children"));
    return now;
}

std::string differences(const Snapshot& before, const Snapshot& after) {
    std::string result;
    std::vector<std::string> changed;
    std::ranges::set_symmetric_difference(before.descriptors, after.descriptors, std::back_inserter(changed));
    for (const std::string& descriptor : changed) {
        result += "leak: descriptor " + descriptor + "\n";
    }
    if (before.namespaces != after.namespaces) {
        result += "leak: the launcher changed its namespaces\n";
    }
    if (before.mounts != after.mounts) {
        result += "leak: mounts differ\n";
    }
    std::istringstream was{before.status}, is{after.status};
    for (std::string left, right; std::getline(was, left) && std::getline(is, right);) {
        if (left != right) {
            result += "leak: the launcher's status was " + left + ", is " + right + "\n";
        }
    }
    if (before.cwd != after.cwd) {
        result += "leak: the working directory changed\n";
    }
    return result;
}

std::string children_left() {
    std::string result;
    // A child that is dead and not reaped would come up again and again: take each.
    while (true) {
        siginfo_t info{};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL) != 0) {
            return result;
        }
        if (info.si_pid == 0) {
            return result + "leak: a child lives\n";
        }
        result += "leak: a zombie (" + std::to_string(info.si_pid) + ")\n";
    }
}

}  // namespace fault
