#include "cli/division.hpp"

#include <algorithm>

namespace linx::cli {

namespace {

class Divider {
public:
    Divider(Command command, std::span<const char* const> words)
        : command_(command), words_(words), pid_missing_(takes_pid(command)) {}

    Division divide() && {
        while (at_ < words_.size() && take_own()) {
        }
        division_.workload.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
        return std::move(division_);
    }

private:
    /// False where the workload begins.
    bool take_own() {
        const std::string_view word = words_[at_];
        if (word == "--" && takes_workload(command_)) {
            ++at_;
            return pass_mark();
        }
        if (word.starts_with("--") && word.size() > 2) {
            take_long(word);
        } else if (word.starts_with('-') && word.size() > 1) {
            keep(word);
        } else if (pid_missing_ || !takes_workload(command_)) {
            pid_missing_ = false;
            keep(word);
        } else {
            return false;
        }
        return true;
    }

    /// After `--`: `enter -- PID COMMAND` has its PID there, and perhaps a second mark.
    bool pass_mark() {
        if (pid_missing_ && at_ < words_.size()) {
            keep(words_[at_]);
            if (at_ < words_.size() && std::string_view(words_[at_]) == "--") {
                ++at_;
            }
        }
        return false;
    }

    void take_long(std::string_view word) {
        const std::size_t equals = word.find('=');
        const Option* const option = find_option(command_, word.substr(0, equals).substr(2));
        if (option == nullptr || option->value.empty()) {
            keep(word);
        } else if (equals != std::string_view::npos) {
            // CLI11 would take the word after `--name=` for its value.
            keep(word.substr(0, equals));
            division_.own.emplace_back(word.substr(equals + 1));
        } else {
            keep(word);
            if (at_ < words_.size()) {
                keep(words_[at_]);
            }
        }
        if (option != nullptr && std::ranges::find(division_.used, option) == division_.used.end()) {
            division_.used.push_back(option);
        }
    }

    void keep(std::string_view word) {
        division_.own.emplace_back(word);
        ++at_;
    }

    Command command_;
    std::span<const char* const> words_;
    bool pid_missing_;
    std::size_t at_ = 0;
    Division division_;
};

}  // namespace

bool takes_pid(Command command) noexcept {
    return command == Command::enter || command == Command::inspect;
}

bool takes_workload(Command command) noexcept {
    return command == Command::run || command == Command::enter || command == Command::plan ||
           command == Command::init;
}

Division divide(Command command, std::span<const char* const> words) {
    return Divider{command, words}.divide();
}

}  // namespace linx::cli
