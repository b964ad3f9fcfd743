/// Signals by name and by number.
#include "cli/parse.hpp"
#include "cli/parse_words.hpp"

#include <array>
#include <csignal>

namespace linx::cli {

namespace {

struct SignalName {
    std::string_view name;
    int number;
};

constexpr std::array<SignalName, 31> named_signals{{
    {"HUP", SIGHUP},       {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},     {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT},     {"BUS", SIGBUS},   {"FPE", SIGFPE},   {"KILL", SIGKILL},   {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV},     {"USR2", SIGUSR2}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},   {"TERM", SIGTERM},
    {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP},   {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU}, {"URG", SIGURG},   {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ},
    {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"IO", SIGIO},     {"WINCH", SIGWINCH}, {"PWR", SIGPWR},
    {"SYS", SIGSYS},
}};

}  // namespace

Parsed<int> parse_signal(std::string_view text) {
    const int last = SIGRTMAX;
    if (all_digits(text)) {
        const auto number = parse_number(text, 1, static_cast<std::uint64_t>(last));
        return number ? Parsed<int>{static_cast<int>(*number)} : refused(text, "is not a signal (1 to 64)");
    }
    std::string_view word = text;
    if (word.starts_with("SIG")) {
        word.remove_prefix(3);
    }
    for (const SignalName& signal : named_signals) {
        if (word == signal.name) {
            return signal.number;
        }
    }
    if (word == "RTMIN") {
        return SIGRTMIN;
    }
    if (word.starts_with("RTMIN+")) {
        const auto step = parse_number(word.substr(6), 0, static_cast<std::uint64_t>(last - SIGRTMIN));
        if (step) {
            return SIGRTMIN + static_cast<int>(*step);
        }
    }
    return refused(text, "is not a signal, such as TERM, KILL, USR1 or 15");
}

std::string signal_name(int signum) {
    for (const SignalName& signal : named_signals) {
        if (signal.number == signum) {
            return std::string(signal.name);
        }
    }
    if (signum >= SIGRTMIN && signum <= SIGRTMAX) {
        return "RTMIN+" + std::to_string(signum - SIGRTMIN);
    }
    return std::to_string(signum);
}

std::vector<std::string_view> signal_names() {
    std::vector<std::string_view> names;
    for (const SignalName& signal : named_signals) {
        names.push_back(signal.name);
    }
    return names;
}

}  // namespace linx::cli
