#include "isolate/command.hpp"

#include "isolate/init.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>

namespace linx::isolate {

namespace {

using program::Draft;
using program::Subject;

bool has_nul(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

bool is_variable(const std::string& entry, std::string_view name) {
    return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

std::vector<std::string> base_environment(EnvironmentBase base, const char* const* caller) {
    std::vector<std::string> environment;
    if (base == EnvironmentBase::empty || caller == nullptr) {
        return environment;
    }
    for (; *caller != nullptr; ++caller) {
        std::string entry = *caller;
        if (base == EnvironmentBase::caller || is_variable(entry, "PATH") || is_variable(entry, "TERM")) {
            environment.push_back(std::move(entry));
        }
    }
    return environment;
}

Result<std::vector<std::string>> make_environment(const Environment& wanted, EnvironmentBase base,
                                                  const char* const* caller) {
    std::vector<std::string> environment = base_environment(base, caller);
    environment.reserve(environment.size() + wanted.changes.size());
    for (const auto& [name, value] : wanted.changes) {
        if (name.empty() || name.find('=') != std::string::npos || has_nul(name)) {
            return wrong("environment: `" + name +
                         "` is no name of a variable: it must not be empty, nor hold `=` or NUL");
        }
        if (value && has_nul(*value)) {
            return wrong("environment: the value of " + name + " holds a NUL byte");
        }
        std::erase_if(environment, [&name](const std::string& entry) { return is_variable(entry, name); });
        if (value) {
            std::string& entry = environment.emplace_back();
            entry.reserve(name.size() + 1 + value->size());
            entry.append(name).append(1, '=').append(*value);
        }
    }
    return environment;
}

std::optional<std::string> variable(const std::vector<std::string>& environment, std::string_view name) {
    const auto found =
        std::ranges::find_if(environment, [name](const auto& entry) { return is_variable(entry, name); });
    if (found == environment.end()) {
        return std::nullopt;
    }
    return found->substr(name.size() + 1);
}

Result<std::vector<std::string>> make_argv(const ProcessSpec& spec) {
    if (spec.argv.empty() && !spec.program) {
        return wrong("argv: is empty; it must name a program");
    }
    std::vector<std::string> argv = spec.argv;
    if (argv.empty()) {
        argv.emplace_back("program");
    }
    if (argv[0].empty() && !spec.program) {
        return wrong("argv: the name of the program is empty");
    }
    if (spec.arg0) {
        argv[0] = *spec.arg0;
    }
    for (std::size_t i = 0; i < argv.size(); ++i) {
        if (has_nul(argv[i])) {
            return wrong((spec.arg0 && i == 0 ? "arg0" : "argv: argument " + std::to_string(i)) +
                         ": holds a NUL byte");
        }
    }
    if (!spec.argv.empty() && has_nul(spec.argv[0])) {
        return wrong("argv: argument 0: holds a NUL byte");
    }
    return argv;
}

/// Executed by the child, or by the init. The slot of the program, when that is a descriptor.
std::optional<child::Slot> add_execute(const ProcessSpec& spec, const Command& command, Subject by,
                                       Draft& draft) {
    if (spec.program) {
        const child::Slot slot = draft.new_slot();
        const std::string label = "fd " + std::to_string(spec.program->number());
        draft.launcher_step(Phase::acquire, Subject::none, Stage::duplicate_fd,
                            program::BorrowFd{slot, spec.program->number(), "program"}, label);
        draft.child_step(Phase::exec, by, Stage::execve, child::ExecuteDescriptor{slot}, label);
        return slot;
    }
    std::vector<child::Text> texts;
    for (const std::string& path : candidates(spec.argv[0], variable(command.environment, "PATH"))) {
        texts.push_back(draft.arena.text(path));
    }
    child::Execute step{};
    step.candidates = draft.arena.list(std::span<const child::Text>(texts));
    step.searched = spec.argv[0].find('/') == std::string::npos;
    draft.child_step(Phase::exec, by, Stage::execve, step, spec.argv[0]);
    return std::nullopt;
}

Result<std::uint64_t> signal_set(const std::string& field, const std::vector<int>& signals) {
    std::uint64_t set = 0;
    for (const int signum : signals) {
        if (signum < 1 || signum > 64) {
            return wrong(field + ": " + std::to_string(signum) + " is no signal; signals are 1 to 64");
        }
        if (signum == SIGKILL || signum == SIGSTOP) {
            return wrong(field + ": SIGKILL and SIGSTOP can be neither ignored nor blocked");
        }
        set |= std::uint64_t{1} << (signum - 1);
    }
    return set;
}

std::string signal_name(int signum) {
    const char* name = ::sigabbrev_np(signum);
    return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signum);
}

/// What the workload blocks.
Result<std::uint64_t> compile_signals(const ProcessSpec& spec, Draft& draft) {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    const std::uint64_t ignored = LINX_TRY(signal_set("ignored_signals", spec.ignored_signals));
    const std::uint64_t blocked = LINX_TRY(signal_set("blocked_signals", spec.blocked_signals));
    draft.child_step(Phase::seal, Subject::child, Stage::signals,
                     child::ResetSignals{ignored, spec.init ? all : blocked});
    if (!spec.parent_death_signal) {
        return blocked;
    }
    const int signum = *spec.parent_death_signal;
    if (signum < 1 || signum > 64) {
        return wrong("parent_death_signal: " + std::to_string(signum) + " is no signal; signals are 1 to 64");
    }
    // Changing ids and joining a user namespace clear it: it is armed at birth, and once more at the end.
    for (const Phase phase : {Phase::birth, Phase::seal}) {
        draft.child_step(phase, Subject::child, Stage::parent_death_signal, child::ArmParentDeath{signum},
                         signal_name(signum));
    }
    return blocked;
}

Result<void> compile_directory(const ProcessSpec& spec, const Circumstances& now, Draft& draft) {
    const bool elsewhere = now.joined.contains(Namespace::mount);
    if (spec.cwd) {
        if (spec.cwd->empty() || has_nul(*spec.cwd)) {
            return wrong("cwd: must be a path, without a NUL byte");
        }
        draft.child_step(Phase::seal, Subject::child, Stage::chdir,
                         child::ChangeDirectory{draft.arena.text(*spec.cwd)}, *spec.cwd);
    } else if (elsewhere) {
        draft.child_step(Phase::seal, Subject::child, Stage::chdir,
                         child::ChangeDirectory{draft.arena.text("/")}, "/");
    }
    if (elsewhere) {
        draft.child_step(Phase::seal, Subject::child, Stage::verify_cwd, child::VerifyDirectory{});
    }
    return {};
}

void compile_leadership(const ProcessSpec& spec, Draft& draft) {
    if (spec.leads == Leads::session) {
        draft.child_step(Phase::prepare, Subject::child, Stage::setsid, child::LeadSession{});
    } else if (spec.leads == Leads::process_group) {
        draft.child_step(Phase::prepare, Subject::child, Stage::setpgid, child::LeadGroup{});
    }
}

}  // namespace

std::vector<std::string> candidates(const std::string& name, const std::optional<std::string>& path) {
    if (name.find('/') != std::string::npos) {
        return {name};
    }
    std::vector<std::string> paths;
    const std::string searched = path.value_or("/bin:/usr/bin");
    std::size_t start = 0;
    while (true) {
        const std::size_t colon = searched.find(':', start);
        const std::string directory = searched.substr(start, colon - start);
        // An empty element means the working directory.
        paths.push_back(directory.empty() ? name : directory + "/" + name);
        if (colon == std::string::npos) {
            return paths;
        }
        start = colon + 1;
    }
}

Result<Command> compile_command(const ProcessSpec& spec, const Circumstances& now,
                                const char* const* caller_environment, Draft& draft) {
    Command command;
    command.argv = LINX_TRY(make_argv(spec));
    const EnvironmentBase base =
        spec.environment.base.value_or(now.entering ? EnvironmentBase::minimal : EnvironmentBase::caller);
    command.environment = LINX_TRY(make_environment(spec.environment, base, caller_environment));
    LINX_TRY(compile_directory(spec, now, draft));
    const std::uint64_t blocked = LINX_TRY(compile_signals(spec, draft));
    compile_leadership(spec, draft);
    const auto program = add_execute(spec, command, spec.init ? Subject::init : Subject::child, draft);
    if (spec.init) {
        add_init(spec, {.blocked_signals = blocked, .program = program}, command, draft);
    }
    return command;
}

}  // namespace linx::isolate
