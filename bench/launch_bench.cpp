/// The library in-process: `spawn`, `proceed` and `wait`, beside a floor in C that does clone3, writes the
/// maps, executes and waits.
#include "floor_launch.h"
#include "groups.hpp"
#include "program.hpp"

#include <linx/spawn.hpp>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr double launch_target = 1.25;
/// "Nothing beyond what fork itself costs": a tenth is what two medians of the same thing differ by here.
constexpr double growth_target = 1.1;
constexpr int open_descriptors = 10'000;

using enum linx::Namespace;
constexpr linx::Namespaces five{pid, net, ipc, uts, mount};

linx::ProcessSpec spec_in(linx::Namespaces namespaces) {
    linx::ProcessSpec spec;
    spec.argv = {bin_folder() / "true"};
    spec.namespaces = namespaces;
    spec.map_root = namespaces.contains(user);
    spec.loopback = false;  // the floor does not bring it up either
    return spec;
}

Action launch(linx::ProcessSpec spec) {
    return [spec = std::move(spec)]() -> std::expected<void, std::string> {
        auto held = linx::spawn(spec);
        if (!held) {
            return std::unexpected(held.error().message());
        }
        auto process = std::move(*held).proceed();
        if (!process) {
            return std::unexpected(process.error().message());
        }
        const auto status = process->wait();
        if (!status) {
            return std::unexpected(status.error().message());
        }
        if (status->shell_code() != 0) {
            return std::unexpected("linx: exit code " + std::to_string(status->shell_code()));
        }
        return {};
    };
}

Action floor_in(linx::Namespaces namespaces) {
    return
        [namespaces, path = (bin_folder() / "true").string()]() mutable -> std::expected<void, std::string> {
            char* const argv[] = {path.data(), nullptr};
            const struct floor_launch request{
                .namespaces = namespaces.clone_flags(), .maps = namespaces.contains(user), .argv = argv};
            const int code = floor_launch_and_wait(&request);
            if (code != 0) {
                return std::unexpected("floor: " +
                                       (code < 0 ? std::string{std::strerror(errno)} : std::to_string(code)));
            }
            return {};
        };
}

Action fork_and_exec() {
    return [path = (bin_folder() / "true").string()]() mutable -> std::expected<void, std::string> {
        char* const argv[] = {path.data(), nullptr};
        const pid_t child = fork();
        if (child == 0) {
            execve(argv[0], argv, environ);
            _exit(127);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            return std::unexpected(std::string{"fork and exec failed"});
        }
        return {};
    };
}

/// Descriptors that the caller happens to have open, close-on-exec as a good program's are.
class Crowd {
public:
    void open_all() {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        for (int i = 0; i < open_descriptors; ++i) {
            const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
            if (fd < 0) {
                break;
            }
            fds_.push_back(fd);
        }
    }
    void close_all() {
        for (const int fd : fds_) {
            close(fd);
        }
        fds_.clear();
    }
    [[nodiscard]] bool is_whole() const { return fds_.size() == open_descriptors; }

private:
    std::vector<int> fds_;
};

Sample in_a_crowd(const std::shared_ptr<Crowd>& crowd, Sample sample) {
    return [crowd, sample = std::move(sample)]() -> Measured {
        if (!crowd->is_whole()) {
            return std::unexpected(std::string{"the hard RLIMIT_NOFILE does not allow 10,000 descriptors"});
        }
        return sample();
    };
}

/// Memory of the caller, every small page of it touched: what a fork has to copy page tables for.
class Ballast {
public:
    explicit Ballast(std::size_t bytes) : bytes_(bytes) {}
    void map() {
        memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        madvise(memory_, bytes_, MADV_NOHUGEPAGE);
        std::memset(memory_, 1, bytes_);
    }
    void unmap() { munmap(memory_, bytes_); }
    /// Whether a fork sees the memory at all. With and without, in turn, gives the growth of one launch.
    void show_to_fork(bool shown) { madvise(memory_, bytes_, shown ? MADV_DOFORK : MADV_DONTFORK); }

private:
    std::size_t bytes_;
    void* memory_ = nullptr;
};

Sample growth(const std::shared_ptr<Ballast>& ballast, Sample sample) {
    return [ballast, sample = std::move(sample)]() -> Measured {
        ballast->show_to_fork(false);
        const Measured without = sample();
        ballast->show_to_fork(true);
        const Measured with = sample();
        if (!without || !with) {
            return std::unexpected(without ? with.error() : without.error());
        }
        return *with - *without;
    };
}

void add_namespace_row(const char* name, const char* what, linx::Namespaces namespaces) {
    add_row({.name = name,
             .what = what,
             .subject = timed(launch(spec_in(namespaces))),
             .floor = timed(floor_in(namespaces)),
             .target = launch_target,
             .pairs = 60});
}

void add_crowd_row(const char* name, const char* what, linx::Namespaces namespaces) {
    const auto crowd = std::make_shared<Crowd>();
    add_row({.name = name,
             .what = what,
             .subject = in_a_crowd(crowd, timed(launch(spec_in(namespaces)))),
             .floor = in_a_crowd(crowd, timed(floor_in(namespaces))),
             .target = launch_target,
             .before = [crowd] { crowd->open_all(); },
             .after = [crowd] { crowd->close_all(); }});
}

void add_growth_row(const char* name, const char* what, std::size_t megabytes, std::size_t pairs,
                    std::optional<double> target) {
    const auto ballast = std::make_shared<Ballast>(megabytes << 20U);
    add_row({.name = name,
             .what = what,
             .subject = growth(ballast, processor_time(launch(spec_in({})))),
             .floor = growth(ballast, processor_time(fork_and_exec())),
             .target = target,
             .pairs = pairs,
             .repetitions = 5,
             .before = [ballast] { ballast->map(); },
             .after = [ballast] { ballast->unmap(); }});
}

}  // namespace

void add_launch_rows() {
    add_namespace_row("launch/0_none", "spawn, proceed, wait: no namespaces", {});
    add_namespace_row("launch/5_five", "spawn, proceed, wait: pid net ipc uts mount", five);
    add_namespace_row("launch/8_eight", "spawn, proceed, wait: eight, with maps", linx::Namespaces::all());
    add_crowd_row("launch/crowd/0_none", "the same with 10,000 open descriptors: no namespaces", {});
    add_crowd_row("launch/crowd/8_eight", "the same with 10,000 open descriptors: eight, with maps",
                  linx::Namespaces::all());
    // At 10 MB the growth is smaller than the noise of a launch: the row informs.
    add_growth_row("launch/growth/0010", "processor time that 10 MB of memory add, beside fork's", 10, 60,
                   std::nullopt);
    add_growth_row("launch/growth/0100", "processor time that 100 MB of memory add, beside fork's", 100, 30,
                   growth_target);
    add_growth_row("launch/growth/1000", "processor time that 1 GB of memory adds, beside fork's", 1024, 8,
                   growth_target);
}

}  // namespace bench
