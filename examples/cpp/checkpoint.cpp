/// Park a child at the checkpoint, work on it from the host, let it go, wait for it.
///
///   checkpoint        as root or as any user
#include <linx/spawn.hpp>

#include <cstdio>

#include <sys/resource.h>

namespace {

int fail(const linx::Error& error) {
    std::fprintf(stderr, "checkpoint: %s\n", error.message().c_str());
    return 1;
}

}  // namespace

int main() {
    const linx::ProcessSpec spec{
        .argv = {"sh", "-c", "echo \"inside: pid $$, host $(hostname), $(ulimit -n) open files at most\""},
        .namespaces = linx::Namespaces::all(),
        .map_root = true,
        .hostname = "parked",
    };

    auto held = linx::spawn(spec);
    if (!held) {
        return fail(held.error());
    }
    std::printf("outside: the child is parked as pid %d; inside it will be pid %d\n", held->host_pid(),
                held->child_pid());
    std::fflush(stdout);

    // Whatever the host has to do happens here: an interface, a cgroup, a firewall, a limit.
    const rlimit open_files{.rlim_cur = 64, .rlim_max = 64};
    if (::prlimit(held->host_pid(), RLIMIT_NOFILE, &open_files, nullptr) != 0) {
        std::perror("checkpoint: prlimit");
        return 1;  // `held` is dropped: the child is killed and reaped, its program never ran
    }

    auto process = std::move(*held).proceed();
    if (!process) {
        return fail(process.error());
    }
    auto status = process->wait();
    if (!status) {
        return fail(status.error());
    }
    std::printf("outside: it ended with %d\n", status->shell_code());
    return status->shell_code();
}
