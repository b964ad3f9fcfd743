/// Numbers, signals and variables, read strictly.
#include "init/options.hpp"

#include <csignal>

namespace linx::init {

namespace {

/// Eight bytes each, since the table stays in memory.
struct Named {
    char name[7];
    std::uint8_t number;
};

constexpr std::array<Named, 30> names{{
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT}, {"BUS", SIGBUS},   {"FPE", SIGFPE},   {"KILL", SIGKILL}, {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV}, {"USR2", SIGUSR2}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"CHLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU}, {"URG", SIGURG},   {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF}, {"IO", SIGIO},     {"PWR", SIGPWR},   {"SYS", SIGSYS},   {"WINCH", SIGWINCH},
}};

/// Those that programs see: the C library keeps 32 and 33 for itself.
constexpr int first_real_time = 34;
constexpr int last_real_time = 64;

int real_time(std::string_view text) noexcept {
    const bool from_first = text.starts_with("RTMIN");
    if (!from_first && !text.starts_with("RTMAX")) {
        return -1;
    }
    const int base = from_first ? first_real_time : last_real_time;
    text.remove_prefix(5);
    if (text.empty()) {
        return base;
    }
    const bool right_sign = text.front() == (from_first ? '+' : '-');
    text.remove_prefix(1);
    const long distance = number(text, last_real_time - first_real_time);
    if (!right_sign || distance < 0) {
        return -1;
    }
    return from_first ? base + static_cast<int>(distance) : base - static_cast<int>(distance);
}

}  // namespace

[[gnu::noinline]] Verdict answer(int fd, std::string_view text) noexcept {
    return {.fd = fd, .text = text};
}

[[gnu::noinline]] Verdict refuse(int code, std::string_view text, std::string_view about) noexcept {
    return {.code = code, .text = text, .about = about};
}

void set_defaults(Options& options, std::uint64_t born_with) noexcept {
    options.child_mask = born_with;
    for (std::size_t i = 0; i < options.rewrite.size(); ++i) {
        options.rewrite[i] = static_cast<std::uint8_t>(i);
    }
    for (std::size_t i = 0; i < options.exit_codes.size(); ++i) {
        options.exit_codes[i] = static_cast<std::uint8_t>(i);
    }
}

long number(std::string_view text, long most) noexcept {
    long value = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') {
            return -1;
        }
        value = value * 10 + (digit - '0');
        if (value > most) {
            return -1;
        }
    }
    return text.empty() ? -1 : value;
}

long duration(std::string_view text) noexcept {
    struct Unit {
        std::string_view name;
        long milliseconds;
    };
    constexpr std::array<Unit, 5> units{
        {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"", 1000}}};
    constexpr long day = 86'400'000;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        ++digits;
    }
    const long count = number({text.data(), digits}, day);
    text.remove_prefix(digits);
    for (const Unit& unit : units) {
        if (count >= 0 && text == unit.name) {
            return count <= day / unit.milliseconds ? count * unit.milliseconds : -1;
        }
    }
    return -1;
}

int signal_number(std::string_view text) noexcept {
    if (const long plain = number(text, last_real_time); plain > 0) {
        return static_cast<int>(plain);
    }
    if (text.starts_with("SIG")) {
        text.remove_prefix(3);
    }
    for (const Named& known : names) {
        if (std::string_view(known.name) == text) {
            return known.number;
        }
    }
    return real_time(text);
}

const char* variable(char** envp, std::string_view name) noexcept {
    for (; *envp != nullptr; ++envp) {
        const std::string_view entry(*envp);
        if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
            return *envp + name.size() + 1;
        }
    }
    return nullptr;
}

}  // namespace linx::init
