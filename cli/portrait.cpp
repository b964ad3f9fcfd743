#include "cli/portrait.hpp"

#include "cli/parse_words.hpp"
#include "cli/proc_view.hpp"
#include "sys/namespace_file.hpp"
#include "sys/proc_directory.hpp"
#include "sys/small_file.hpp"

#include <linx/error.hpp>

#include <algorithm>
#include <charconv>

namespace linx::cli {

namespace {

/// The numbers in a text, whatever stands between them.
template <class Number>
std::vector<Number> numbers(std::string_view text, int base = 10) {
    std::vector<Number> found;
    while (!text.empty()) {
        Number value{};
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
        if (parsed.ec == std::errc{}) {
            found.push_back(value);
        }
        const auto used = static_cast<std::size_t>(parsed.ptr - text.data());
        text.remove_prefix(std::max<std::size_t>(used, 1));
    }
    return found;
}

template <class Number>
Number first_number(std::string_view text, int base = 10) {
    const auto found = numbers<Number>(text, base);
    return found.empty() ? Number{} : found.front();
}

FourIds four(std::string_view text) {
    FourIds ids{};
    const auto found = numbers<std::uint32_t>(text);
    std::copy_n(found.begin(), std::min(found.size(), ids.size()), ids.begin());
    return ids;
}

std::string seccomp_words(std::string_view value) {
    if (value == "0") {
        return "none";
    }
    return value == "1" ? "strict" : "filter";
}

std::string_view trimmed(std::string_view text) {
    const std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(start);
}

void read_line(std::string_view key, std::string_view value, Portrait& portrait) {
    using Bits = std::uint64_t;
    CapabilitySets& capabilities = portrait.capabilities;
    if (key == "Name") {
        portrait.name = value;
    } else if (key == "State") {
        portrait.state = value;
    } else if (key == "PPid") {
        portrait.parent = first_number<pid_t>(value);
    } else if (key == "Uid") {
        portrait.uids = four(value);
    } else if (key == "Gid") {
        portrait.gids = four(value);
    } else if (key == "Groups") {
        portrait.groups = numbers<std::uint32_t>(value);
    } else if (key == "NSpid") {
        portrait.nested_pids = numbers<pid_t>(value);
    } else if (key == "CapInh") {
        capabilities.inheritable = first_number<Bits>(value, 16);
    } else if (key == "CapPrm") {
        capabilities.permitted = first_number<Bits>(value, 16);
    } else if (key == "CapEff") {
        capabilities.effective = first_number<Bits>(value, 16);
    } else if (key == "CapBnd") {
        capabilities.bounding = first_number<Bits>(value, 16);
    } else if (key == "CapAmb") {
        capabilities.ambient = first_number<Bits>(value, 16);
    } else if (key == "NoNewPrivs") {
        portrait.no_new_privs = value == "1";
    } else if (key == "Seccomp") {
        portrait.seccomp = seccomp_words(value);
    }
}

/// Reads the files of one process through a descriptor of its directory: when it ends and its number
/// goes to another process, nothing of that one is taken for it.
class Reader {
public:
    Reader(Fd directory, Portrait& portrait)
        : base_("/proc/self/fd/" + std::to_string(directory.ref().number())),
          directory_(std::move(directory)),
          portrait_(portrait) {}

    Parsed<void> read_all() {
        const auto status = sys::read_small_file(base_ + "/status");
        if (!status) {
            return std::unexpected("its status cannot be read: " + describe_errno(status.error()));
        }
        read_status(*status, portrait_);
        const auto owner = sys::owner_of(directory_.ref());
        portrait_.dumpable = !owner || *owner == portrait_.uids[1];
        for (std::size_t at = 0; at < every_namespace.size(); ++at) {
            portrait_.namespaces[at] = namespace_of(every_namespace[at]);
        }
        portrait_.uid_map = map("/uid_map");
        portrait_.gid_map = map("/gid_map");
        portrait_.cgroups = cgroups();
        return {};
    }

private:
    [[nodiscard]] std::string why(int errnum) const {
        if (errnum != EACCES && errnum != EPERM) {
            return errnum == ENOENT ? "not in this kernel, or the process has ended" : describe_errno(errnum);
        }
        if (!portrait_.dumpable) {
            return "not allowed: the process is not dumpable, or has more rights than you";
        }
        return "not allowed: it is a process of uid " + std::to_string(portrait_.uids[1]) +
               ", or has more rights than you";
    }

    [[nodiscard]] Parsed<std::uint64_t> namespace_of(Namespace kind) const {
        const auto id = sys::namespace_id(base_ + "/ns/" + std::string(proc_name(kind)));
        if (!id) {
            return std::unexpected(why(id.error()));
        }
        return id->inode;
    }

    [[nodiscard]] Parsed<std::vector<IdRange>> map(const char* file) const {
        const auto text = sys::read_small_file(base_ + file);
        if (!text) {
            return std::unexpected(why(text.error()));
        }
        return read_map(*text);
    }

    [[nodiscard]] Parsed<std::vector<std::string>> cgroups() const {
        const auto text = sys::read_small_file(base_ + "/cgroup");
        if (!text) {
            return std::unexpected(why(text.error()));
        }
        std::vector<std::string> lines;
        for (const std::string_view line : split(*text, '\n')) {
            if (!line.empty()) {
                lines.emplace_back(line);
            }
        }
        return lines;
    }

    std::string base_;
    Fd directory_;
    Portrait& portrait_;
};

}  // namespace

void read_status(std::string_view text, Portrait& portrait) {
    for (const std::string_view line : split(text, '\n')) {
        const auto [key, value] = cut(line, ':');
        if (value) {
            read_line(key, trimmed(*value), portrait);
        }
    }
}

std::vector<IdRange> read_map(std::string_view text) {
    std::vector<IdRange> ranges;
    for (const std::string_view line : split(text, '\n')) {
        const auto found = numbers<std::uint32_t>(line);
        if (found.size() == 3) {
            ranges.push_back({.inside = found[0], .outside = found[1], .count = found[2]});
        }
    }
    return ranges;
}

Parsed<Portrait> portray(pid_t pid) {
    const std::string path = pid == 0 ? "/proc/self" : "/proc/" + std::to_string(pid);
    auto directory = sys::open_directory(path);
    if (!directory) {
        if (directory.error() != ENOENT) {
            return std::unexpected(path + ": " + describe_errno(directory.error()));
        }
        const std::string no_proc = why_no_proc();
        return std::unexpected(path + ": " + (no_proc.empty() ? "no such process" : no_proc));
    }
    Portrait portrait;
    portrait.pid = pid;
    if (auto done = Reader{std::move(*directory), portrait}.read_all(); !done) {
        return std::unexpected(path + ": " + done.error());
    }
    if (!portrait.nested_pids.empty() && pid == 0) {
        portrait.pid = portrait.nested_pids.front();
    }
    return portrait;
}

}  // namespace linx::cli
