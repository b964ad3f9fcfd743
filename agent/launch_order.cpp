#include "agent/launch_order.hpp"

#include "agent/fields.hpp"
#include "agent/stdio_fields.hpp"
#include "isolate/furnishing.hpp"
#include "isolate/limits.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include <sys/resource.h>

namespace linx::agent {

namespace {

using etf::Reader;
using std::string_view;

constexpr std::int64_t largest_id = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t longest_wait_ms = std::int64_t{366} * 24 * 3600 * 1000;
constexpr std::int64_t largest_pid = 1 << 22;

Result<std::uint32_t> read_id(string_view key, Reader& reader) {
    return static_cast<std::uint32_t>(LINX_TRY(read_integer(key, reader, 0, largest_id)));
}

Result<std::chrono::milliseconds> read_wait(string_view key, Reader& reader) {
    return std::chrono::milliseconds{LINX_TRY(read_integer(key, reader, 0, longest_wait_ms))};
}

// --- program -------------------------------------------------------------------------------------

Result<void> read_argv(LaunchOrder& order, Reader& reader) {
    const auto argument = [&]() -> Result<void> {
        order.spec.argv.push_back(LINX_TRY(read_text("argv", reader)));
        return {};
    };
    LINX_TRY(read_each("argv", reader, "a list of strings", argument));
    return order.spec.argv.empty() ? failed(Stage::spec, EINVAL, "argv: the list is empty") : Result<void>{};
}

Result<void> read_arg0(LaunchOrder& order, Reader& reader) {
    order.spec.arg0 = LINX_TRY(read_text("arg0", reader));
    return {};
}

Result<void> read_env(LaunchOrder& order, Reader& reader) {
    constexpr string_view rule = "a list of {name, value}";
    constexpr std::size_t usual = 64;
    order.spec.environment.base = EnvironmentBase::empty;
    order.spec.environment.changes.reserve(usual);
    return read_each("env", reader, rule, [&]() -> Result<void> {
        LINX_TRY(read_tuple("env", reader, 2, rule));
        std::string name = LINX_TRY(read_text("env", reader));
        if (name.empty() || name.find('=') != std::string::npos) {
            return failed(Stage::spec, EINVAL, "env: `" + name + "` is not the name of a variable");
        }
        if (const auto kind = reader.kind(); kind != etf::Kind::binary && kind != etf::Kind::list) {
            return failed(Stage::spec, EINVAL, "env: the value of " + name + " is not a string");
        }
        Reader again = reader;
        auto value = read_text("env", reader);
        if (!value) {
            return std::unexpected(read_text("env: " + name, again).error());
        }
        order.spec.environment.changes.emplace_back(std::move(name), std::move(*value));
        return {};
    });
}

Result<void> read_cwd(LaunchOrder& order, Reader& reader) {
    order.spec.cwd = LINX_TRY(read_text("cwd", reader));
    return {};
}

Result<void> read_umask(LaunchOrder& order, Reader& reader) {
    order.spec.umask = static_cast<mode_t>(LINX_TRY(read_integer("umask", reader, 0, 0777)));
    return {};
}

// --- namespaces ----------------------------------------------------------------------------------

Result<Namespace> read_namespace(string_view key, Reader& reader) {
    const std::string rule = "one of " + Namespaces::all().to_string();
    const Reader before = reader;
    const auto kind = namespace_named(LINX_TRY(read_atom(key, reader, rule)));
    if (!kind) {
        return wrong(key, before, rule);
    }
    return *kind;
}

Result<void> read_namespaces(LaunchOrder& order, Reader& reader) {
    Namespaces set;
    const auto kind = [&]() -> Result<void> {
        set.insert(LINX_TRY(read_namespace("namespaces", reader)));
        return {};
    };
    LINX_TRY(read_each("namespaces", reader, "a list of namespaces", kind));
    order.spec.namespaces = set;
    return {};
}

Result<void> read_join(LaunchOrder& order, Reader& reader) {
    constexpr string_view rule = "a list of {namespace, path} or {namespace, {:pid, n}}";
    return read_each("join", reader, rule, [&]() -> Result<void> {
        LINX_TRY(read_tuple("join", reader, 2, rule));
        Join join{.kind = LINX_TRY(read_namespace("join", reader)), .from = NamespacePath{}};
        if (reader.kind() == etf::Kind::tuple) {
            LINX_TRY(read_tuple("join", reader, 2, "a path or {:pid, n}"));
            const Reader before = reader;
            if (reader.atom() != "pid") {
                return wrong("join", before, ":pid, as in {:pid, n}");
            }
            join.from =
                NamespaceOfPid{static_cast<pid_t>(LINX_TRY(read_integer("join", reader, 1, largest_pid)))};
        } else {
            join.from = NamespacePath{LINX_TRY(read_text("join", reader))};
        }
        order.spec.join.push_back(std::move(join));
        return {};
    });
}

Result<void> read_map(string_view key, std::vector<IdRange>& map, Reader& reader) {
    constexpr string_view rule = "a list of {inside, outside, count}";
    return read_each(key, reader, rule, [&]() -> Result<void> {
        LINX_TRY(read_tuple(key, reader, 3, rule));
        IdRange range;
        range.inside = LINX_TRY(read_id(key, reader));
        range.outside = LINX_TRY(read_id(key, reader));
        range.count = LINX_TRY(read_id(key, reader));
        map.push_back(range);
        return {};
    });
}

Result<void> read_uid_map(LaunchOrder& order, Reader& reader) {
    return read_map("uid_map", order.spec.uid_map, reader);
}

Result<void> read_gid_map(LaunchOrder& order, Reader& reader) {
    return read_map("gid_map", order.spec.gid_map, reader);
}

Result<void> read_map_root(LaunchOrder& order, Reader& reader) {
    order.spec.map_root = LINX_TRY(read_boolean("map_root", reader));
    return {};
}

Result<void> read_time_offsets(LaunchOrder& order, Reader& reader) {
    constexpr string_view rule = "a list of {:monotonic or :boottime, seconds, nanoseconds}";
    constexpr std::int64_t most_nanoseconds = 999'999'999;
    return read_each("time_offsets", reader, rule, [&]() -> Result<void> {
        LINX_TRY(read_tuple("time_offsets", reader, 3, rule));
        const Reader before = reader;
        const std::string clock = LINX_TRY(read_atom("time_offsets", reader, ":monotonic or :boottime"));
        if (clock != "monotonic" && clock != "boottime") {
            return wrong("time_offsets", before, ":monotonic or :boottime");
        }
        TimeOffset offset;
        offset.seconds = LINX_TRY(read_integer(
            "time_offsets", reader, std::numeric_limits<std::int32_t>::min() * std::int64_t{1000},
            std::numeric_limits<std::int32_t>::max() * std::int64_t{1000}));
        offset.nanoseconds =
            static_cast<std::uint32_t>(LINX_TRY(read_integer("time_offsets", reader, 0, most_nanoseconds)));
        auto& place =
            clock == "monotonic" ? order.spec.time_offsets.monotonic : order.spec.time_offsets.boottime;
        if (place) {
            return failed(Stage::spec, EINVAL, "time_offsets: " + clock + ": given twice");
        }
        place = offset;
        return {};
    });
}

Result<void> read_hostname(LaunchOrder& order, Reader& reader) {
    order.spec.hostname = LINX_TRY(read_text("hostname", reader));
    return {};
}

Result<void> read_domainname(LaunchOrder& order, Reader& reader) {
    order.spec.domainname = LINX_TRY(read_text("domainname", reader));
    return {};
}

Result<void> read_loopback(LaunchOrder& order, Reader& reader) {
    order.spec.loopback = LINX_TRY(read_boolean("loopback", reader));
    return {};
}

Result<void> read_mounts(LaunchOrder& order, Reader& reader) {
    constexpr string_view rule = "a list of {type, target, options}";
    return read_each("mounts", reader, rule, [&]() -> Result<void> {
        LINX_TRY(read_tuple("mounts", reader, 3, rule));
        Mount mount;
        mount.type = LINX_TRY(read_text("mounts", reader));
        mount.target = LINX_TRY(read_text("mounts", reader));
        const auto option = [&]() -> Result<void> {
            isolate::add_mount_option(mount, LINX_TRY(read_text("mounts", reader)));
            return {};
        };
        LINX_TRY(read_each("mounts", reader, "a list of options", option));
        order.spec.mounts.push_back(std::move(mount));
        return {};
    });
}

// --- identity and resources ----------------------------------------------------------------------

Result<void> read_uid(LaunchOrder& order, Reader& reader) {
    order.spec.uid = LINX_TRY(read_id("uid", reader));
    return {};
}

Result<void> read_gid(LaunchOrder& order, Reader& reader) {
    order.spec.gid = LINX_TRY(read_id("gid", reader));
    return {};
}

Result<void> read_groups(LaunchOrder& order, Reader& reader) {
    const Reader before = reader;
    const auto values = reader.integers();
    const auto is_id = [](std::int64_t value) { return value >= 0 && value <= largest_id; };
    if (!values || !std::ranges::all_of(*values, is_id)) {
        return wrong("groups", before, "a list of group ids");
    }
    order.spec.groups.emplace(values->begin(), values->end());
    return {};
}

Result<void> read_no_new_privs(LaunchOrder& order, Reader& reader) {
    order.spec.no_new_privs = LINX_TRY(read_boolean("no_new_privs", reader));
    return {};
}

Result<std::uint64_t> read_limit(Reader& reader) {
    const Reader before = reader;
    if (reader.kind() == etf::Kind::atom && reader.atom() == "infinity") {
        return RLIM_INFINITY;
    }
    const auto value = before.kind() == etf::Kind::integer ? reader.natural() : std::nullopt;
    if (!value) {
        return wrong("rlimits", before, "a limit: a whole number from 0 on, or :infinity");
    }
    return *value;
}

Result<void> read_rlimits(LaunchOrder& order, Reader& reader) {
    constexpr string_view rule = "a list of {name, soft, hard}";
    return read_each("rlimits", reader, rule, [&]() -> Result<void> {
        LINX_TRY(read_tuple("rlimits", reader, 3, rule));
        const Reader before = reader;
        const auto resource = isolate::rlimit_named(LINX_TRY(read_atom("rlimits", reader, "a name")));
        if (!resource) {
            return wrong("rlimits", before, "the name of a resource limit, such as :nofile");
        }
        Rlimit limit{.resource = *resource, .soft = 0, .hard = 0};
        limit.soft = LINX_TRY(read_limit(reader));
        limit.hard = LINX_TRY(read_limit(reader));
        order.spec.rlimits.push_back(limit);
        return {};
    });
}

Result<void> read_nice(LaunchOrder& order, Reader& reader) {
    order.spec.nice = static_cast<int>(LINX_TRY(read_integer("nice", reader, -20, 19)));
    return {};
}

// --- stdio and lifecycle -------------------------------------------------------------------------

Result<void> read_stdio_key(LaunchOrder& order, Reader& reader) {
    return read_stdio(order.spec, reader);
}

Result<void> read_init(LaunchOrder& order, Reader& reader) {
    order.spec.init = LINX_TRY(read_boolean("init", reader));
    return {};
}

Result<void> read_auto_proceed(LaunchOrder& order, Reader& reader) {
    order.auto_proceed = LINX_TRY(read_boolean("auto_proceed", reader));
    return {};
}

Result<void> read_checkpoint_timeout(LaunchOrder& order, Reader& reader) {
    order.checkpoint_timeout = LINX_TRY(read_wait("checkpoint_timeout", reader));
    return {};
}

Result<void> read_orphan_policy(LaunchOrder& order, Reader& reader) {
    constexpr string_view rule = "{:kill, ms} or :keep";
    const Reader before = reader;
    if (reader.kind() == etf::Kind::atom) {
        if (reader.atom() != "keep") {
            return wrong("orphan_policy", before, rule);
        }
        order.orphan_policy = Keep{};
        return {};
    }
    LINX_TRY(read_tuple("orphan_policy", reader, 2, rule));
    if (reader.atom() != "kill") {
        return wrong("orphan_policy", before, rule);
    }
    order.orphan_policy = KillAfter{LINX_TRY(read_wait("orphan_policy", reader))};
    return {};
}

struct Field {
    string_view key;
    Result<void> (*read)(LaunchOrder&, Reader&);
};

constexpr std::array fields{
    Field{"argv", read_argv},
    Field{"arg0", read_arg0},
    Field{"env", read_env},
    Field{"cwd", read_cwd},
    Field{"umask", read_umask},
    Field{"namespaces", read_namespaces},
    Field{"join", read_join},
    Field{"uid_map", read_uid_map},
    Field{"gid_map", read_gid_map},
    Field{"map_root", read_map_root},
    Field{"time_offsets", read_time_offsets},
    Field{"hostname", read_hostname},
    Field{"domainname", read_domainname},
    Field{"loopback", read_loopback},
    Field{"mounts", read_mounts},
    Field{"uid", read_uid},
    Field{"gid", read_gid},
    Field{"groups", read_groups},
    Field{"no_new_privs", read_no_new_privs},
    Field{"rlimits", read_rlimits},
    Field{"nice", read_nice},
    Field{"stdio", read_stdio_key},
    Field{"init", read_init},
    Field{"auto_proceed", read_auto_proceed},
    Field{"checkpoint_timeout", read_checkpoint_timeout},
    Field{"orphan_policy", read_orphan_policy},
};

/// Reads one key and its value; `seen` has a bit for each field that was there.
Result<void> read_pair(LaunchOrder& order, Reader& reader, std::uint32_t& seen) {
    const std::string key = LINX_TRY(read_atom("spec", reader, "an atom, as the keys of a spec are"));
    const auto* const field = std::ranges::find(fields, string_view(key), &Field::key);
    if (field == fields.end()) {
        return failed(Stage::spec, EINVAL, key + ": unknown option");
    }
    const std::uint32_t bit = 1U << static_cast<unsigned>(field - fields.begin());
    if ((seen & bit) != 0) {
        return failed(Stage::spec, EINVAL, key + ": given twice");
    }
    seen |= bit;
    return field->read(order, reader);
}

static_assert(fields.size() <= std::numeric_limits<std::uint32_t>::digits);

}  // namespace

Result<LaunchOrder> read_launch_order(Reader& reader) {
    LaunchOrder order;
    order.spec.stdin_from = StdioNull{};
    const Reader before = reader;
    const auto pairs = reader.map();
    if (!pairs) {
        return wrong("spec", before, "a map");
    }
    std::uint32_t seen = 0;
    for (std::size_t i = 0; i < *pairs; ++i) {
        LINX_TRY(read_pair(order, reader, seen));
    }
    if (order.spec.argv.empty()) {
        return failed(Stage::spec, EINVAL, "argv: missing");
    }
    return order;
}

}  // namespace linx::agent
