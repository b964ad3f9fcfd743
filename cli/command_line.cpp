#include "cli/command_line.hpp"

#include "cli/cli11.hpp"
#include "cli/division.hpp"
#include "cli/nearest.hpp"

#include <algorithm>

namespace linx::cli {

namespace {

using Answer = Parsed<std::variant<Request, HelpWanted>>;

std::string dashed(const Option& option) {
    return "--" + std::string(option.name);
}

/// The options as CLI11 holds them, beside the table's.
struct Built {
    const Option* option;
    CLI::Option* parsed;
};

Built build(CLI::App& app, const Option& option) {
    if (option.value.empty()) {
        return {&option, app.add_flag(dashed(option))->disable_flag_override()};
    }
    auto* const parsed = app.add_option(dashed(option), [](const CLI::results_t&) { return true; });
    parsed->take_all()->allow_extra_args(false);
    return {&option, parsed};
}

std::vector<Built> build_used(CLI::App& app, const std::vector<const Option*>& used) {
    std::vector<Built> built;
    for (const Option* const option : used) {
        if (option->set != nullptr) {
            built.push_back(build(app, *option));
        }
    }
    return built;
}

/// The sentence about a word that is no option of this command.
std::string unknown(Command command, std::string_view word) {
    const std::string_view name = word.substr(0, word.find('='));
    const std::string of = " of 'linx " + std::string(info(command).name) + "'";
    if (!name.starts_with("--")) {
        const bool option = name.starts_with('-') && name.size() > 1;
        return option ? quoted(name) + " is not an option" + of : "unexpected word " + quoted(word);
    }
    for (const CommandInfo& other : commands) {
        if (find_option(other.command, name.substr(2)) != nullptr) {
            return std::string(name) + " is an option of 'linx " + std::string(other.name) + "', not" + of;
        }
    }
    std::vector<std::string_view> known;
    for (const Option& option : options()) {
        if (option.commands.contains(command)) {
            known.push_back(option.name);
        }
    }
    return quoted(name) + " is not an option" + of + did_you_mean(name.substr(2), known, "--");
}

/// CLI11's complaint, in our words where we know better.
std::string complaint(Command command, const Division& division, const CLI::ParseError& error) {
    if (!division.own.empty() && division.own.back().starts_with("--")) {
        const Option* const last = find_option(command, division.own.back().substr(2));
        if (last != nullptr && !last->value.empty()) {
            return dashed(*last) + " needs a value: " + std::string(last->value);
        }
    }
    for (const std::string& word : division.own) {
        const std::size_t equals = word.find('=');
        const Option* const flag =
            equals == std::string::npos ? nullptr : find_option(command, word.substr(0, equals).substr(2));
        if (flag != nullptr && flag->value.empty()) {
            return dashed(*flag) + " takes no value";
        }
    }
    return error.what();
}

Parsed<void> apply(Request& request, const std::vector<Built>& built) {
    for (const auto& [option, parsed] : built) {
        for (const std::string& value : parsed->results()) {
            const auto done = option->set(request, option->value.empty() ? "" : std::string_view(value));
            if (!done) {
                return std::unexpected(dashed(*option) + ": " + done.error());
            }
        }
    }
    return {};
}

/// The words that are no option: the PID, and nothing else.
Parsed<void> take_pid(Command command, Request& request, const std::vector<std::string>& plain) {
    const bool wanted = takes_pid(command);
    if (wanted && plain.empty()) {
        return std::unexpected("which process? Its PID is missing");
    }
    for (std::size_t at = 0; at < plain.size(); ++at) {
        const bool option = plain[at].starts_with('-') && plain[at].size() > 1;
        if (option || !wanted || at > 0) {
            return std::unexpected(unknown(command, plain[at]));
        }
    }
    if (wanted) {
        const auto pid = parse_pid(plain.front());
        if (!pid) {
            return std::unexpected(pid.error());
        }
        request.target = *pid;
    }
    return {};
}

Answer parse_words(Command command, Division& division) {
    CLI::App app;
    app.allow_extras();
    const std::vector<Built> built = build_used(app, division.used);
    std::vector<std::string> reversed(division.own.rbegin(), division.own.rend());
    try {
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        return HelpWanted{};
    } catch (const CLI::ParseError& error) {
        return std::unexpected(complaint(command, division, error));
    }
    Request request;
    if (auto done = take_pid(command, request, app.remaining()); !done) {
        return std::unexpected(std::move(done).error());
    }
    if (auto done = apply(request, built); !done) {
        return std::unexpected(std::move(done).error());
    }
    request.spec.argv = std::move(division.workload);
    return request;
}

}  // namespace

Answer parse_command_line(Command command, std::span<const char* const> words) {
    try {
        Division division = divide(command, words);
        Answer answer = parse_words(command, division);
        auto* const request = answer ? std::get_if<Request>(&*answer) : nullptr;
        if (request == nullptr || !takes_workload(command)) {
            return answer;
        }
        if (request->spec.argv.empty()) {
            return std::unexpected("which command? It is missing after the options");
        }
        if (auto done = settle(*request); !done) {
            return std::unexpected(std::move(done).error());
        }
        return answer;
    } catch (const std::exception& error) {
        return std::unexpected(error.what());
    }
}

}  // namespace linx::cli
