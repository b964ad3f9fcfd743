#include "isolate/id_maps.hpp"

#include "isolate/callers_test.hpp"
#include "program/draft_view_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linx::isolate {
namespace {

using program::action;
using program::Draft;
using program::lines;
using program::operation;
using testing::ElementsAre;
using testing::IsEmpty;

using Map = std::vector<IdRange>;

std::string complaint(const Map& map) {
    const auto checked = check_map("uid_map", map);
    return checked ? "" : checked.error().message();
}

/// `count` lines of one id each.
Map many(std::uint32_t count, std::uint32_t first_outside = 1) {
    Map map;
    for (std::uint32_t i = 0; i < count; ++i) {
        map.push_back({.inside = i, .outside = first_outside + i, .count = 1});
    }
    return map;
}

ProcessSpec with_maps(Map uid, Map gid) {
    ProcessSpec spec;
    spec.uid_map = std::move(uid);
    spec.gid_map = std::move(gid);
    return spec;
}

Draft compiled(const ProcessSpec& spec, const Circumstances& now) {
    Draft draft;
    const auto done = compile_id_maps(spec, now, draft);
    EXPECT_TRUE(done) << done.error().message();
    return draft;
}

std::string refused(const ProcessSpec& spec, const Circumstances& now) {
    Draft draft;
    const auto done = compile_id_maps(spec, now, draft);
    return done ? "" : done.error().message();
}

const Namespaces user{Namespace::user};

TEST(IdMap, may_be_empty_or_of_one_line) {
    EXPECT_EQ(complaint({}), "");
    EXPECT_EQ(complaint({{0, 1000, 1}}), "");
}

TEST(IdMap, has_no_empty_range) {
    EXPECT_EQ(complaint({{0, 1000, 1}, {5, 6, 0}}),
              "uid_map: the range 5:6:0 is empty; its count must be at least 1");
}

TEST(IdMap, ends_below_the_id_that_means_no_id) {
    const std::string beyond = " goes beyond the last id, 4294967294";
    EXPECT_EQ(complaint({{0, 0, 4294967295}}), "") << "the whole of the initial namespace is a valid map";
    EXPECT_EQ(complaint({{4294967294, 4294967294, 1}}), "");
    EXPECT_EQ(complaint({{4294967295, 0, 1}}), "uid_map: the range 4294967295:0:1" + beyond);
    EXPECT_EQ(complaint({{0, 4294967295, 1}}), "uid_map: the range 0:4294967295:1" + beyond);
    EXPECT_EQ(complaint({{1, 0, 4294967295}}), "uid_map: the range 1:0:4294967295" + beyond);
    EXPECT_EQ(complaint({{0, 4294967290, 6}}), "uid_map: the range 0:4294967290:6" + beyond);
    EXPECT_EQ(complaint({{0, 4294967290, 5}}), "");
}

TEST(IdMap, has_no_ranges_that_overlap_inside) {
    EXPECT_EQ(complaint({{10, 1000, 10}, {0, 2000, 11}}),
              "uid_map: the ranges 0:2000:11 and 10:1000:10 overlap inside");
    EXPECT_EQ(complaint({{10, 1000, 10}, {0, 2000, 10}}), "") << "neighbours do not overlap";
    EXPECT_EQ(complaint({{5, 1000, 1}, {5, 2000, 1}}),
              "uid_map: the ranges 5:1000:1 and 5:2000:1 overlap inside");
}

TEST(IdMap, has_no_ranges_that_overlap_outside) {
    EXPECT_EQ(complaint({{0, 1005, 10}, {100, 1000, 6}}),
              "uid_map: the ranges 100:1000:6 and 0:1005:10 overlap outside");
    EXPECT_EQ(complaint({{0, 1005, 10}, {100, 1000, 5}}), "");
}

TEST(IdMap, finds_an_overlap_with_a_range_that_is_no_neighbour_by_writing) {
    EXPECT_EQ(complaint({{0, 1, 1}, {50, 500, 100}, {20, 200, 1}, {149, 700, 1}}),
              "uid_map: the ranges 50:500:100 and 149:700:1 overlap inside");
}

TEST(IdMap, has_at_most_340_lines) {
    EXPECT_EQ(complaint(many(340)), "");
    EXPECT_EQ(complaint(many(341)), "uid_map: 341 ranges; the kernel takes at most 340");
}

TEST(IdMap, has_at_most_4095_bytes) {
    // 255 lines of 16 bytes, and one that fills the page up.
    Map map;
    for (std::uint32_t i = 0; i < 255; ++i) {
        map.push_back({.inside = 10'000 + i, .outside = 1'000'000 + i, .count = 1});
    }
    ASSERT_EQ(render_map(map).size(), 255 * 16U);
    map.push_back({.inside = 20'000, .outside = 100'000, .count = 1});
    ASSERT_EQ(render_map(map).size(), 4095U);
    EXPECT_EQ(complaint(map), "");
    map.back().outside = 2'000'000;
    ASSERT_EQ(render_map(map).size(), 4096U);
    EXPECT_EQ(complaint(map), "uid_map: the map is 4096 bytes long; the kernel takes at most 4095");
}

TEST(IdMap, names_the_field_that_is_wrong) {
    const auto checked = check_map("gid_map", Map{{0, 0, 0}});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().stage, Stage::spec);
    EXPECT_EQ(checked.error().errnum, EINVAL);
    EXPECT_TRUE(checked.error().detail.starts_with("gid_map: ")) << checked.error().detail;
}

TEST(IdMap, is_rendered_as_the_kernel_reads_it) {
    EXPECT_EQ(render_map({}), "");
    EXPECT_EQ(render_map(Map{{0, 1000, 1}, {1, 100000, 65536}}), "0 1000 1\n1 100000 65536\n");
    EXPECT_EQ(render_map(Map{{0, 0, 4294967295}}), "0 0 4294967295\n");
}

TEST(IdMap, finds_the_id_outside_of_an_id_inside) {
    const Map map{{0, 1000, 1}, {100, 200000, 10}};
    EXPECT_EQ(outside_of(map, 0), 1000U);
    EXPECT_EQ(outside_of(map, 1), std::nullopt);
    EXPECT_EQ(outside_of(map, 99), std::nullopt);
    EXPECT_EQ(outside_of(map, 100), 200000U);
    EXPECT_EQ(outside_of(map, 109), 200009U);
    EXPECT_EQ(outside_of(map, 110), std::nullopt);
    EXPECT_EQ(outside_of({}, 0), std::nullopt);
    EXPECT_EQ(outside_of(Map{{4294967290, 7, 5}}, 4294967294), 11U);
}

TEST(Maps, of_map_root_are_the_callers_effective_ids) {
    ProcessSpec spec;
    spec.map_root = true;
    const Maps maps = maps_of(spec, ordinary_user());
    EXPECT_THAT(maps.uid, ElementsAre(IdRange{0, 1000, 1}));
    EXPECT_THAT(maps.gid, ElementsAre(IdRange{0, 100, 1}));
}

TEST(Maps, are_the_specs_own_without_map_root) {
    const ProcessSpec spec = with_maps({{5, 6, 7}}, {});
    EXPECT_THAT(maps_of(spec, root()).uid, ElementsAre(IdRange{5, 6, 7}));
    EXPECT_THAT(maps_of(spec, root()).gid, IsEmpty());
}

TEST(Setgroups, is_denied_where_an_ordinary_user_maps_its_own_gid) {
    EXPECT_TRUE(denies_setgroups({.uid = {}, .gid = {{0, 100, 1}}}, ordinary_user()));
    EXPECT_FALSE(denies_setgroups({.uid = {}, .gid = {}}, ordinary_user()));
    EXPECT_FALSE(denies_setgroups({.uid = {}, .gid = {{0, 100, 1}}}, root()));
    EXPECT_FALSE(denies_setgroups({.uid = {}, .gid = {{0, 100, 1}, {1, 100000, 65536}}}, ordinary_user()))
        << "newgidmap decides about setgroups by itself";
}

TEST(Setgroups, is_denied_to_who_has_the_right_to_set_uids_alone) {
    Caller caller = ordinary_user();
    caller.can_setuid = true;
    EXPECT_TRUE(denies_setgroups({.uid = {}, .gid = {{0, 100, 1}}}, caller));
}

TEST(IdMaps, of_an_ordinary_user_are_written_with_setgroups_denied) {
    ProcessSpec spec;
    spec.map_root = true;
    const Draft draft = compiled(spec, fresh(ordinary_user(), user));
    EXPECT_THAT(lines(draft), ElementsAre("map child setgroups_deny", "map child uid_map (0 1000 1)",
                                          "map child gid_map (0 100 1)"));
    const auto* deny = action<program::WriteProc>(draft, Stage::setgroups_deny);
    ASSERT_NE(deny, nullptr);
    EXPECT_EQ(deny->file, "setgroups");
    EXPECT_EQ(deny->text, "deny");
    const auto* map = action<program::WriteProc>(draft, Stage::uid_map);
    ASSERT_NE(map, nullptr);
    EXPECT_EQ(map->file, "uid_map");
    EXPECT_EQ(map->text, "0 1000 1\n");
}

TEST(IdMaps, of_root_onto_itself_change_no_id) {
    ProcessSpec spec;
    spec.map_root = true;
    EXPECT_THAT(lines(compiled(spec, fresh(root(), user))),
                ElementsAre("map child uid_map (0 0 1)", "map child gid_map (0 0 1)"));
}

TEST(IdMaps, of_root_onto_other_ids_make_the_child_root_inside) {
    const Map map{{0, 100000, 65536}};
    const Draft draft = compiled(with_maps(map, map), fresh(root(), user));
    EXPECT_THAT(lines(draft),
                ElementsAre("map child uid_map (0 100000 65536)", "map child gid_map (0 100000 65536)",
                            "prepare child setgroups (none)", "prepare child setresgid (0)",
                            "prepare child setresuid (0)", "prepare child set_dumpable (dumpable)"));
    EXPECT_EQ(operation<child::SetGroups>(draft, Stage::setgroups)->gids.count, 0U);
    EXPECT_EQ(operation<child::SetGid>(draft, Stage::setresgid)->gid, 0U);
    EXPECT_EQ(operation<child::SetUid>(draft, Stage::setresuid)->uid, 0U);
    EXPECT_EQ(operation<child::SetDumpable>(draft, Stage::set_dumpable)->value, 1U);
}

TEST(IdMaps, without_a_zero_inside_leave_the_child_who_it_is) {
    const Map map{{1, 100000, 10}};
    EXPECT_THAT(lines(compiled(with_maps(map, map), fresh(root(), user))),
                ElementsAre("map child uid_map (1 100000 10)", "map child gid_map (1 100000 10)"));
}

TEST(IdMaps, of_an_ordinary_user_through_the_helpers_make_it_root_inside) {
    const Map map{{0, 100000, 10}};
    EXPECT_THAT(lines(compiled(with_maps(map, map), fresh(ordinary_user(), user))),
                ElementsAre("map child newuidmap (0 100000 10)", "map child newgidmap (0 100000 10)",
                            "prepare child setgroups (none)", "prepare child setresgid (0)",
                            "prepare child setresuid (0)", "prepare child set_dumpable (dumpable)"));
}

TEST(IdMaps, come_in_pairs) {
    const Map map{{0, 100000, 10}};
    EXPECT_EQ(refused(with_maps(map, {}), fresh(root(), user)),
              "gid_map: is missing beside the uid_map: the child would keep the launcher's gid and groups");
    EXPECT_EQ(refused(with_maps({}, map), fresh(root(), user)),
              "uid_map: is missing beside the gid_map: the child would keep the launcher's uid");
}

TEST(IdMaps, of_several_ranges_are_shown_on_one_line) {
    const Map map{{0, 0, 1}, {1, 100000, 9}};
    const Draft draft = compiled(with_maps(map, map), fresh(root(), user));
    EXPECT_THAT(lines(draft),
                ElementsAre("map child uid_map (0 0 1,1 100000 9)", "map child gid_map (0 0 1,1 100000 9)"));
    EXPECT_EQ(action<program::WriteProc>(draft, Stage::uid_map)->text, "0 0 1\n1 100000 9\n");
}

TEST(IdMaps, of_an_ordinary_user_with_more_than_its_own_id_go_through_the_helpers) {
    const Map uid{{0, 1000, 1}, {1, 100000, 65536}};
    const Map gid{{0, 100, 1}, {1, 200000, 65536}};
    const Draft draft = compiled(with_maps(uid, gid), fresh(ordinary_user(), user));
    EXPECT_THAT(lines(draft), ElementsAre("map child newuidmap (0 1000 1,1 100000 65536)",
                                          "map child newgidmap (0 100 1,1 200000 65536)"));
    const auto* helper = action<program::RunMapHelper>(draft, Stage::newgidmap);
    ASSERT_NE(helper, nullptr);
    EXPECT_EQ(helper->name, "newgidmap");
    EXPECT_THAT(helper->arguments, ElementsAre("0", "100", "1", "1", "200000", "65536"));
    EXPECT_EQ(action<program::RunMapHelper>(draft, Stage::newuidmap)->name, "newuidmap");
}

TEST(IdMaps, of_one_line_that_is_not_the_users_own_id_go_through_the_helper) {
    const Circumstances now = fresh(ordinary_user(), user);
    const Map gid{{5, 200000, 1}};
    const std::string gids = "map child newgidmap (5 200000 1)";
    EXPECT_THAT(lines(compiled(with_maps({{5, 100000, 1}}, gid), now)),
                ElementsAre("map child newuidmap (5 100000 1)", gids));
    EXPECT_THAT(lines(compiled(with_maps({{5, 1000, 2}}, gid), now)),
                ElementsAre("map child newuidmap (5 1000 2)", gids));
    EXPECT_THAT(lines(compiled(with_maps({{5, 1000, 1}}, gid), now)),
                ElementsAre("map child uid_map (5 1000 1)", gids));
}

TEST(IdMaps, are_written_to_the_intermediate_when_it_makes_the_user_namespace) {
    ProcessSpec spec;
    spec.map_root = true;
    spec.time_offsets.boottime = TimeOffset{.seconds = 5, .nanoseconds = 0};
    Circumstances now = fresh(ordinary_user(), {Namespace::user, Namespace::time});
    now.intermediate = true;
    EXPECT_THAT(lines(compiled(spec, now)),
                ElementsAre("map intermediate setgroups_deny", "map intermediate uid_map (0 1000 1)",
                            "map intermediate gid_map (0 100 1)"));
}

TEST(IdMaps, keep_who_joins_something_undumpable) {
    ProcessSpec spec;
    spec.map_root = true;
    Circumstances now = fresh(ordinary_user(), user);
    now.joined = {Namespace::net};
    now.intermediate = true;
    EXPECT_THAT(lines(compiled(spec, now)),
                testing::Not(testing::Contains("prepare child set_dumpable (dumpable)")));
}

TEST(IdMaps, need_a_fresh_user_namespace) {
    const Circumstances now = fresh(root(), {Namespace::net});
    const std::string needs = ": needs a fresh user namespace; add `user` to namespaces";
    ProcessSpec spec;
    spec.map_root = true;
    EXPECT_EQ(refused(spec, now), "map_root" + needs);
    EXPECT_EQ(refused(with_maps({{0, 0, 1}}, {{0, 0, 1}}), now), "uid_map" + needs);
    EXPECT_EQ(refused({}, now), "");
}

TEST(IdMaps, are_either_the_one_line_or_the_specs_own) {
    for (const auto& maps : {with_maps({{0, 0, 1}}, {}), with_maps({}, {{0, 0, 1}})}) {
        ProcessSpec spec = maps;
        spec.map_root = true;
        EXPECT_EQ(refused(spec, fresh(root(), user)),
                  "map_root: cannot be combined with uid_map or gid_map; it is a map by itself");
    }
}

TEST(IdMaps, may_be_left_to_whoever_works_at_the_checkpoint) {
    EXPECT_THAT(lines(compiled({}, fresh(ordinary_user(), user))), IsEmpty());
}

}  // namespace
}  // namespace linx::isolate
