/// Makes one launch with the library, looks at the workload from outside, and says what came of it:
///
///   driver WITNESS SCENARIO [WEAKNESS LEFT]
///
/// `ok` and what the kernel says of the workload, or `error STAGE ERRNO MESSAGE`; then a line beginning with
/// `leak` for everything that a launch must not leave behind. Exits 0 when nothing leaked. It is run under
/// the injector (injector.hpp), but runs alone just as well.
#include "look.hpp"
#include "marker.hpp"
#include "scenario.hpp"
#include "stage.hpp"
#include "weakness.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

using fault::Container;
using fault::Marked;
using fault::Scenario;
using fault::Weakness;

constexpr int witness_deadline_ms = 5000;

struct Request {
    const Scenario* scenario = nullptr;
    std::string weakness;
    unsigned long left = 0;
};

/// The workload's stdin and stdout, as the driver holds them.
struct Pipes {
    int stdin_read = -1, stdin_write = -1, stdout_read = -1, stdout_write = -1;

    Pipes() {
        int in[2];
        int out[2];
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
            std::exit(3);
        }
        stdin_read = in[0], stdin_write = in[1], stdout_read = out[0], stdout_write = out[1];
    }
    Pipes(const Pipes&) = delete;
    Pipes& operator=(const Pipes&) = delete;
    ~Pipes() {
        for (int* const fd : {&stdin_read, &stdin_write, &stdout_read, &stdout_write}) {
            shut(*fd);
        }
    }
    static void shut(int& fd) {
        if (fd >= 0) {
            close(fd);
        }
        fd = -1;
    }
};

linx::ProcessSpec spec_for(const Scenario& scenario, const Pipes& pipes, pid_t container) {
    linx::ProcessSpec spec;
    spec.argv = {"witness"};
    spec.environment.base = linx::EnvironmentBase::empty;
    spec.environment.changes = {{"PATH", std::string{"/nonexistent:"} + fault::folder}};
    spec.stdin_from = linx::StdioFd{linx::FdRef{pipes.stdin_read}};
    spec.stdout_to = linx::StdioFd{linx::FdRef{pipes.stdout_write}};
    spec.init = scenario.has_init;
    scenario.complete(spec, container);
    return spec;
}

std::string told(const linx::Error& error) {
    return "error " + std::string{linx::name(error.stage)} + " " + linx::errno_symbol(error.errnum) + " " +
           error.message() + "\n";
}

std::string line_of_witness(int fd) {
    pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
    char line[2048];
    if (poll(&readable, 1, witness_deadline_ms) != 1) {
        return "leak: the witness says nothing\n";
    }
    const ssize_t length = read(fd, line, sizeof line);
    return length > 0 ? std::string(line, static_cast<std::size_t>(length)) : "the witness ended early\n";
}

linx::Result<linx::Held> launch(const Request& request, const linx::ProcessSpec& spec, pid_t container) {
    const Weakness weakness{request.weakness, request.left};
    const Marked marked;
    return request.scenario->enters ? linx::enter(container, spec) : linx::spawn(spec);
}

/// An allocation fails once: before the checkpoint, or after it.
std::string late(const std::string& weakness) {
    return weakness == "allocations" ? "" : weakness == "late_allocations" ? "allocations" : weakness;
}

linx::Result<linx::Process> proceed(const Request& request, linx::Held held) {
    const Weakness weakness{late(request.weakness), request.left};
    const Marked marked;
    return std::move(held).proceed();
}

linx::Result<linx::ExitStatus> wait(linx::Process& process) {
    const Marked marked;
    return process.wait();
}

/// From the checkpoint to the workload's end.
std::string run(const Request& request, linx::Held held, Pipes& pipes, pid_t container) {
    auto process = proceed(request, std::move(held));
    if (!process) {
        return told(process.error());
    }
    // In this order: only once the witness has spoken is everything as it stays.
    std::string seen = line_of_witness(pipes.stdout_read);
    const pid_t pid = process->host_pid();
    seen += fault::look_at(request.scenario->has_init ? fault::child_of(pid) : pid, container);
    Pipes::shut(pipes.stdin_read);
    Pipes::shut(pipes.stdin_write);
    const auto status = wait(*process);
    // The end of a failed wait is the drop of the Process, at the end of this function.
    return status ? "ok " + std::to_string(status->shell_code()) + "\n" + seen : told(status.error());
}

std::string end(const Scenario& scenario, linx::Held held) {
    const Marked marked;
    if (scenario.ending == fault::Ending::drop) {
        const linx::Held dropped{std::move(held)};
        return "ok dropped\n";
    }
    const auto aborted = std::move(held).abort();
    return aborted ? "ok aborted\n" : told(aborted.error());
}

std::string launch_and_end(const Request& request, Pipes& pipes, pid_t container) {
    const linx::ProcessSpec spec = spec_for(*request.scenario, pipes, container);
    auto held = launch(request, spec, container);
    if (!held) {
        return told(held.error());
    }
    return request.scenario->ending == fault::Ending::run ? run(request, std::move(*held), pipes, container)
                                                          : end(*request.scenario, std::move(*held));
}

int play(const Request& request) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // so that an orphan shows as a child
    std::unique_ptr<Container> container;
    if (request.scenario->container != 0) {
        container = std::make_unique<Container>(request.scenario->container);
    }
    const fault::Snapshot before = fault::snapshot();
    std::string outcome;
    {
        Pipes pipes;
        outcome = launch_and_end(request, pipes, container ? container->pid() : -1);
    }
    std::string leaks = fault::differences(before, fault::snapshot());
    container.reset();
    leaks += fault::children_left();
    std::fputs((outcome + leaks).c_str(), stdout);
    std::fflush(stdout);
    return (outcome + leaks).find("leak: ") == std::string::npos ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
        for (const Scenario& scenario : fault::scenarios()) {
            std::puts(std::string{scenario.name}.c_str());
        }
        return 0;
    }
    const auto& all = fault::scenarios();
    const auto scenario =
        argc < 3 ? all.end() : std::ranges::find(all, std::string_view{argv[2]}, &Scenario::name);
    if (scenario == all.end() || (argc != 3 && argc != 5) || (argc == 5 && !Weakness::exists(argv[3]))) {
        std::fputs("usage: driver --list | driver WITNESS SCENARIO [WEAKNESS LEFT]\n", stderr);
        return 2;
    }
    if (geteuid() == 0) {
        if (!fault::set_up_stage("/proc/self/exe", argv[1])) {
            return 3;
        }
        if (scenario->user == fault::lonely_user) {
            fault::become(fault::lonely_user + static_cast<uid_t>(getpid()), argv);
        }
        if (scenario->user != 0) {
            fault::become(scenario->user, argv);
        }
    }
    return play({.scenario = &*scenario,
                 .weakness = argc == 5 ? argv[3] : "",
                 .left = argc == 5 ? std::strtoul(argv[4], nullptr, 10) : 0});
}
