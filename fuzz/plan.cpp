/// Fuzzes the compilation of a spec: any spec is planned or refused, never worse, and a plan is in order.
#include "fuzz/plan_claims.hpp"

#include <fuzzer/FuzzedDataProvider.h>

#include <unistd.h>

namespace {

linx::FdRef some_fd(FuzzedDataProvider& data) {
    return linx::FdRef{data.ConsumeIntegralInRange(-2, 1030)};
}

linx::Namespace some_namespace(FuzzedDataProvider& data) {
    return linx::every_namespace[data.ConsumeIntegralInRange<std::size_t>(0,
                                                                          linx::every_namespace.size() - 1)];
}

std::string some_text(FuzzedDataProvider& data) {
    return data.ConsumeBool() ? data.PickValueInArray<std::string>(
                                    {"", "/", "sh", "/bin/true", "a/../b", "/proc/self/ns/net",
                                     std::string("a\0b", 3), std::string(70, 'h'), std::string(5000, '/')})
                              : data.ConsumeRandomLengthString(64);
}

std::uint32_t some_id(FuzzedDataProvider& data) {
    return data.ConsumeBool() ? data.PickValueInArray<std::uint32_t>(
                                    {0, 1, 1000, 65535, 65536, 0x7fffffff, 0xfffffffe, 0xffffffff})
                              : data.ConsumeIntegral<std::uint32_t>();
}

std::vector<linx::IdRange> some_map(FuzzedDataProvider& data) {
    std::vector<linx::IdRange> map;
    // A regular one beyond the kernel's limits, or a few lines at random.
    if (data.ConsumeProbability<float>() < 0.1F) {
        const auto lines = data.ConsumeIntegralInRange<std::uint32_t>(300, 400);
        const auto stride = data.ConsumeIntegralInRange<std::uint32_t>(1, 10'000'000);
        for (std::uint32_t line = 0; line < lines; ++line) {
            map.push_back({.inside = line * stride, .outside = line * stride, .count = 1});
        }
        return map;
    }
    for (auto lines = data.ConsumeIntegralInRange(0, 6); lines > 0; --lines) {
        map.push_back({.inside = some_id(data), .outside = some_id(data), .count = some_id(data)});
    }
    return map;
}

linx::Join some_join(FuzzedDataProvider& data) {
    linx::Join join{.kind = some_namespace(data), .from = linx::NamespacePath{}};
    switch (data.ConsumeIntegralInRange(0, 2)) {
        case 0:
            join.from = linx::NamespacePath{some_text(data)};
            break;
        case 1:
            join.from = linx::NamespaceOfPid{data.PickValueInArray<pid_t>({-1, 0, getpid(), 4'000'000})};
            break;
        default:
            join.from = linx::NamespaceOfFd{some_fd(data)};
            break;
    }
    return join;
}

linx::Stdio some_stdio(FuzzedDataProvider& data) {
    switch (data.ConsumeIntegralInRange(0, 4)) {
        case 0:
            return linx::StdioNull{};
        case 1:
            return linx::StdioFile{.path = some_text(data),
                                   .flags = data.ConsumeIntegral<int>(),
                                   .mode = data.ConsumeIntegral<mode_t>()};
        case 2:
            return linx::StdioFd{some_fd(data)};
        case 3:
            return linx::StdioAsStdout{};
        default:
            return linx::StdioInherit{};
    }
}

template <class T, class Make>
std::vector<T> several(FuzzedDataProvider& data, Make make, int at_most = 3) {
    std::vector<T> result;
    for (auto left = data.ConsumeIntegralInRange(0, at_most); left > 0; --left) {
        result.push_back(make(data));
    }
    return result;
}

template <class Make>
auto perhaps(FuzzedDataProvider& data, Make make) -> std::optional<decltype(make(data))> {
    if (data.ConsumeBool()) {
        return make(data);
    }
    return std::nullopt;
}

linx::Namespaces some_namespaces(FuzzedDataProvider& data) {
    linx::Namespaces set;
    const auto bits = data.ConsumeIntegral<std::uint8_t>();
    for (std::size_t i = 0; i < linx::every_namespace.size(); ++i) {
        if ((bits >> i & 1U) != 0) {
            set.insert(linx::every_namespace[i]);
        }
    }
    return set;
}

linx::TimeOffset some_offset(FuzzedDataProvider& data) {
    return {.seconds = data.ConsumeIntegral<std::int64_t>(),
            .nanoseconds = data.ConsumeIntegral<std::uint32_t>()};
}

linx::Mount some_mount(FuzzedDataProvider& data) {
    return {.type = some_text(data),
            .target = some_text(data),
            .source = some_text(data),
            .options = several<std::string>(data, some_text),
            .attributes = data.ConsumeIntegral<std::uint64_t>()};
}

void fill_isolation(linx::ProcessSpec& spec, FuzzedDataProvider& data) {
    spec.namespaces = perhaps(data, some_namespaces);
    spec.join = several<linx::Join>(data, some_join, 9);
    spec.uid_map = some_map(data);
    spec.gid_map = some_map(data);
    spec.map_root = data.ConsumeBool();
    spec.time_offsets = {.monotonic = perhaps(data, some_offset), .boottime = perhaps(data, some_offset)};
    spec.hostname = perhaps(data, some_text);
    spec.domainname = perhaps(data, some_text);
    spec.loopback = data.ConsumeBool();
    spec.mounts = several<linx::Mount>(data, some_mount);
}

void fill_workload(linx::ProcessSpec& spec, FuzzedDataProvider& data) {
    spec.argv = several<std::string>(data, some_text);
    spec.arg0 = perhaps(data, some_text);
    spec.program = perhaps(data, some_fd);
    if (data.ConsumeBool()) {
        spec.environment.base = linx::EnvironmentBase{data.ConsumeIntegralInRange<std::uint8_t>(0, 2)};
    }
    spec.environment.changes = several<std::pair<std::string, std::optional<std::string>>>(
        data, [](FuzzedDataProvider& from) { return std::pair{some_text(from), perhaps(from, some_text)}; });
    spec.cwd = perhaps(data, some_text);
    spec.umask = perhaps(data, [](auto& from) { return from.template ConsumeIntegral<mode_t>(); });
    spec.uid = perhaps(data, some_id);
    spec.gid = perhaps(data, some_id);
    spec.groups = perhaps(data, [](auto& from) { return several<gid_t>(from, some_id); });
    spec.no_new_privs = data.ConsumeBool();
    spec.rlimits = several<linx::Rlimit>(data, [](FuzzedDataProvider& from) {
        return linx::Rlimit{.resource = from.ConsumeIntegralInRange(-2, 20),
                            .soft = from.ConsumeIntegral<std::uint64_t>(),
                            .hard = from.ConsumeIntegral<std::uint64_t>()};
    });
    spec.nice = perhaps(data, [](auto& from) { return from.ConsumeIntegralInRange(-30, 30); });
}

void fill_descriptors(linx::ProcessSpec& spec, FuzzedDataProvider& data) {
    spec.stdin_from = some_stdio(data);
    spec.stdout_to = some_stdio(data);
    spec.stderr_to = some_stdio(data);
    spec.fds = several<linx::HandedFd>(data, [](FuzzedDataProvider& from) {
        return linx::HandedFd{.source = some_fd(from), .number = from.ConsumeIntegralInRange(-2, 1'100'000)};
    });
    spec.init = data.ConsumeBool();
    spec.leads = linx::Leads{data.ConsumeIntegralInRange<std::uint8_t>(0, 2)};
    spec.foreground_of = perhaps(data, some_fd);
    const auto some_signal = [](FuzzedDataProvider& from) { return from.ConsumeIntegralInRange(-1, 70); };
    spec.parent_death_signal = perhaps(data, some_signal);
    spec.ignored_signals = several<int>(data, some_signal);
    spec.blocked_signals = several<int>(data, some_signal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    FuzzedDataProvider data{bytes, size};
    linx::ProcessSpec spec;
    const bool enters = data.ConsumeProbability<float>() < 0.2F;
    // A spec that is wild everywhere is refused at its first field: mostly, one part is wild.
    const auto wild = data.ConsumeIntegralInRange(0, 7);
    spec.argv = {"true"};
    if (wild == 0 || (wild & 1) != 0) {
        fill_isolation(spec, data);
    }
    if (wild == 0 || (wild & 2) != 0) {
        fill_workload(spec, data);
    }
    if (wild == 0 || (wild & 4) != 0) {
        fill_descriptors(spec, data);
    }
    const auto planned = enters ? linx::plan_enter(getpid(), spec) : linx::plan(spec);
    if (!planned) {
        fuzz::require_good_error(planned.error());
        return 0;
    }
    if (!enters) {
        fuzz::require_good_spec(spec);
    }
    fuzz::require_good_plan(*planned);
    return 0;
}
