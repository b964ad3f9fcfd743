/// The command line of linx-init itself. Options end at the command.
#include "init/options.hpp"

#include <csignal>

namespace linx::init {

namespace {

constexpr std::string_view usage =
    "Usage: linx-init [OPTION...] [--] COMMAND [ARG...]\n"
    "Runs COMMAND as its only supervisor: reaps, forwards signals, exits as it does.\n\n"
    "  --rewrite FROM:TO   pass a signal on as another; FROM: drops it (repeatable)\n"
    "  --map-exit FROM:TO  exit with another code (repeatable)\n"
    "  --session, --pgrp, --no-pgrp  what the command leads; a group unless asked\n"
    "  --parent-death SIG  get this signal when the parent dies\n"
    "  --exit-as-signal    end by the signal that ended the command\n"
    "  --pause             no command: reap until TERM or INT\n"
    "  --help, --version\n";

Verdict refuse(std::string_view text, std::string_view about) noexcept {
    return {.code = 125, .text = text, .about = about};
}

struct Halves {
    std::string_view from;
    std::string_view to;
    bool both = false;
};

Halves split(std::string_view text) noexcept {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return {};
    }
    return {{text.data(), colon}, {text.data() + colon + 1, text.size() - colon - 1}, true};
}

bool rewrite(Options& options, std::string_view value) noexcept {
    const Halves halves = split(value);
    const int from = halves.both ? signal_number(halves.from) : -1;
    const int to = halves.to.empty() ? 0 : signal_number(halves.to);
    if (from < 0 || to < 0) {
        return false;
    }
    options.rewrite[static_cast<std::size_t>(from)] = static_cast<std::uint8_t>(to);
    return true;
}

bool map_exit(Options& options, std::string_view value) noexcept {
    const Halves halves = split(value);
    const long from = halves.both ? number(halves.from, 255) : -1;
    const long to = number(halves.to, 255);
    if (from < 0 || to < 0) {
        return false;
    }
    options.exit_codes[static_cast<std::size_t>(from)] = static_cast<std::uint8_t>(to);
    return true;
}

bool parent_death(Options& options, std::string_view value) noexcept {
    options.parent_death = signal_number(value);
    return options.parent_death > 0;
}

bool report_fd(Options& options, std::string_view value) noexcept {
    options.report_fd = static_cast<int>(number(value, 1 << 20));
    return options.report_fd >= 0;
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
constexpr std::array<Valued, 5> valued{{{"--rewrite", rewrite},
                                        {"--map-exit", map_exit},
                                        {"--parent-death", parent_death},
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
            return {.fd = 1, .text = usage};
        }
        if (word == "--version") {
            return {.fd = 1, .text = "linx-init " LINX_VERSION "\n"};
        }
        const int taken = flag(options, word) ? 1 : take_valued(options, words, word);
        if (taken == 0) {
            return refuse("not an option: ", word);
        }
        if (taken < 0) {
            return refuse("its value is missing or wrong: ", word);
        }
        words += taken;
    }
    options.command = words;
    if (*words == nullptr && !options.pause) {
        return refuse("which command?", {});
    }
    return {.runs = true};
}

}  // namespace linx::init
