#include "isolate/identity.hpp"

#include "isolate/callers_test.hpp"
#include "program/draft_view_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linx::isolate {
namespace {

using program::Draft;
using program::elements;
using program::lines;
using program::operation;
using testing::ElementsAre;
using testing::IsEmpty;

Draft compiled(const ProcessSpec& spec, const Circumstances& now) {
    Draft draft;
    const auto done = compile_identity(spec, now, draft);
    EXPECT_TRUE(done) << done.error().message();
    return draft;
}

std::string refused(const ProcessSpec& spec, const Circumstances& now) {
    Draft draft;
    const auto done = compile_identity(spec, now, draft);
    return done ? "" : done.error().message();
}

ProcessSpec as(std::optional<uid_t> uid, std::optional<gid_t> gid) {
    ProcessSpec spec;
    spec.uid = uid;
    spec.gid = gid;
    return spec;
}

const Namespaces user{Namespace::user};

TEST(Identity, stays_the_launchers_when_nothing_is_asked_for) {
    EXPECT_THAT(lines(compiled({}, plain(root()))), IsEmpty());
    EXPECT_THAT(lines(compiled({}, plain(ordinary_user()))), IsEmpty());
}

TEST(Identity, drops_the_launchers_groups_with_a_change_of_ids) {
    const Draft draft = compiled(as(33, 34), plain(root()));
    EXPECT_THAT(lines(draft), ElementsAre("seal child setgroups (none)", "seal child setresgid (34)",
                                          "seal child setresuid (33)"));
    EXPECT_EQ(operation<child::SetGroups>(draft, Stage::setgroups)->gids.count, 0U);
    EXPECT_EQ(operation<child::SetGid>(draft, Stage::setresgid)->gid, 34U);
    EXPECT_EQ(operation<child::SetUid>(draft, Stage::setresuid)->uid, 33U);
}

TEST(Identity, drops_the_groups_when_one_id_alone_changes) {
    EXPECT_THAT(lines(compiled(as(33, {}), plain(root()))),
                ElementsAre("seal child setgroups (none)", "seal child setresuid (33)"));
    EXPECT_THAT(lines(compiled(as({}, 34), plain(root()))),
                ElementsAre("seal child setgroups (none)", "seal child setresgid (34)"));
}

TEST(Identity, keeps_the_groups_where_they_cannot_be_dropped) {
    EXPECT_THAT(lines(compiled(as(1000, 100), plain(ordinary_user()))),
                ElementsAre("seal child setresgid (100)", "seal child setresuid (1000)"));
}

TEST(Identity, sets_the_groups_that_are_asked_for) {
    ProcessSpec spec = as(33, {});
    spec.groups = {{4, 24, 27}};
    const Draft draft = compiled(spec, plain(root()));
    EXPECT_THAT(lines(draft), ElementsAre("seal child setgroups (4,24,27)", "seal child setresuid (33)"));
    const auto* step = operation<child::SetGroups>(draft, Stage::setgroups);
    EXPECT_THAT(elements<std::uint32_t>(draft.arena, step->gids), ElementsAre(4, 24, 27));
}

TEST(Identity, sets_no_groups_at_all_when_the_list_is_empty) {
    ProcessSpec spec;
    spec.groups.emplace();
    EXPECT_THAT(lines(compiled(spec, plain(root()))), ElementsAre("seal child setgroups (none)"));
}

TEST(Identity, is_root_in_a_joined_user_namespace) {
    Circumstances now = plain(ordinary_user());
    now.joined = user;
    EXPECT_THAT(lines(compiled({}, now)),
                ElementsAre("birth child session_keyring", "seal child setgroups (none)",
                            "seal child setresgid (0)", "seal child setresuid (0)"));
    EXPECT_THAT(lines(compiled(as(5, {}), now)),
                ElementsAre("birth child session_keyring", "seal child setgroups (none)",
                            "seal child setresgid (0)", "seal child setresuid (5)"));
}

TEST(Identity, leaves_the_launchers_groups_and_keyring_outside_of_a_joined_user_namespace) {
    Circumstances now = plain(root());
    now.joined = user;
    EXPECT_THAT(
        lines(compiled({}, now)),
        ElementsAre("birth child setgroups (none)", "birth child session_keyring",
                    "seal child setgroups (none)", "seal child setresgid (0)", "seal child setresuid (0)"));
    now.intermediate = true;
    EXPECT_THAT(lines(compiled({}, now)), testing::Contains("birth intermediate setgroups (none)"));
}

/// Does the one setgroups step of the plan take EPERM as an answer?
bool takes_no(const ProcessSpec& spec, const Circumstances& now) {
    const program::Draft draft = compiled(spec, now);
    for (const program::DraftStep& step : draft.steps) {
        if (step.stage == Stage::setgroups) {
            return std::get<child::SetGroups>(std::get<child::Operation>(step.what)).if_allowed;
        }
    }
    ADD_FAILURE() << "no setgroups step";
    return false;
}

TEST(Identity, takes_no_for_an_answer_where_nobody_asked_to_drop_groups_in_a_joined_namespace) {
    Circumstances now = plain(ordinary_user());
    now.joined = user;
    EXPECT_TRUE(takes_no({}, now));
    ProcessSpec asked;
    asked.groups = std::vector<gid_t>{};
    EXPECT_FALSE(takes_no(asked, now));
}

TEST(Identity, leaves_the_groups_alone_where_the_map_denies_setgroups) {
    ProcessSpec spec = as(0, 0);
    spec.map_root = true;
    EXPECT_THAT(lines(compiled(spec, fresh(ordinary_user(), user))),
                ElementsAre("seal child setresgid (0)", "seal child setresuid (0)"));
}

TEST(Identity, drops_the_groups_in_a_user_namespace_that_root_or_a_helper_maps) {
    ProcessSpec spec = as(0, 0);
    spec.uid_map = {{0, 100000, 10}};
    spec.gid_map = {{0, 100000, 10}};
    for (const Caller& caller : {root(), ordinary_user()}) {
        EXPECT_THAT(lines(compiled(spec, fresh(caller, user))),
                    ElementsAre("seal child setgroups (none)", "seal child setresgid (0)",
                                "seal child setresuid (0)"));
    }
}

TEST(Identity, has_a_place_in_the_map) {
    ProcessSpec spec = as(10, {});
    spec.uid_map = {{0, 100000, 10}};
    spec.gid_map = {{0, 100000, 10}};
    const Circumstances now = fresh(root(), user);
    EXPECT_EQ(refused(spec, now), "uid: 10 has no place in the map of the user namespace");
    spec.uid = 9;
    EXPECT_EQ(refused(spec, now), "");
    spec.gid = 11;
    EXPECT_EQ(refused(spec, now), "gid: 11 has no place in the map of the user namespace");
    spec.gid = {};
    spec.groups = {{3, 12}};
    EXPECT_EQ(refused(spec, now), "groups: 12 has no place in the map of the user namespace");
}

TEST(Identity, of_map_root_is_root_alone) {
    ProcessSpec spec = as(1000, {});
    spec.map_root = true;
    EXPECT_EQ(refused(spec, fresh(ordinary_user(), user)),
              "uid: 1000 has no place in the map of the user namespace");
}

TEST(Identity, is_never_the_id_that_means_no_id) {
    const std::string rule = ": 4294967295 means \"no id\" to the kernel";
    EXPECT_EQ(refused(as(0xffffffff, {}), plain(root())), "uid" + rule);
    EXPECT_EQ(refused(as({}, 0xffffffff), plain(root())), "gid" + rule);
    ProcessSpec spec;
    spec.groups = {{0xffffffff}};
    EXPECT_EQ(refused(spec, plain(root())), "groups" + rule);
}

TEST(Identity, has_at_most_as_many_groups_as_the_kernel_takes) {
    ProcessSpec spec;
    spec.groups = std::vector<gid_t>(65536, 7);
    EXPECT_EQ(refused(spec, plain(root())), "");
    spec.groups->push_back(7);
    EXPECT_EQ(refused(spec, plain(root())), "groups: 65537 groups; the kernel takes at most 65536");
}

TEST(Identity, gives_up_new_privileges_when_asked) {
    ProcessSpec spec;
    spec.no_new_privs = true;
    EXPECT_THAT(lines(compiled(spec, plain(ordinary_user()))), ElementsAre("seal child no_new_privs"));
}

}  // namespace
}  // namespace linx::isolate
