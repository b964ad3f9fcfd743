/// The `linx` command as a whole process, beside a static C program that does the same clone3 and exec, and
/// beside its peers.
#include "groups.hpp"
#include "program.hpp"

#include <fstream>
#include <sstream>

#include <unistd.h>

namespace bench {
namespace {

using Words = std::vector<std::string>;

constexpr double run_target = 1.6;
constexpr double version_target = 1.5;
constexpr double peak_memory_target_kib = 2048;

const Words five{"pid", "net", "ipc", "uts", "mount"};
const Words eight{"user", "pid", "net", "ipc", "uts", "mount", "cgroup", "time"};

std::string here(const char* program) {
    return (bin_folder() / program).string();
}

Words operator+(Words left, const Words& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

Sample floor_in(const Words& namespaces) {
    return timed(run_program(Words{here("floor")} + namespaces + Words{"--", here("true")}));
}

Words flags(const Words& namespaces) {
    Words result;
    for (const std::string& name : namespaces) {
        result.push_back("--" + name);
    }
    return result;
}

/// Switches off what `linx run` does beyond the clone.
const Words bare{"--no-map", "--no-proc", "--no-loopback"};

Words linx_run(const Words& options) {
    return Words{here("linx"), "run"} + options + Words{"--", here("true")};
}

void add_linx_rows() {
    add_row({.name = "command/run/0_none",
             .what = "linx run, no namespaces",
             .subject = timed(run_program(linx_run({}))),
             .floor = floor_in({}),
             .target = run_target});
    add_row({.name = "command/run/5_five",
             .what = "linx run, pid net ipc uts mount",
             .subject = timed(run_program(linx_run(flags(five)))),
             .floor = floor_in(five),
             .target = run_target});
    add_row({.name = "command/run/8_eight",
             .what = "linx run, eight namespaces, and nothing that the floor does not do",
             .subject = timed(run_program(linx_run(flags(eight) + bare))),
             .floor = floor_in(eight),
             .target = run_target});
    add_row({.name = "command/run/9_all",
             .what = "linx run --all (also maps ids, mounts /proc, sets a host name, brings lo up)",
             .subject = timed(run_program(linx_run({"--all"}))),
             .floor = floor_in(eight),
             .target = run_target});
    add_row({.name = "command/version",
             .what = "linx --version, beside a program that returns at once",
             .subject = timed(run_program({here("linx"), "--version"})),
             .floor = timed(run_program({here("true")})),
             .target = version_target,
             .pairs = 100});
    add_row({.name = "command/peak_memory/run",
             .what = "peak memory of linx run, beside 2 MB",
             .subject = peak_memory(linx_run({})),
             .floor = [] { return Measured{peak_memory_target_kib}; },
             .target = 1.0,
             .pairs = 5,
             .repetitions = 3,
             .unit = "KiB"});
    add_row({.name = "command/peak_memory/run_all",
             .what = "peak memory of linx run --all, beside 2 MB",
             .subject = peak_memory(linx_run({"--all"})),
             .floor = [] { return Measured{peak_memory_target_kib}; },
             .target = 1.0,
             .pairs = 5,
             .repetitions = 3,
             .unit = "KiB"});
}

/// A bundle whose only program is the static `true`. Empty when runc cannot write its default config.
std::string make_runc_bundle() {
    std::string pattern = std::filesystem::temp_directory_path() / "linx-bench-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
        return {};
    }
    const std::filesystem::path bundle = pattern;
    std::filesystem::create_directory(bundle / "rootfs");
    std::filesystem::copy_file(here("true"), bundle / "rootfs/true");
    if (!run_program({*installed("runc"), "spec", "--bundle", bundle})()) {
        return {};
    }
    std::ostringstream text;
    text << std::ifstream{bundle / "config.json"}.rdbuf();
    std::string config = text.str();
    for (const auto& [from, to] :
         {std::pair{"\"terminal\": true", "\"terminal\": false"}, {"\"sh\"", "\"/true\""}}) {
        if (const auto at = config.find(from); at != std::string::npos) {
            config.replace(at, std::string_view{from}.size(), to);
        }
    }
    std::ofstream{bundle / "config.json"} << config;
    return bundle;
}

void add_runc_row() {
    const std::string bundle = make_runc_bundle();
    if (bundle.empty()) {
        return;
    }
    add_row({.name = "peers/runc",
             .what = "runc run (also a rootfs, cgroups, capabilities, seccomp), beside the floor in five",
             .subject = timed(run_program(
                 {*installed("runc"), "run", "--bundle", bundle, "linx-bench-" + std::to_string(getpid())})),
             .floor = floor_in(five),
             .pairs = 8,
             .repetitions = 3});
}

void add_peer_rows() {
    add_row({.name = "peers/true",
             .what = "the static true alone, beside the floor in no namespace",
             .subject = timed(run_program({here("true")})),
             .floor = floor_in({})});
    if (const auto unshare = installed("unshare")) {
        add_row({.name = "peers/unshare_five",
                 .what = "unshare, the same five (also makes mounts private)",
                 .subject = timed(run_program({*unshare, "--fork", "--pid", "--net", "--ipc", "--uts",
                                               "--mount", "--", here("true")})),
                 .floor = floor_in(five)});
        add_row(
            {.name = "peers/unshare_eight",
             .what = "unshare, the same eight, root mapped",
             .subject = timed(run_program({*unshare, "--map-root-user", "--fork", "--pid", "--net", "--ipc",
                                           "--uts", "--mount", "--cgroup", "--time", "--", here("true")})),
             .floor = floor_in(eight)});
    }
    if (const auto bwrap = installed("bwrap")) {
        add_row({.name = "peers/bwrap",
                 .what = "bwrap --unshare-all (no time namespace; also a root of bind mounts)",
                 .subject = timed(
                     run_program({*bwrap, "--unshare-all", "--dev-bind", "/", "/", "--", here("true")})),
                 .floor = floor_in({"user", "pid", "net", "ipc", "uts", "mount", "cgroup"})});
    }
    if (installed("runc") && geteuid() == 0) {
        add_runc_row();
    }
}

}  // namespace

void add_command_rows() {
    add_linx_rows();
    add_peer_rows();
}

}  // namespace bench
