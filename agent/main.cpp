/// The executable linx_process: a Port program between the BEAM and its workloads.
#include "agent/agent.hpp"
#include "sys/process.hpp"
#include "sys/terminal.hpp"

#include <charconv>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string_view>

#include <sysexits.h>

namespace linx::agent {

namespace {

constexpr std::string_view usage =
    "usage: linx_process [--vm-pid PID]\n"
    "\n"
    "The agent of the Elixir package linx: it launches and supervises workloads for the BEAM, which starts "
    "it\n"
    "as a Port program with requests on descriptor 3 and events on descriptor 4. It is not meant to be run "
    "by\n"
    "hand; the command linx is.\n"
    "\n"
    "  --vm-pid PID   the BEAM's process; its end is the agent's, as is the end of the requests\n"
    "  --version      print the version\n"
    "  --help         print this\n";

int say(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0
               ? EX_OK
               : EX_IOERR;
}

int complain(std::string_view text) {
    std::fprintf(stderr, "linx_process: %.*s\n", static_cast<int>(text.size()), text.data());
    return EX_USAGE;
}

std::optional<pid_t> parse_pid(std::string_view text) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    return error == std::errc{} && end == text.data() + text.size() && pid > 0 ? std::optional{pid}
                                                                               : std::nullopt;
}

int serve(std::optional<pid_t> vm_pid) {
    constexpr int requests = 3;
    constexpr int events = 4;
    if (!sys::is_open(FdRef{requests}) || !sys::is_open(FdRef{events})) {
        return complain("descriptors 3 and 4 are not open: this is a Port program; see --help");
    }
    // What the VM left open is not ours to hold, and would be in every launch's way.
    (void)sys::close_all_from(events + 1);
    Fd vm;
    if (vm_pid) {
        auto pinned = sys::pidfd_open(*vm_pid);
        if (!pinned) {
            return complain("the process of --vm-pid is not there");
        }
        vm = std::move(*pinned);
    }
    Agent agent(Fd{requests}, Fd{events}, std::move(vm));
    if (const auto done = agent.run(); !done) {
        (void)complain(done.error().message());
        return EX_OSERR;
    }
    return EX_OK;
}

int run(std::span<char*> words) {
    std::optional<pid_t> vm_pid;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (word == "--help" || word == "-h") {
            return say(usage);
        }
        if (word == "--version") {
            return say("linx_process " LINX_VERSION "\n");
        }
        if (word != "--vm-pid" || i + 1 == words.size()) {
            return complain("wrong arguments; see --help");
        }
        vm_pid = parse_pid(words[++i]);
        if (!vm_pid) {
            return complain("--vm-pid wants a pid");
        }
    }
    return serve(vm_pid);
}

}  // namespace

}  // namespace linx::agent

int main(int argc, char** argv) {
    try {
        const std::span words(argv, static_cast<std::size_t>(argc));
        return linx::agent::run(words.subspan(words.empty() ? 0 : 1));
    } catch (const std::exception& error) {
        return linx::agent::complain(error.what());
    }
}
