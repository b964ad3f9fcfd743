/// The table of commands.
#include "cli/commands.hpp"

namespace linx::cli {

constinit const std::array<CommandInfo, 8> commands{{
    {Command::run, "run", "[OPTION...] [--] COMMAND [ARG...]", "launch a command, wait, exit with its status",
     "Launches COMMAND, parks it before its first instruction, lets it go, and waits.",
     "  linx run --all -- sh                  root in eight fresh namespaces\n"
     "  linx run --net --at-checkpoint 'ip link set v1 netns $LINX_PID' -- ip link\n"
     "Exit code: the command's, or 128+signal; 124 timeout, 125 linx failed,\n"
     "126 not executable, 127 not found\n"},
    {Command::enter, "enter", "[OPTION...] PID [--] COMMAND [ARG...]",
     "the same inside the namespaces of a process",
     "Launches COMMAND in the namespaces, the cgroup and the root of PID, and waits.",
     "  linx enter 4711 -- sh            all of its namespaces that differ from yours\n"
     "  linx enter --net 4711 -- ss -ltn its network, your files\n"},
    {Command::plan, "plan", "[OPTION...] [--] COMMAND [ARG...]", "show a launch as steps, run nothing",
     "Shows the steps of a launch, phase by phase, and runs nothing. It takes the\n"
     "options of 'linx run', or with --enter PID those of 'linx enter', and these:",
     "  linx plan --all -- sh\n"
     "  linx plan --json --enter 4711 -- sh\n"},
    {Command::init, "init", "[OPTION...] [--] COMMAND [ARG...]", "be the mini init of a command",
     "Becomes linx-init, which is a part of linx: it starts COMMAND, reaps whatever is\n"
     "left to it, forwards signals and exits as COMMAND does. It has its own options:\n"
     "'linx init --help' and 'man linx-init' tell them.",
     "  linx init -- make -j8\n"
     "  linx run --init --pid -- make -j8     process 1 of a fresh pid namespace\n"},
    {Command::inspect, "inspect", "[--json] PID", "show the namespaces and rights of a process beside yours",
     "Shows the namespaces of PID beside yours, with a mark at those that differ, its\n"
     "ids, maps, capabilities, seccomp mode and cgroup.",
     "  linx inspect 1\n"
     "  linx inspect --json $$ | jq .namespaces\n"},
    {Command::doctor, "doctor", "[--json]", "say what this kernel and this user can do, and why not",
     "Lists what kernel, user and cgroups allow, each line with its reason. Namespaces\n"
     "are tried for real, in children that are thrown away. Exit code 0: it works.",
     "  linx doctor\n"
     "  linx doctor --json | jq '.[] | select(.verdict != \"yes\")'\n"},
    {Command::completions, "completions", "bash|zsh", "print completions for a shell",
     "Prints the completions of linx for a shell.",
     "  linx completions bash > /usr/share/bash-completion/completions/linx\n"
     "  linx completions zsh > /usr/share/zsh/site-functions/_linx\n"},
    {Command::help, "help", "[COMMAND]", "show the help of a command",
     "Shows the help of linx, or of a command.", "  linx help run\n"},
}};

const CommandInfo& info(Command command) noexcept {
    return commands[static_cast<std::size_t>(command)];
}

const CommandInfo* command_named(std::string_view name) noexcept {
    for (const CommandInfo& candidate : commands) {
        if (candidate.name == name) {
            return &candidate;
        }
    }
    return nullptr;
}

}  // namespace linx::cli
