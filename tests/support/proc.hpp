/// What the kernel says of a process, read from outside: /proc/PID/... as it is, never through linx.
#pragma once

#include <linx/namespaces.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace support {

/// The whole file; empty when it cannot be read.
inline std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

inline bool put_contents(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.close();
    return !file.fail();
}

inline std::string link_target(const std::string& path) {
    char buffer[4096];
    const ssize_t length = ::readlink(path.c_str(), buffer, sizeof buffer);
    return length < 0 ? std::string{} : std::string(buffer, static_cast<std::size_t>(length));
}

inline std::string proc_path(pid_t pid, const std::string& file) {
    return "/proc/" + std::to_string(pid) + "/" + file;
}

/// `"net:[4026531840]"`; empty when it cannot be read.
inline std::string namespace_of(pid_t pid, linx::Namespace kind) {
    return link_target(proc_path(pid, "ns/" + std::string(linx::proc_name(kind))));
}

/// Those kinds in which the two processes differ.
inline linx::Namespaces differences(pid_t one, pid_t other) {
    linx::Namespaces set;
    for (const linx::Namespace kind : linx::every_namespace) {
        if (namespace_of(one, kind) != namespace_of(other, kind)) {
            set.insert(kind);
        }
    }
    return set;
}

/// The words in a line of text, joined by single spaces.
inline std::string squeezed(const std::string& line) {
    std::stringstream words(line);
    std::string word;
    std::string text;
    while (words >> word) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

/// The lines of a file, each squeezed: `"0 100000 65536"`.
inline std::vector<std::string> squeezed_lines(const std::string& path) {
    std::stringstream text(contents(path));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) {
        lines.push_back(squeezed(line));
    }
    return lines;
}

/// The value of a line of /proc/PID/status: `status_field(pid, "NSpid")` is `"71 1"`.
inline std::string status_field(pid_t pid, const std::string& key) {
    for (const std::string& line : squeezed_lines(proc_path(pid, "status"))) {
        if (line.starts_with(key + ": ")) {
            return line.substr(key.size() + 2);
        }
    }
    return {};
}

/// The owner of the files in /proc/PID: root's when the process is not dumpable.
inline uid_t proc_owner(pid_t pid) {
    struct stat status{};
    return ::stat(proc_path(pid, "environ").c_str(), &status) == 0 ? status.st_uid : static_cast<uid_t>(-1);
}

inline bool exists(pid_t pid) {
    return ::access(("/proc/" + std::to_string(pid)).c_str(), F_OK) == 0;
}

/// True when it has executed a program since it was cloned: PF_FORKNOEXEC (0x40) is off.
inline bool has_executed(pid_t pid) {
    const std::string text = contents(proc_path(pid, "stat"));
    std::stringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int field = 0; field < 6; ++field) {
        fields >> skipped;
    }
    unsigned long flags = 0x40;
    fields >> flags;
    return (flags & 0x40) == 0;
}

}  // namespace support
