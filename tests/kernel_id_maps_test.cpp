/// Id maps: written by the launcher while the child waits, read back from outside, and what they make of
/// the workload's ids.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"

#include <fcntl.h>
#include <grp.h>

namespace {

using linx::IdRange;
using linx::Namespace;
using linx::Namespaces;
using linx::Stage;
using support::Report;
using Lines = std::vector<std::string>;

using IdMaps = support::LeavesNothing;

linx::ProcessSpec mapped(std::vector<IdRange> uid_map, std::vector<IdRange> gid_map) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user});
    spec.uid_map = std::move(uid_map);
    spec.gid_map = std::move(gid_map);
    return spec;
}

Lines lines(const linx::Held& held, const char* file) {
    return support::squeezed_lines(support::proc_path(held.host_pid(), file));
}

TEST_F(IdMaps, root_inside_is_an_ordinary_id_outside) {
    const std::vector<IdRange> map{{.inside = 0, .outside = 100000, .count = 65536}};
    const Report report = support::report_of(mapped(map, map), [](const linx::Held& held) {
        EXPECT_EQ(lines(held, "uid_map"), Lines{"0 100000 65536"});
        EXPECT_EQ(lines(held, "gid_map"), Lines{"0 100000 65536"});
        EXPECT_EQ(support::status_field(held.host_pid(), "Uid"), "100000 100000 100000 100000");
        EXPECT_EQ(support::status_field(held.host_pid(), "Gid"), "100000 100000 100000 100000");
        EXPECT_EQ(support::contents(support::proc_path(held.host_pid(), "setgroups")), "allow\n");
    });
    EXPECT_EQ(report["uid"], "0 0 0");
    EXPECT_EQ(report["gid"], "0 0 0");
    EXPECT_EQ(report["groups"], "");
    EXPECT_EQ(report["uid_map"], "0 100000 65536");
}

TEST_F(IdMaps, several_ranges) {
    const std::vector<IdRange> uids{{.inside = 0, .outside = 1000, .count = 1},
                                    {.inside = 1, .outside = 100000, .count = 999},
                                    {.inside = 4000000000, .outside = 200000, .count = 10}};
    const std::vector<IdRange> gids{{.inside = 5, .outside = 7, .count = 1},
                                    {.inside = 0, .outside = 300, .count = 3}};
    linx::ProcessSpec spec = mapped(uids, gids);
    spec.uid = 4000000009;
    spec.gid = 5;
    spec.groups = std::vector<gid_t>{2, 5, 0};
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        EXPECT_EQ(lines(held, "uid_map"), (Lines{"0 1000 1", "1 100000 999", "4000000000 200000 10"}));
        EXPECT_EQ(lines(held, "gid_map"), (Lines{"5 7 1", "0 300 3"}));
        EXPECT_EQ(support::status_field(held.host_pid(), "Uid"), "1000 1000 1000 1000")
            << "root inside, until it is sealed";
    });
    EXPECT_EQ(report["uid"], "4000000009 4000000009 4000000009");
    EXPECT_EQ(report["gid"], "5 5 5");
    EXPECT_EQ(report["groups"], "5,0,2") << "the kernel sorts them by their ids outside";
}

TEST_F(IdMaps, the_ids_of_the_running_workload_as_the_host_sees_them) {
    linx::ProcessSpec spec = mapped({{.inside = 0, .outside = 100000, .count = 2000}},
                                    {{.inside = 0, .outside = 300000, .count = 50}});
    spec.argv = {support::workload("stays")};
    spec.stdout_to = linx::StdioNull{};
    spec.uid = 1000;
    spec.gid = 42;
    spec.groups = std::vector<gid_t>{43};
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    auto process = std::move(*held).proceed(support::patience);
    ASSERT_TRUE(process) << process.error().message();
    EXPECT_EQ(support::status_field(process->host_pid(), "Uid"), "101000 101000 101000 101000");
    EXPECT_EQ(support::status_field(process->host_pid(), "Gid"), "300042 300042 300042 300042");
    EXPECT_EQ(support::status_field(process->host_pid(), "Groups"), "300043");
}

TEST_F(IdMaps, as_many_ranges_as_the_kernel_takes) {
    std::vector<IdRange> map;
    for (std::uint32_t i = 0; i < 340; ++i) {
        map.push_back({.inside = i, .outside = 2 * i, .count = 1});
    }
    support::report_of(mapped(map, map),
                       [](const linx::Held& held) { EXPECT_EQ(lines(held, "uid_map").size(), 340U); });
}

TEST_F(IdMaps, map_root_is_one_line) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user});
    spec.map_root = true;
    const Report report = support::report_of(spec, [](const linx::Held& held) {
        EXPECT_EQ(lines(held, "uid_map"), Lines{"0 0 1"});
        EXPECT_EQ(lines(held, "gid_map"), Lines{"0 0 1"});
    });
    EXPECT_EQ(report["uid"], "0 0 0");
}

TEST_F(IdMaps, without_a_map_the_host_may_write_it_at_the_checkpoint) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user, Namespace::uts});
    const Report report = support::report_of(spec, [](const linx::Held& held) {
        EXPECT_EQ(lines(held, "uid_map"), Lines{});
        EXPECT_EQ(lines(held, "gid_map"), Lines{});
        EXPECT_TRUE(support::put_contents(support::proc_path(held.host_pid(), "uid_map"), "7 0 1\n"));
        EXPECT_TRUE(support::put_contents(support::proc_path(held.host_pid(), "gid_map"), "8 0 1\n"));
    });
    EXPECT_EQ(report["uid_map"], "7 0 1");
    EXPECT_EQ(report["uid"], "7 7 7");
    EXPECT_EQ(report["gid"], "8 8 8");
}

TEST_F(IdMaps, without_any_map_the_workload_is_nobody) {
    const Report report = support::report_of(support::reporting(Namespaces{Namespace::user}));
    EXPECT_EQ(report["uid"], "65534 65534 65534");
    EXPECT_EQ(report.all("uid_map"), Lines{});
}

TEST_F(IdMaps, ids_chosen_at_planning_take_effect_under_a_map_written_at_the_checkpoint) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user});
    spec.uid = 0;
    spec.gid = 0;
    const Report report = support::report_of(spec, [](const linx::Held& held) {
        EXPECT_TRUE(support::put_contents(support::proc_path(held.host_pid(), "uid_map"), "0 100000 10\n"));
        EXPECT_TRUE(support::put_contents(support::proc_path(held.host_pid(), "gid_map"), "0 200000 10\n"));
    });
    EXPECT_EQ(report["uid"], "0 0 0");
    EXPECT_EQ(report["gid"], "0 0 0");
}

TEST_F(IdMaps, an_id_without_a_place_in_the_map_is_refused_when_planned) {
    const std::vector<IdRange> map{{.inside = 0, .outside = 100000, .count = 10}};
    linx::ProcessSpec spec = mapped(map, map);
    spec.uid = 10;
    const linx::Error uid = support::error_of(spec);
    EXPECT_EQ(uid.stage, Stage::spec);
    EXPECT_EQ(uid.detail, "uid: 10 has no place in the map of the user namespace");
    spec.uid.reset();
    spec.groups = std::vector<gid_t>{3, 11};
    EXPECT_EQ(support::error_of(spec).detail, "groups: 11 has no place in the map of the user namespace");
}

TEST_F(IdMaps, an_id_that_the_hosts_own_map_leaves_out_is_refused_by_the_kernel_with_a_hint) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user});
    spec.uid = 3;
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    ASSERT_TRUE(support::put_contents(support::proc_path(held->host_pid(), "uid_map"), "0 0 1\n"));
    const auto process = std::move(*held).proceed(support::patience);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().stage, Stage::setresuid);
    EXPECT_EQ(process.error().errnum, EINVAL);
    EXPECT_NE(process.error().hint.find("no place in the map"), std::string::npos);
}

TEST_F(IdMaps, a_map_of_ids_that_the_launcher_does_not_have_is_refused_with_a_hint) {
    // In a user namespace that knows ten ids, a map reaches for the eleventh.
    support::in_a_child([] {
        ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);
        ASSERT_TRUE(support::put_contents("/proc/self/uid_map", "0 0 1"));
        ASSERT_TRUE(support::put_contents("/proc/self/setgroups", "deny"));
        ASSERT_TRUE(support::put_contents("/proc/self/gid_map", "0 0 1"));
        const linx::Error error = support::error_of(
            mapped({{.inside = 0, .outside = 0, .count = 2}}, {{.inside = 0, .outside = 0, .count = 1}}));
        EXPECT_EQ(error.stage, Stage::uid_map) << error.message();
        EXPECT_EQ(error.errnum, EPERM);
        EXPECT_EQ(error.detail, "0 0 2");
        EXPECT_FALSE(error.hint.empty());
        EXPECT_EQ(support::children_left(), "none");
    });
}

TEST_F(IdMaps, overlap_is_refused_when_planned) {
    const linx::Error error = support::error_of(
        mapped({{.inside = 0, .outside = 100, .count = 10}, {.inside = 9, .outside = 200, .count = 1}}, {}));
    EXPECT_EQ(error.stage, Stage::spec);
    EXPECT_NE(error.detail.find("overlap inside"), std::string::npos) << error.detail;
}

TEST_F(IdMaps, root_without_a_user_namespace_may_become_anybody) {
    linx::ProcessSpec spec = support::reporting();
    spec.uid = 1234;
    spec.gid = 5678;
    const Report plain = support::report_of(spec);
    EXPECT_EQ(plain["uid"], "1234 1234 1234");
    EXPECT_EQ(plain["gid"], "5678 5678 5678");
    EXPECT_EQ(plain["groups"], "") << "the launcher's groups are dropped with its ids";
    spec.groups = std::vector<gid_t>{9, 10};
    EXPECT_EQ(support::report_of(spec)["groups"], "9,10");
}

TEST_F(IdMaps, the_launchers_groups_stay_where_no_id_changes) {
    support::in_a_child([] {
        const gid_t groups[] = {11, 12};
        ASSERT_EQ(::setgroups(2, groups), 0);
        EXPECT_EQ(support::report_of(support::reporting())["groups"], "11,12");
        linx::ProcessSpec spec = support::reporting();
        spec.groups = std::vector<gid_t>{};
        EXPECT_EQ(support::report_of(spec)["groups"], "");
        spec = support::reporting();
        spec.uid = 1000;
        EXPECT_EQ(support::report_of(spec)["groups"], "");
        // Groups that a map leaves out must not come along either.
        const std::vector<IdRange> map{{.inside = 0, .outside = 100000, .count = 10}};
        EXPECT_EQ(support::report_of(mapped(map, map))["groups"], "");
    });
}

}  // namespace
