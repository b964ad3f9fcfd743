/// Clock offsets in a fresh time namespace, as the kernel shows them from outside and as clock_gettime
/// answers inside.
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"

#include <ctime>

namespace {

using linx::Namespace;
using linx::Namespaces;
using support::Report;

constexpr long long second = 1'000'000'000;
/// How long a launch may take on a busy machine, as seen by its own clock.
constexpr long long slack = 60 * second;

long long now(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec * second + time.tv_nsec;
}

struct Case {
    const char* name;
    linx::TimeOffsets offsets;
    Namespaces others;
};

class TimeOffsets : public support::LeavesNothing, public testing::WithParamInterface<Case> {};

TEST_P(TimeOffsets, are_what_the_workloads_clocks_show) {
    const Case& wanted = GetParam();
    linx::ProcessSpec spec = support::reporting(wanted.others | Namespaces{Namespace::time});
    spec.map_root = wanted.others.contains(Namespace::user);
    spec.time_offsets = wanted.offsets;
    const long long monotonic_before = now(CLOCK_MONOTONIC);
    const long long boottime_before = now(CLOCK_BOOTTIME);
    const pid_t own_pid = ::getpid();
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), own_pid), *spec.namespaces);
        EXPECT_EQ(held.child_pid() == 1, spec.namespaces->contains(Namespace::pid));
        EXPECT_EQ(support::status_field(held.host_pid(), "PPid"), std::to_string(own_pid));
    });
    const auto expect_shift = [](long long before, long long seen,
                                 const std::optional<linx::TimeOffset>& offset) {
        const linx::TimeOffset by = offset.value_or(linx::TimeOffset{});
        const long long shift = by.seconds * second + by.nanoseconds;
        EXPECT_GE(seen, before + shift);
        EXPECT_LT(seen, before + shift + slack);
    };
    expect_shift(monotonic_before, report.number("clock.monotonic"), wanted.offsets.monotonic);
    expect_shift(boottime_before, report.number("clock.boottime"), wanted.offsets.boottime);
    // To the nanosecond: what the kernel has noted down for the workload's own namespace.
    const auto line = [](const char* clock, const std::optional<linx::TimeOffset>& offset) {
        const linx::TimeOffset by = offset.value_or(linx::TimeOffset{});
        return std::string(clock) + " " + std::to_string(by.seconds) + " " + std::to_string(by.nanoseconds);
    };
    EXPECT_EQ(report.all("timens_offsets"), (std::vector{line("monotonic", wanted.offsets.monotonic),
                                                         line("boottime", wanted.offsets.boottime)}));
}

constexpr linx::TimeOffset day{.seconds = 86400, .nanoseconds = 0};
constexpr linx::TimeOffset odd{.seconds = 1000, .nanoseconds = 123456789};
/// Half a second back: whole seconds down, nanoseconds up. Any machine that runs tests is up for longer.
constexpr linx::TimeOffset back{.seconds = -1, .nanoseconds = 500000000};

INSTANTIATE_TEST_SUITE_P(
    Each, TimeOffsets,
    testing::Values(Case{"monotonic", {day, {}}, {}}, Case{"boottime", {{}, day}, {}},
                    Case{"both", {day, odd}, {}}, Case{"nanoseconds", {odd, odd}, {}},
                    Case{"negative", {back, back}, {}}, Case{"with_user", {odd, back}, {Namespace::user}},
                    Case{"with_user_and_pid", {odd, back}, {Namespace::user, Namespace::pid}},
                    Case{"with_pid", {odd, {}}, {Namespace::pid}},
                    Case{"with_all", {back, day}, Namespaces::all()},
                    Case{"with_all_but_user", {back, day}, Namespaces::all().without({Namespace::user})}),
    [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

using RefusedTimeOffsets = support::LeavesNothing;

TEST_F(RefusedTimeOffsets, a_clock_cannot_go_below_zero) {
    for (const Namespaces others : {Namespaces{}, Namespaces{Namespace::user, Namespace::pid}}) {
        linx::ProcessSpec spec = support::reporting(others | Namespaces{Namespace::time});
        spec.map_root = others.contains(Namespace::user);
        spec.time_offsets.monotonic = linx::TimeOffset{.seconds = -(std::int64_t{1} << 31), .nanoseconds = 0};
        const linx::Error error = support::error_of(spec);
        EXPECT_EQ(error.stage, linx::Stage::timens_offsets);
        EXPECT_EQ(error.errnum, ERANGE);
        EXPECT_EQ(error.detail, "monotonic -2147483648 0");
        EXPECT_NE(error.hint.find("below zero"), std::string::npos) << error.hint;
        expect_nothing_left();
    }
}

TEST_F(RefusedTimeOffsets, a_clock_cannot_go_beyond_what_it_can_count) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::time});
    spec.time_offsets.boottime =
        linx::TimeOffset{.seconds = std::numeric_limits<std::int64_t>::max(), .nanoseconds = 0};
    EXPECT_EQ(support::error_of(spec).errnum, ERANGE);
}

}  // namespace
