/// `linx inspect`: a process beside the caller.
#include "cli/capability_names.hpp"
#include "cli/command_line.hpp"
#include "cli/entries.hpp"
#include "cli/help.hpp"
#include "cli/json.hpp"
#include "cli/portrait.hpp"
#include "cli/voice.hpp"
#include "sys/small_file.hpp"
#include "vocabulary/escaped.hpp"

namespace linx::cli {

namespace {

constexpr std::size_t label_width = 16;
constexpr std::size_t column_width = 14;

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size() + 1, width), ' ');
    return text;
}

std::string line(std::string_view label, const std::string& value) {
    return "  " + padded(std::string(label), label_width) + value + "\n";
}

template <class Numbers>
std::string listed(const Numbers& numbers, std::string_view when_empty) {
    std::string text;
    for (const auto number : numbers) {
        text += (text.empty() ? "" : " ") + std::to_string(number);
    }
    return text.empty() ? std::string(when_empty) : text;
}

std::string ids_words(const FourIds& ids) {
    if (ids[0] == ids[1] && ids[1] == ids[2] && ids[2] == ids[3]) {
        return std::to_string(ids[0]);
    }
    return std::to_string(ids[0]) + ", effective " + std::to_string(ids[1]) + ", saved " +
           std::to_string(ids[2]) + ", filesystem " + std::to_string(ids[3]);
}

bool differs(const Portrait& target, const Portrait& caller, std::size_t at) {
    return target.namespaces[at] && caller.namespaces[at] && *target.namespaces[at] != *caller.namespaces[at];
}

std::string namespace_lines(const Portrait& target, const Portrait& caller) {
    std::string text = "namespaces" + std::string(2 + label_width - 10, ' ') +
                       padded(std::to_string(target.pid), column_width) + "you (" +
                       std::to_string(caller.pid) + ")\n";
    for (std::size_t at = 0; at < every_namespace.size(); ++at) {
        const auto& theirs = target.namespaces[at];
        const auto& ours = caller.namespaces[at];
        text += std::string(differs(target, caller, at) ? "* " : "  ") +
                padded(std::string(name(every_namespace[at])), label_width);
        text += theirs ? padded(std::to_string(*theirs), column_width) +
                             (ours ? std::to_string(*ours) : ours.error())
                       : theirs.error();
        text += "\n";
    }
    return text;
}

std::string map_lines(std::string_view label, const Parsed<std::vector<IdRange>>& map) {
    if (!map) {
        return line(label, map.error());
    }
    std::string text;
    for (const IdRange& range : *map) {
        text += line(text.empty() ? label : "", std::to_string(range.inside) + " is " +
                                                    std::to_string(range.outside) + " for you, " +
                                                    std::to_string(range.count) + " ids");
    }
    return text.empty() ? line(label, "not written") : text;
}

std::string cgroup_lines(const Parsed<std::vector<std::string>>& cgroups) {
    if (!cgroups) {
        return line("cgroup", cgroups.error());
    }
    std::string text;
    for (const std::string& cgroup : *cgroups) {
        text += line(text.empty() ? "cgroup" : "", escaped(cgroup));
    }
    return text;
}

std::string rights_lines(const Portrait& target, unsigned last_capability) {
    const CapabilitySets& sets = target.capabilities;
    const auto words = [&](std::uint64_t set) { return capability_words(set, last_capability); };
    return "capabilities\n" + line("effective", words(sets.effective)) +
           line("permitted", words(sets.permitted)) + line("inheritable", words(sets.inheritable)) +
           line("bounding", words(sets.bounding)) + line("ambient", words(sets.ambient)) + "rights\n" +
           line("no_new_privs", target.no_new_privs ? "yes" : "no") + line("seccomp", target.seccomp) +
           line("dumpable", target.dumpable ? "yes" : "no: only root may look into it");
}

/// A name that a process gave itself may hold anything, and so may that of a cgroup.
std::string as_text(const Portrait& target, const Portrait& caller, unsigned last_capability) {
    std::string text = "process " + std::to_string(target.pid) + " (" + escaped(target.name) + ")\n";
    text += line("state", target.state);
    text += line("parent", std::to_string(target.parent));
    text += line("pids inwards", listed(target.nested_pids, "unknown"));
    text += namespace_lines(target, caller);
    text += "ids\n" + line("uid", ids_words(target.uids)) + line("gid", ids_words(target.gids)) +
            line("groups", listed(target.groups, "none")) + map_lines("uid map", target.uid_map) +
            map_lines("gid map", target.gid_map);
    return text + rights_lines(target, last_capability) + cgroup_lines(target.cgroups);
}

Json namespaces_json(const Portrait& target, const Portrait& caller) {
    Json object = Json::object();
    for (std::size_t at = 0; at < every_namespace.size(); ++at) {
        const auto& theirs = target.namespaces[at];
        const auto& ours = caller.namespaces[at];
        Json entry = theirs ? Json{{"id", *theirs}} : Json{{"error", theirs.error()}};
        if (ours) {
            entry["caller"] = *ours;
        }
        if (theirs && ours) {
            entry["differs"] = *theirs != *ours;
        }
        object[std::string(name(every_namespace[at]))] = std::move(entry);
    }
    return object;
}

Json ids_json(const FourIds& ids) {
    return {{"real", ids[0]}, {"effective", ids[1]}, {"saved", ids[2]}, {"filesystem", ids[3]}};
}

Json map_json(const Parsed<std::vector<IdRange>>& map) {
    if (!map) {
        return {{"error", map.error()}};
    }
    Json list = Json::array();
    for (const IdRange& range : *map) {
        list.push_back({{"inside", range.inside}, {"outside", range.outside}, {"count", range.count}});
    }
    return list;
}

std::string as_json(const Portrait& target, const Portrait& caller) {
    const CapabilitySets& sets = target.capabilities;
    Json json{{"pid", target.pid},
              {"name", target.name},
              {"state", target.state},
              {"parent", target.parent},
              {"nested_pids", target.nested_pids},
              {"namespaces", namespaces_json(target, caller)},
              {"uid", ids_json(target.uids)},
              {"gid", ids_json(target.gids)},
              {"groups", target.groups},
              {"uid_map", map_json(target.uid_map)},
              {"gid_map", map_json(target.gid_map)},
              {"capabilities",
               {{"effective", capability_names(sets.effective)},
                {"permitted", capability_names(sets.permitted)},
                {"inheritable", capability_names(sets.inheritable)},
                {"bounding", capability_names(sets.bounding)},
                {"ambient", capability_names(sets.ambient)}}},
              {"no_new_privs", target.no_new_privs},
              {"seccomp", target.seccomp},
              {"dumpable", target.dumpable}};
    json["cgroups"] = target.cgroups ? Json(*target.cgroups) : Json{{"error", target.cgroups.error()}};
    return written(json);
}

unsigned last_capability() {
    constexpr unsigned of_linux_5_9 = 40;
    auto text = sys::read_small_file("/proc/sys/kernel/cap_last_cap");
    while (text && text->ends_with('\n')) {
        text->pop_back();
    }
    const auto number = parse_number(text.value_or(""), 0, 63);
    return number ? static_cast<unsigned>(*number) : of_linux_5_9;
}

}  // namespace

int inspect(Arguments words) {
    const auto parsed = parse_command_line(Command::inspect, words);
    if (!parsed) {
        return complain_about_usage("inspect", parsed.error());
    }
    if (std::holds_alternative<HelpWanted>(*parsed)) {
        return say(help_of(Command::inspect));
    }
    const auto& request = std::get<Request>(*parsed);
    const auto caller = portray(0);
    const auto target = portray(*request.target);
    if (!caller || !target) {
        complain(!target ? target.error() : caller.error());
        return exit_failed;
    }
    return say(request.json ? as_json(*target, *caller) : as_text(*target, *caller, last_capability()));
}

}  // namespace linx::cli
