/// The words with parts: joins, limits, mounts, variables, descriptors.
#include "cli/parse.hpp"
#include "cli/parse_words.hpp"
#include "isolate/furnishing.hpp"

#include <array>
#include <limits>

#include <sys/resource.h>

namespace linx::cli {

namespace {

struct LimitName {
    std::string_view name;
    int resource;
};

constexpr std::array<LimitName, 16> limits{{
    {"as", RLIMIT_AS},
    {"core", RLIMIT_CORE},
    {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},
    {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE},
    {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},
    {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},
    {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
}};

/// `"unlimited"`, or a number with a suffix K, M or G (powers of 1024).
Parsed<std::uint64_t> parse_limit(std::string_view text) {
    if (text == "unlimited") {
        return RLIM_INFINITY;
    }
    constexpr std::string_view suffixes = "KMG";
    const std::size_t power = text.empty() ? std::string_view::npos : suffixes.find(text.back());
    const unsigned shift = power == std::string_view::npos ? 0 : 10 * (static_cast<unsigned>(power) + 1);
    const std::string_view digits = shift == 0 ? text : text.substr(0, text.size() - 1);
    const auto value = parse_number(digits, 0, (std::numeric_limits<std::uint64_t>::max() - 1) >> shift);
    if (!value) {
        return refused(text, "is not a limit, such as 1024, 64K, 2G or unlimited");
    }
    return *value << shift;
}

std::optional<int> resource_named(std::string_view name) {
    for (const LimitName& limit : limits) {
        if (limit.name == name) {
            return limit.resource;
        }
    }
    return std::nullopt;
}

std::string all_names(const std::vector<std::string_view>& names) {
    std::string text;
    for (const std::string_view name : names) {
        text += text.empty() ? "" : ", ";
        text += name;
    }
    return text;
}

}  // namespace

std::vector<std::string_view> rlimit_names() {
    std::vector<std::string_view> names;
    for (const LimitName& limit : limits) {
        names.push_back(limit.name);
    }
    return names;
}

Parsed<Join> parse_join(std::string_view text) {
    const auto [kind_name, source] = cut(text, '=');
    const auto kind = namespace_named(kind_name);
    if (!kind) {
        return refused(kind_name, "is not a namespace; there are " + Namespaces::all().to_string());
    }
    if (!source || source->empty()) {
        return refused(text, "does not say where from: KIND=PATH or KIND=PID");
    }
    if (source->find('/') != std::string_view::npos) {
        return Join{.kind = *kind, .from = NamespacePath{std::string(*source)}};
    }
    const auto pid = parse_pid(*source);
    if (!pid) {
        return refused(*source, "is neither a path (with a / in it) nor a pid (1 to 4194304)");
    }
    return Join{.kind = *kind, .from = NamespaceOfPid{*pid}};
}

Parsed<Rlimit> parse_rlimit(std::string_view text) {
    const auto [limit_name, values] = cut(text, '=');
    const auto resource = resource_named(limit_name);
    if (!resource) {
        return refused(limit_name, "is not a resource limit; there are " + all_names(rlimit_names()));
    }
    if (!values) {
        return refused(text, "has no value: NAME=SOFT or NAME=SOFT:HARD");
    }
    const auto [soft_text, hard_text] = cut(*values, ':');
    const auto soft = parse_limit(soft_text);
    const auto hard = hard_text ? parse_limit(*hard_text) : soft;
    if (!soft || !hard) {
        return std::unexpected(!soft ? soft.error() : hard.error());
    }
    if (*soft > *hard) {
        return refused(text, "has a soft limit above the hard limit");
    }
    return Rlimit{.resource = *resource, .soft = *soft, .hard = *hard};
}

Parsed<Mount> parse_mount(std::string_view text) {
    const auto [type, rest] = cut(text, ':');
    const auto [target, options] = cut(rest.value_or(""), ':');
    if (type.empty() || target.empty()) {
        return refused(text, "is not TYPE:TARGET or TYPE:TARGET:OPTIONS");
    }
    if (!target.starts_with('/')) {
        return refused(target, "is not an absolute path");
    }
    Mount mount;
    mount.type = type;
    mount.target = target;
    if (options) {
        for (const std::string_view option : split(*options, ',')) {
            if (option.empty()) {
                return refused(text, "has an empty option");
            }
            isolate::add_mount_option(mount, option);
        }
    }
    return mount;
}

Parsed<std::pair<std::string, std::optional<std::string>>> parse_variable(std::string_view text) {
    const auto [name, value] = cut(text, '=');
    if (name.empty()) {
        return refused(text, "has no name before the =");
    }
    return std::pair{std::string(name), value ? std::optional<std::string>{*value} : std::nullopt};
}

Parsed<FdNumbers> parse_fd(std::string_view text) {
    const auto [number_text, source_text] = cut(text, '=');
    constexpr std::uint64_t highest = std::numeric_limits<int>::max();
    const auto number = parse_number(number_text, 3, highest);
    const auto source = parse_number(source_text.value_or(number_text), 0, highest);
    if (!number || !source) {
        return refused(text, "is not a descriptor, N or N=SOURCE with N from 3 on");
    }
    return FdNumbers{.number = static_cast<int>(*number), .source = static_cast<int>(*source)};
}

}  // namespace linx::cli
