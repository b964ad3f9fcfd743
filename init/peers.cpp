/// The command lines of tini, dumb-init and catatonit, when the program is called by their names. Their
/// options and versions are read as they read them, and help and errors go where theirs go; the wording is
/// ours.
#include "init/options.hpp"

#include <csignal>

namespace linx::init {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::array<int, 3> job_control{SIGTSTP, SIGTTIN, SIGTTOU};

/// What an option does; false when its value is wrong.
using Take = bool (*)(Options&, char letter, std::string_view value) noexcept;

struct Peer {
    std::string_view letters;
    /// Those of the letters that have a value.
    std::string_view valued;
    /// An operand ends the options; else they may follow it, up to `--`.
    bool stops;
    Take take;
};

Verdict wrong(std::string_view word) noexcept {
    return refuse(1, "invalid option or value: ", word);
}

/// One word of short options; how many words it took, or 0 when it is wrong.
int cluster(const Peer& peer, char** words, Options& options) noexcept {
    const std::string_view word(*words);
    for (std::size_t i = 1; i < word.size(); ++i) {
        const char letter = word[i];
        if (peer.letters.find(letter) == npos) {
            return 0;
        }
        if (peer.valued.find(letter) == npos) {
            peer.take(options, letter, {});
            continue;
        }
        const bool attached = i + 1 < word.size();
        const char* const value = attached ? *words + i + 1 : words[1];
        return value == nullptr || !peer.take(options, letter, value) ? 0 : attached ? 1 : 2;
    }
    return 1;
}

/// Moves `count` words at `from` before the operands, whose first is at `to`.
void rotate(char** to, char** from, int count) noexcept {
    for (; count > 0; --count, ++to, ++from) {
        char* const word = *from;
        for (char** at = from; at > to; --at) {
            *at = at[-1];
        }
        *to = word;
    }
}

Verdict parse_with(const Peer& peer, char** argv, char** envp, Options& options) noexcept {
    const bool stops = peer.stops || variable(envp, "POSIXLY_CORRECT") != nullptr;
    char** operands = argv + 1;
    for (char** at = operands; *at != nullptr;) {
        const std::string_view word(*at);
        if (word.size() < 2 || word.front() != '-') {
            if (stops) {
                break;
            }
            ++at;
            continue;
        }
        const int taken = word == "--" ? 1 : cluster(peer, at, options);
        if (taken == 0) {
            return wrong(word);
        }
        rotate(operands, at, taken);
        operands += taken;
        at += taken;
        if (word == "--") {
            break;
        }
    }
    options.command = operands;
    if (*operands == nullptr && !options.pause) {
        return refuse(1, "which command?", {});
    }
    return {.runs = true};
}

bool take_tini(Options& options, char letter, std::string_view value) noexcept {
    if (letter == 's') {
        options.subreaper = true;
    } else if (letter == 'g') {
        options.to_group = true;
    } else if (letter == 'p') {
        options.parent_death = value.starts_with("SIG") ? signal_number(value) : -1;
        return options.parent_death > 0;
    } else if (letter == 'v') {
        options.verbose = true;
    } else if (letter == 'e') {
        const long code = number(value, 255);
        if (code < 0) {
            return false;
        }
        options.exit_codes[static_cast<std::size_t>(code)] = 0;
    }
    return true;
}

Verdict parse_tini(int argc, char** argv, char** envp, Options& options) noexcept {
    if (argc == 2 && std::string_view(argv[1]) == "--version") {
        return answer(1, "tini version 0.19.0\n");
    }
    if (argc > 1 && std::string_view(argv[1]) == "-h") {
        return answer(1, "Usage: tini [-sgwv] [-p SIGNAME] [-e CODE] COMMAND -- [ARG...] | --version\n");
    }
    options.exec_codes = {127, 126, 1};
    options.prefix = "[linx-init as tini] ";
    const char* const verbosity = variable(envp, "TINI_VERBOSITY");
    const long level = verbosity == nullptr ? 1 : number(verbosity, 9);
    options.verbose = level > 1;
    options.warns_of_orphans = level != 0;
    options.subreaper = variable(envp, "TINI_SUBREAPER") != nullptr;
    options.to_group = variable(envp, "TINI_KILL_PROCESS_GROUP") != nullptr;
    return parse_with({"svwgep", "ep", false, take_tini}, argv, envp, options);
}

bool take_dumb_init(Options& options, char letter, std::string_view value) noexcept {
    if (letter == 'v') {
        options.verbose = true;
    } else if (letter == 'c') {
        options.lead = Lead::nothing;
        options.to_group = false;
    } else if (letter == 'r') {
        const std::size_t colon = value.find(':');
        if (colon == npos) {
            return false;
        }
        const long from = number({value.data(), colon}, 31);
        const long to = number({value.data() + colon + 1, value.size() - colon - 1}, 31);
        if (from < 1 || to < 0) {
            return false;
        }
        options.rewrite[static_cast<std::size_t>(from)] = static_cast<std::uint8_t>(to);
    }
    return true;
}

/// Their long names, one letter each; the words are replaced in place.
void shorten(char** argv) noexcept {
    // Nobody writes to them: a page of data that can be written would be one more in memory.
    auto* const single = const_cast<char*>("-c");
    auto* const rewrite = const_cast<char*>("-r");
    auto* const verbose = const_cast<char*>("-v");
    for (char** at = argv + 1; *at != nullptr && **at == '-'; ++at) {
        const std::string_view word(*at);
        if (word == "--") {
            return;
        }
        *at = word == "--single-child" ? single
              : word == "--rewrite"    ? rewrite
              : word == "--verbose"    ? verbose
                                       : *at;
        if (std::string_view(*at) == "-r" && at[1] != nullptr) {
            ++at;
        }
    }
}

Verdict parse_dumb_init(char** argv, char** envp, Options& options) noexcept {
    const std::string_view first = argv[1] == nullptr ? std::string_view() : std::string_view(argv[1]);
    if (first == "--version" || first == "-V") {
        return answer(2, "dumb-init v1.2.5\n");
    }
    if (first == "--help" || first == "-h") {
        return answer(2,
                      "Usage: dumb-init [-c|--single-child] [-r|--rewrite S:R] [-v|--verbose] [--] COMMAND "
                      "[ARG...]\n");
    }
    shorten(argv);
    options.prefix = "[dumb-init] ";
    const char* const debug = variable(envp, "DUMB_INIT_DEBUG");
    options.verbose = debug != nullptr && std::string_view(debug) == "1";
    options.exec_codes = {2, 2, 2};
    options.subreaper = false;
    options.lead = Lead::session;
    options.terminates_group = true;
    const char* const setsid = variable(envp, "DUMB_INIT_SETSID");
    if (setsid != nullptr && std::string_view(setsid) == "0") {
        options.lead = Lead::nothing;
        options.to_group = false;
    }
    for (const int signum : job_control) {
        options.rewrite[static_cast<std::size_t>(signum)] = SIGSTOP;
    }
    const Verdict verdict = parse_with({"crv", "r", true, take_dumb_init}, argv, envp, options);
    options.terminates_group = options.to_group;
    options.stops_itself = options.to_group;
    for (const int signum : job_control) {
        std::uint8_t& becomes = options.rewrite[static_cast<std::size_t>(signum)];
        becomes = becomes == SIGSTOP && !options.to_group ? static_cast<std::uint8_t>(signum) : becomes;
    }
    return verdict;
}

bool take_catatonit(Options& options, char letter, std::string_view) noexcept {
    options.to_group = options.to_group || letter == 'g';
    options.pause = options.pause || letter == 'P';
    return true;
}

Verdict parse_catatonit(char** argv, char** envp, Options& options) noexcept {
    const std::string_view first = argv[1] == nullptr ? std::string_view() : std::string_view(argv[1]);
    if (first == "--version" || first == "-V") {
        return answer(1, "tini version 0.2.0_catatonit\n");
    }
    if (first == "--help" || first == "-h") {
        return answer(2, "Usage: catatonit [-ghLPV] [--] COMMAND [ARG...]\n");
    }
    if (first == "-L") {
        return answer(1, "linx-init is licensed under the terms in its LICENSE file.\n");
    }
    options.prefix = "linx-init (as catatonit): ";
    options.verbose = variable(envp, "CATATONIT_DEBUG") != nullptr;
    if (variable(envp, "CATATONIT_LOG") != nullptr) {
        return refuse(1, "CATATONIT_LOG is not supported", {});
    }
    options.exec_codes = {1, 1, 1};
    options.to_group = false;
    for (const int signum : job_control) {
        options.rewrite[static_cast<std::size_t>(signum)] = 0;
    }
    return parse_with({"gP", "", false, take_catatonit}, argv, envp, options);
}

}  // namespace

Verdict parse(int argc, char** argv, char** envp, Options& options) noexcept {
    std::string_view name = argc < 1 ? std::string_view() : std::string_view(argv[0]);
    for (std::size_t slash = name.find('/'); slash != npos; slash = name.find('/')) {
        name.remove_prefix(slash + 1);
    }
    if (name == "tini" || name == "tini-static" || name == "docker-init") {
        return parse_tini(argc, argv, envp, options);
    }
    if (name == "dumb-init") {
        return parse_dumb_init(argv, envp, options);
    }
    if (name == "catatonit" || name == "podman-init") {
        return parse_catatonit(argv, envp, options);
    }
    return parse_native(argc, argv, options);
}

}  // namespace linx::init
