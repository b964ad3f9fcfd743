/// The table of options, and how each puts its value into a request.
#include "cli/options.hpp"

#include "sys/terminal.hpp"

#include <array>
#include <cstdlib>

#include <fcntl.h>

namespace linx::cli {

namespace {

template <class Place, class Value>
Parsed<void> store(Place& place, Parsed<Value> value) {
    if (!value) {
        return std::unexpected(std::move(value).error());
    }
    place = std::move(*value);
    return {};
}

template <class Value>
Parsed<void> append(std::vector<Value>& list, Parsed<Value> value) {
    if (!value) {
        return std::unexpected(std::move(value).error());
    }
    list.push_back(std::move(*value));
    return {};
}

template <class Value>
Parsed<void> append_all(std::vector<Value>& list, Parsed<std::vector<Value>> values) {
    if (!values) {
        return std::unexpected(std::move(values).error());
    }
    list.insert(list.end(), values->begin(), values->end());
    return {};
}

template <Namespace kind>
Parsed<void> choose(Request& request, std::string_view /*value*/) {
    if (!request.spec.namespaces) {
        request.spec.namespaces.emplace();
    }
    request.spec.namespaces->insert(kind);
    return {};
}

template <bool Request::* field, bool value>
Parsed<void> flag(Request& request, std::string_view /*value*/) {
    request.*field = value;
    return {};
}

template <bool ProcessSpec::* field, bool value>
Parsed<void> spec_flag(Request& request, std::string_view /*value*/) {
    request.spec.*field = value;
    return {};
}

template <auto ProcessSpec::* field>
Parsed<void> spec_text(Request& request, std::string_view value) {
    request.spec.*field = std::string(value);
    return {};
}

template <Stdio ProcessSpec::* field>
Parsed<void> spec_file(Request& request, std::string_view value) {
    if (value.empty()) {
        return std::unexpected("the path is empty");
    }
    request.spec.*field = StdioFile{.path = std::string(value), .flags = O_RDONLY | O_NOCTTY};
    return {};
}

/// `NAME` alone takes the caller's value; a name that the caller does not have is not set inside.
Parsed<void> set_variable(Request& request, std::string_view value) {
    auto variable = parse_variable(value);
    if (variable && !variable->second) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): linx has one thread.
        const char* const inherited = std::getenv(variable->first.c_str());
        variable->second = inherited == nullptr ? std::nullopt : std::optional<std::string>{inherited};
    }
    return append(request.spec.environment.changes, std::move(variable));
}

Parsed<void> unset_variable(Request& request, std::string_view value) {
    if (value.empty() || value.find('=') != std::string_view::npos) {
        return std::unexpected(quoted(value) + " is not the name of a variable");
    }
    request.unset.emplace_back(value);
    return {};
}

/// What is handed over must be the caller's: asked before linx opens anything of its own.
Parsed<void> hand_over(Request& request, std::string_view value) {
    const auto numbers = parse_fd(value);
    if (!numbers) {
        return std::unexpected(numbers.error());
    }
    if (!sys::is_open(FdRef{numbers->source})) {
        return std::unexpected("descriptor " + std::to_string(numbers->source) + " is not open");
    }
    request.spec.fds.push_back({.source = FdRef{numbers->source}, .number = numbers->number});
    return {};
}

Parsed<void> set_death_signal(Request& request, std::string_view value) {
    if (value == "none") {
        request.parent_death_signal.reset();
        return {};
    }
    return store(request.parent_death_signal, parse_signal(value));
}

/// A launch that may not wait at all for its command could only be aborted.
Parsed<void> set_checkpoint_timeout(Request& request, std::string_view value) {
    const auto time = parse_duration(value);
    if (time && *time == std::chrono::milliseconds{0}) {
        return std::unexpected(quoted(value) + " leaves CMD no time; without the option it has any time");
    }
    return store(request.checkpoint_timeout, time);
}

Parsed<void> set_nice(Request& request, std::string_view value) {
    const auto nice = parse_signed(value, -20, 19);
    if (!nice) {
        return std::unexpected(nice.error());
    }
    request.spec.nice = static_cast<int>(*nice);
    return {};
}

constexpr Commands fresh{Command::run, Command::plan};
constexpr Commands launches{Command::run, Command::enter, Command::plan};
constexpr Commands every{Command::run,    Command::enter,       Command::plan, Command::inspect,
                         Command::doctor, Command::completions, Command::help};

constexpr std::string_view fresh_help = "fresh namespaces (enter: those to join)";
constexpr std::string_view id_map_help = "id map of a fresh user namespace (repeatable)";
constexpr std::string_view map_help = "root inside is you (default), or no map";
constexpr std::string_view clock_help = "shift a clock: 1d, -3h, 90s";
constexpr std::string_view name_help = "names in a fresh uts namespace";
constexpr std::string_view without_help = "leave lo down, mount no /proc";
constexpr std::string_view id_help = "ids inside";
constexpr std::string_view take_help = "take away one variable, or all";
constexpr std::string_view place_help = "where and as what it starts";
constexpr std::string_view stream_help = "files in place of linx's own streams";
constexpr std::string_view timeout_help = "SIGTERM, and KILL after a grace (5s)";

using R = Request;
using S = ProcessSpec;
using Text = std::string_view;

constexpr std::array all_options{
    Option{"all", "", fresh_help, Group::namespaces, launches, ValueKind::none,
           flag<&R::all_namespaces, true>},
    Option{"user", "", fresh_help, Group::namespaces, launches, ValueKind::none, choose<Namespace::user>},
    Option{"mount", "", fresh_help, Group::namespaces, launches, ValueKind::none, choose<Namespace::mount>},
    Option{"pid", "", fresh_help, Group::namespaces, launches, ValueKind::none, choose<Namespace::pid>},
    Option{"net", "", fresh_help, Group::namespaces, launches, ValueKind::none, choose<Namespace::net>},
    Option{"uts", "", fresh_help, Group::namespaces, launches, ValueKind::none, choose<Namespace::uts>},
    Option{"ipc", "", fresh_help, Group::namespaces, launches, ValueKind::none, choose<Namespace::ipc>},
    Option{"cgroup", "", fresh_help, Group::namespaces, launches, ValueKind::none, choose<Namespace::cgroup>},
    Option{"time", "", fresh_help, Group::namespaces, launches, ValueKind::none, choose<Namespace::time>},
    Option{"join", "KIND=PATH|PID", "join an existing one (repeatable)", Group::namespaces, fresh,
           ValueKind::join, [](R& r, Text v) { return append(r.spec.join, parse_join(v)); }},
    Option{"uid-map", "IN:OUT:COUNT", id_map_help, Group::namespaces, fresh, ValueKind::text,
           [](R& r, Text v) { return append_all(r.spec.uid_map, parse_id_map(v)); }},
    Option{"gid-map", "IN:OUT:COUNT", id_map_help, Group::namespaces, fresh, ValueKind::text,
           [](R& r, Text v) { return append_all(r.spec.gid_map, parse_id_map(v)); }},
    Option{"map-root", "", map_help, Group::namespaces, fresh, ValueKind::none,
           spec_flag<&S::map_root, true>},
    Option{"no-map", "", map_help, Group::namespaces, fresh, ValueKind::none, flag<&R::map, false>},
    Option{"monotonic-offset", "TIME", clock_help, Group::namespaces, fresh, ValueKind::text,
           [](R& r, Text v) { return store(r.spec.time_offsets.monotonic, parse_offset(v)); }},
    Option{"boottime-offset", "TIME", clock_help, Group::namespaces, fresh, ValueKind::text,
           [](R& r, Text v) { return store(r.spec.time_offsets.boottime, parse_offset(v)); }},
    Option{"hostname", "NAME", name_help, Group::namespaces, fresh, ValueKind::text, spec_text<&S::hostname>},
    Option{"domainname", "NAME", name_help, Group::namespaces, fresh, ValueKind::text,
           spec_text<&S::domainname>},
    Option{"no-loopback", "", without_help, Group::namespaces, fresh, ValueKind::none,
           spec_flag<&S::loopback, false>},
    Option{"no-proc", "", without_help, Group::namespaces, fresh, ValueKind::none, flag<&R::proc, false>},
    Option{"mount-fs", "TYPE:TARGET[:OPTIONS]", "mount a filesystem (repeatable)", Group::namespaces, fresh,
           ValueKind::text, [](R& r, Text v) { return append(r.spec.mounts, parse_mount(v)); }},
    Option{"no-cgroup", "", "stay in your own cgroup", Group::namespaces,
           Commands{Command::enter, Command::plan}, ValueKind::none, spec_flag<&S::target_cgroup, false>},

    Option{"uid", "ID", id_help, Group::identity, launches, ValueKind::text,
           [](R& r, Text v) { return store(r.spec.uid, parse_id(v)); }},
    Option{"gid", "ID", id_help, Group::identity, launches, ValueKind::text,
           [](R& r, Text v) { return store(r.spec.gid, parse_id(v)); }},
    Option{"groups", "ID,...", id_help, Group::identity, launches, ValueKind::text,
           [](R& r, Text v) { return store(r.spec.groups, parse_groups(v)); }},
    Option{"no-new-privs", "", "setuid programs give no rights", Group::identity, launches, ValueKind::none,
           spec_flag<&S::no_new_privs, true>},

    Option{"env", "NAME[=VALUE]", "set a variable, or copy yours (repeatable)", Group::program, launches,
           ValueKind::text, set_variable},
    Option{"unset", "NAME", take_help, Group::program, launches, ValueKind::text, unset_variable},
    Option{"clear-env", "", take_help, Group::program, launches, ValueKind::none,
           [](R& r, Text) -> Parsed<void> {
               r.spec.environment.base = EnvironmentBase::empty;
               return {};
           }},
    Option{"cwd", "DIR", place_help, Group::program, launches, ValueKind::directory, spec_text<&S::cwd>},
    Option{"umask", "MODE", place_help, Group::program, launches, ValueKind::text,
           [](R& r, Text v) { return store(r.spec.umask, parse_mode(v)); }},
    Option{"arg0", "NAME", place_help, Group::program, launches, ValueKind::text, spec_text<&S::arg0>},
    Option{"rlimit", "NAME=SOFT[:HARD]", "nofile=1K, core=unlimited (repeatable)", Group::program, launches,
           ValueKind::rlimit, [](R& r, Text v) { return append(r.spec.rlimits, parse_rlimit(v)); }},
    Option{"nice", "N", "-20 to 19", Group::program, launches, ValueKind::text, set_nice},

    Option{"stdin", "FILE", stream_help, Group::files, launches, ValueKind::file, spec_file<&S::stdin_from>},
    Option{"stdout", "FILE", stream_help, Group::files, launches, ValueKind::file, spec_file<&S::stdout_to>},
    Option{"stderr", "FILE", stream_help, Group::files, launches, ValueKind::file, spec_file<&S::stderr_to>},
    Option{"append", "", "write them at their end", Group::files, launches, ValueKind::none,
           flag<&R::append, true>},
    Option{"fd", "N[=SOURCE]", "hand over your descriptor (repeatable)", Group::files, launches,
           ValueKind::text, hand_over},

    Option{"at-checkpoint", "CMD", "run by sh on the host, LINX_PID is parked", Group::lifecycle, launches,
           ValueKind::command,
           [](R& r, Text v) -> Parsed<void> {
               r.at_checkpoint = std::string(v);
               return {};
           }},
    Option{"checkpoint-timeout", "TIME", "abort the launch when CMD takes longer", Group::lifecycle, launches,
           ValueKind::text, set_checkpoint_timeout},
    Option{"timeout", "TIME", timeout_help, Group::lifecycle, launches, ValueKind::text,
           [](R& r, Text v) { return store(r.timeout, parse_duration(v)); }},
    Option{"kill-grace", "TIME", timeout_help, Group::lifecycle, launches, ValueKind::text,
           [](R& r, Text v) { return store(r.kill_grace, parse_duration(v)); }},
    Option{"session", "", "lead a session, without a terminal", Group::lifecycle, launches, ValueKind::none,
           [](R& r, Text) -> Parsed<void> {
               r.spec.leads = Leads::session;
               return {};
           }},
    Option{"init", "", "linx-init between linx and the command", Group::lifecycle, launches, ValueKind::none,
           spec_flag<&S::init, true>},
    Option{"parent-death-signal", "NAME|none", "when linx dies (default KILL)", Group::lifecycle, launches,
           ValueKind::signal, set_death_signal},

    Option{"enter", "PID", "plan an enter of this process", Group::other, Commands{Command::plan},
           ValueKind::pid, [](R& r, Text v) { return store(r.target, parse_pid(v)); }},
    Option{"json", "", "for machines", Group::other,
           Commands{Command::plan, Command::inspect, Command::doctor}, ValueKind::none, flag<&R::json, true>},
    Option{"help", "", "this text", Group::other, every, ValueKind::none, nullptr},
};

}  // namespace

std::string_view heading(Group group) noexcept {
    switch (group) {
        case Group::namespaces:
            return "Namespaces";
        case Group::identity:
            return "Identity";
        case Group::program:
            return "Program";
        case Group::files:
            return "Files";
        case Group::lifecycle:
            return "Lifecycle";
        case Group::other:
            return "Other";
    }
    return {};
}

std::span<const Option> options() noexcept {
    return all_options;
}

const Option* find_option(Command command, std::string_view name) noexcept {
    for (const Option& option : all_options) {
        if (option.name == name && option.commands.contains(command)) {
            return &option;
        }
    }
    return nullptr;
}

}  // namespace linx::cli
