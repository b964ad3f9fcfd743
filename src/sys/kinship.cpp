#include "sys/kinship.hpp"

#include "sys/small_file.hpp"

#include <charconv>
#include <string>
#include <string_view>

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace linx::sys {

namespace {

std::string process_directory(pid_t pid) {
    return "/proc/" + std::to_string(pid);
}

/// The names in a directory that are numbers.
Outcome<std::vector<pid_t>> numbers_in(const std::string& path) {
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) {
        return std::unexpected(errno);
    }
    std::vector<pid_t> numbers;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        pid_t number = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (error == std::errc{} && end == name.data() + name.size()) {
            numbers.push_back(number);
        }
    }
    ::closedir(directory);
    return numbers;
}

/// The next number of a list that spaces separate; the text is cut to what follows.
template <class Number>
std::optional<Number> next_number(std::string_view& text) {
    const std::size_t begin = text.find_first_not_of(" \n");
    if (begin == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(begin);
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

void skip_words(std::string_view& text, int count) {
    for (; count > 0; --count) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        text.remove_prefix(std::min(text.find(' '), text.size()));
    }
}

}  // namespace

/// The name in parentheses may hold anything, parentheses too: the fields follow the last one.
Outcome<ProcessStatus> status_of_process(pid_t pid) {
    const auto file = read_small_file(process_directory(pid) + "/stat");
    if (!file) {
        return std::unexpected(file.error());
    }
    std::string_view text = *file;
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos || name_end + 2 >= text.size()) {
        return std::unexpected(EPROTO);
    }
    text.remove_prefix(name_end + 2);
    ProcessStatus status;
    status.is_zombie = text.front() == 'Z' || text.front() == 'X';
    text.remove_prefix(1);
    status.parent = next_number<pid_t>(text).value_or(0);
    status.group = next_number<pid_t>(text).value_or(0);
    status.session = next_number<pid_t>(text).value_or(0);
    constexpr int fields_up_to_start_time = 15;  // 7, tty_nr, to 21, itrealvalue
    skip_words(text, fields_up_to_start_time);
    status.start_time = next_number<std::uint64_t>(text).value_or(0);
    return status;
}

Outcome<std::vector<pid_t>> children_of(pid_t pid) {
    const std::string tasks = process_directory(pid) + "/task/";
    const auto threads = numbers_in(tasks);
    if (!threads) {
        return std::unexpected(threads.error());
    }
    std::vector<pid_t> children;
    bool any = false;
    for (const pid_t thread : *threads) {
        const auto file = read_small_file(tasks + std::to_string(thread) + "/children");
        any = any || file.has_value();
        std::string_view text = file ? std::string_view(*file) : std::string_view();
        while (const auto child = next_number<pid_t>(text)) {
            children.push_back(*child);
        }
    }
    if (!any) {
        return std::unexpected(ENOENT);
    }
    return children;
}

Outcome<std::vector<pid_t>> all_processes() {
    return numbers_in("/proc");
}

Outcome<void> become_subreaper() {
    const auto done = checked(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
    return done ? Outcome<void>{} : std::unexpected(done.error());
}

Outcome<void> hide_from_ptrace() {
    const auto done = checked(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    return done ? Outcome<void>{} : std::unexpected(done.error());
}

Outcome<std::optional<pid_t>> peek_ended_child() {
    siginfo_t info{};
    const auto answer = checked(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT));
    if (!answer) {
        return std::unexpected(answer.error());
    }
    return info.si_pid == 0 ? std::nullopt : std::optional{info.si_pid};
}

Outcome<void> reap_child(pid_t pid) {
    const auto answer = checked(::waitpid(pid, nullptr, WNOHANG));
    return answer ? Outcome<void>{} : std::unexpected(answer.error());
}

}  // namespace linx::sys
