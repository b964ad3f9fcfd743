/// The command line of linx-init itself. Options end at the command.
#include "init/options.hpp"

#include <csignal>

namespace linx::init {

namespace {

constexpr std::string_view usage =
    "Usage: linx-init [OPTION...] [--] COMMAND [ARG...]\n"
    "Runs COMMAND as its only supervisor: reaps, forwards signals, exits as it does.\n\n"
    "  --grace DUR         at the end TERM to everyone left, KILL after DUR (10s, 500ms)\n"
    "  --wait-all          do not exit before the last descendant has\n"
    "  --rewrite FROM:TO   pass a signal on as another; FROM: drops it (repeatable)\n"
    "  --delay SIG:DUR     hold a signal back (repeatable)\n"
    "  --map-exit FROM[-LAST]:TO  exit with another code (repeatable)\n"
    "  --restart[=on-failure]  start the command again, until TERM, INT or QUIT\n"
    "  --user UID[:GID], --group GID, --groups GID,...  who the command runs as\n"
    "  --cwd DIR, --env NAME=VALUE  where, and with what\n"
    "  --session, --pgrp, --no-pgrp  what the command leads; a group unless asked\n"
    "  --parent-death SIG  get this signal when the parent dies\n"
    "  --exit-as-signal    end by the signal that ended the command\n"
    "  --status-fd N       a JSON line for each start, stop, continue and end\n"
    "  --pause             no command: reap until TERM or INT\n"
    "  -v                  say on stderr what happens\n"
    "  --help, --version\n";

struct Halves {
    std::string_view from;
    std::string_view to;
    bool both = false;
};

Halves split(std::string_view text, char at) noexcept {
    const std::size_t colon = text.find(at);
    if (colon == std::string_view::npos) {
        return {};
    }
    return {{text.data(), colon}, {text.data() + colon + 1, text.size() - colon - 1}, true};
}

bool rewrite(Options& options, std::string_view value) noexcept {
    const Halves halves = split(value, ':');
    const int from = halves.both ? signal_number(halves.from) : -1;
    const int to = halves.to.empty() ? 0 : signal_number(halves.to);
    if (from < 0 || to < 0) {
        return false;
    }
    options.rewrite[static_cast<std::size_t>(from)] = static_cast<std::uint8_t>(to);
    return true;
}

bool map_exit(Options& options, std::string_view value) noexcept {
    const Halves halves = split(value, ':');
    const Halves range = split(halves.from, '-');
    const long first = number(range.both ? range.from : halves.from, 255);
    const long last = range.both ? number(range.to, 255) : first;
    const long to = number(halves.to, 255);
    for (long from = first; from >= 0 && to >= 0 && from <= last; ++from) {
        options.exit_codes[static_cast<std::size_t>(from)] = static_cast<std::uint8_t>(to);
    }
    return halves.both && first >= 0 && last >= first && to >= 0;
}

bool delay(Options& options, std::string_view value) noexcept {
    const Halves halves = split(value, ':');
    const int signum = halves.both ? signal_number(halves.from) : -1;
    const long held = duration(halves.to);
    if (signum < 0 || held < 0) {
        return false;
    }
    options.delay_ms[static_cast<std::size_t>(signum)] = static_cast<std::uint32_t>(held);
    return true;
}

bool grace(Options& options, std::string_view value) noexcept {
    const long time = duration(value);
    options.has_grace = true;
    options.grace_ms = static_cast<std::uint64_t>(time);
    return time >= 0;
}

bool identity(std::uint32_t& into, std::string_view value) noexcept {
    const long id = number(value, no_id - 1L);
    into = static_cast<std::uint32_t>(id);
    return id >= 0;
}

bool group(Options& options, std::string_view value) noexcept {
    return identity(options.group, value);
}

bool user(Options& options, std::string_view value) noexcept {
    const Halves halves = split(value, ':');
    return halves.both ? identity(options.user, halves.from) && group(options, halves.to)
                       : identity(options.user, value);
}

/// An empty list is one: no supplementary groups.
bool groups(Options& options, std::string_view value) noexcept {
    options.has_groups = true;
    options.group_count = 0;
    while (!value.empty()) {
        const Halves halves = split(value, ',');
        if (options.group_count == options.groups.size() ||
            !identity(options.groups[options.group_count++], halves.both ? halves.from : value) ||
            (halves.both && halves.to.empty())) {
            return false;
        }
        value = halves.to;
    }
    return true;
}

/// The words of a command line end with a zero byte, and so does a value.
bool directory(Options& options, std::string_view value) noexcept {
    options.directory = value.data();
    return !value.empty();
}

bool environment(Options& options, std::string_view value) noexcept {
    if (options.variable_count == options.variables.size() || value.find('=') == std::string_view::npos ||
        value.front() == '=') {
        return false;
    }
    options.variables[options.variable_count++] = const_cast<char*>(value.data());
    return true;
}

bool arg0(Options& options, std::string_view value) noexcept {
    options.arg0 = const_cast<char*>(value.data());
    return true;
}

bool descriptor(int& into, std::string_view value) noexcept {
    into = static_cast<int>(number(value, 1 << 20));
    return into >= 0;
}

bool exec_fd(Options& options, std::string_view value) noexcept {
    return descriptor(options.exec_fd, value);
}

bool status_fd(Options& options, std::string_view value) noexcept {
    return descriptor(options.status_fd, value);
}

bool parent_death(Options& options, std::string_view value) noexcept {
    options.parent_death = signal_number(value);
    return options.parent_death > 0;
}

bool report_fd(Options& options, std::string_view value) noexcept {
    return descriptor(options.report_fd, value);
}

bool child_mask(Options& options, std::string_view value) noexcept {
    std::uint64_t mask = 0;
    for (const char digit : value) {
        const bool letter = digit >= 'a' && digit <= 'f';
        if (!letter && (digit < '0' || digit > '9')) {
            return false;
        }
        mask = mask << 4 | static_cast<std::uint64_t>(letter ? digit - 'a' + 10 : digit - '0');
    }
    options.child_mask = mask;
    return !value.empty() && value.size() <= 16;
}

struct Valued {
    std::string_view name;
    bool (*take)(Options&, std::string_view) noexcept;
};
constexpr std::array<Valued, 15> valued{{{"--rewrite", rewrite},
                                         {"--map-exit", map_exit},
                                         {"--parent-death", parent_death},
                                         {"--grace", grace},
                                         {"--delay", delay},
                                         {"--status-fd", status_fd},
                                         {"--user", user},
                                         {"--group", group},
                                         {"--groups", groups},
                                         {"--cwd", directory},
                                         {"--env", environment},
                                         {"--arg0", arg0},
                                         {"--exec-fd", exec_fd},
                                         {"--report-fd", report_fd},
                                         {"--child-mask", child_mask}}};

bool flag(Options& options, std::string_view word) noexcept {
    if (word == "--session") {
        options.lead = Lead::session;
    } else if (word == "--pgrp") {
        options.lead = Lead::group;
    } else if (word == "--no-pgrp") {
        options.lead = Lead::nothing;
        options.to_group = false;
    } else if (word == "--exit-as-signal") {
        options.exits_as_signal = true;
    } else if (word == "--wait-all") {
        options.waits_for_all = true;
    } else if (word == "--restart") {
        options.restart = Restart::always;
    } else if (word == "--restart=on-failure") {
        options.restart = Restart::on_failure;
    } else if (word == "-v") {
        options.verbose = true;
    } else if (word == "--pause") {
        options.pause = true;
    } else {
        return false;
    }
    return true;
}

/// How many words the option took; 0 when there is none of that name, -1 when its value is wrong.
int take_valued(Options& options, char** words, std::string_view word) noexcept {
    for (const Valued& option : valued) {
        const std::size_t size = option.name.size();
        if (!word.starts_with(option.name) || (word.size() > size && word[size] != '=')) {
            continue;
        }
        const bool attached = word.size() > size;
        if (!attached && words[1] == nullptr) {
            return -1;
        }
        const std::string_view value = attached
                                           ? std::string_view(word.data() + size + 1, word.size() - size - 1)
                                           : std::string_view(words[1]);
        return !option.take(options, value) ? -1 : attached ? 1 : 2;
    }
    return 0;
}

}  // namespace

Verdict parse_native(int, char** argv, Options& options) noexcept {
    char** words = argv + 1;
    while (*words != nullptr && **words == '-') {
        const std::string_view word(*words);
        if (word == "--") {
            ++words;
            break;
        }
        if (word == "--help" || word == "-h") {
            return answer(1, usage);
        }
        if (word == "--version") {
            return answer(1, "linx-init " LINX_VERSION "\n");
        }
        const int taken = flag(options, word) ? 1 : take_valued(options, words, word);
        if (taken == 0) {
            return refuse(125, "not an option: ", word);
        }
        if (taken < 0) {
            return refuse(125, "its value is missing or wrong: ", word);
        }
        words += taken;
    }
    options.command = words;
    if (*words == nullptr && !options.pause) {
        return refuse(125, "which command?", {});
    }
    return {.runs = true};
}

}  // namespace linx::init
