#include "isolate/limits.hpp"

#include "isolate/callers_test.hpp"
#include "program/draft_view_test.hpp"

#include <set>

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

Draft compiled(const ProcessSpec& spec, const Circumstances& now) {
    Draft draft;
    const auto done = compile_limits(spec, now, draft);
    EXPECT_TRUE(done) << done.error().message();
    return draft;
}

std::string refused(const ProcessSpec& spec) {
    Draft draft;
    const auto done = compile_limits(spec, plain(root()), draft);
    return done ? "" : done.error().message();
}

ProcessSpec limited(Rlimit limit) {
    ProcessSpec spec;
    spec.rlimits = {limit};
    return spec;
}

TEST(RlimitName, exists_for_every_resource_and_finds_it_again) {
    std::set<std::string_view> names;
    for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
        const std::string_view name = rlimit_name(resource);
        EXPECT_TRUE(names.insert(name).second) << resource;
        ASSERT_FALSE(name.empty()) << resource;
        EXPECT_EQ(rlimit_named(name), resource);
    }
    EXPECT_EQ(rlimit_name(RLIMIT_NOFILE), "nofile");
    EXPECT_EQ(rlimit_name(RLIMIT_AS), "as");
}

TEST(RlimitName, exists_for_nothing_else) {
    EXPECT_EQ(rlimit_name(-1), "");
    EXPECT_EQ(rlimit_name(RLIM_NLIMITS), "");
    EXPECT_EQ(rlimit_named("NOFILE"), std::nullopt);
    EXPECT_EQ(rlimit_named(""), std::nullopt);
    EXPECT_EQ(rlimit_named("nofil"), std::nullopt);
}

TEST(Limits, of_nothing_are_no_steps) {
    EXPECT_THAT(lines(compiled({}, plain(root()))), IsEmpty());
}

TEST(Limits, are_set_by_the_child_and_shown_by_name) {
    const Draft draft = compiled(limited({RLIMIT_NOFILE, 64, 128}), plain(root()));
    EXPECT_THAT(lines(draft), ElementsAre("seal child setrlimit (nofile 64:128)"));
    const auto* step = operation<child::SetLimit>(draft, Stage::setrlimit);
    EXPECT_EQ(step->resource, static_cast<std::uint32_t>(RLIMIT_NOFILE));
    EXPECT_EQ(step->soft, 64U);
    EXPECT_EQ(step->hard, 128U);
}

TEST(Limits, without_an_end_are_shown_as_unlimited) {
    EXPECT_THAT(lines(compiled(limited({RLIMIT_CORE, 0, RLIM_INFINITY}), plain(root()))),
                ElementsAre("seal child setrlimit (core 0:unlimited)"));
}

TEST(Limits, above_the_hard_one_are_raised_by_the_launcher_first) {
    Circumstances now = plain(root());
    now.caller.hard_limits[RLIMIT_NOFILE] = 1024;
    EXPECT_THAT(lines(compiled(limited({RLIMIT_NOFILE, 10, 1024}), now)),
                ElementsAre("seal child setrlimit (nofile 10:1024)"));
    const Draft draft = compiled(limited({RLIMIT_NOFILE, 10, 1025}), now);
    EXPECT_THAT(lines(draft),
                ElementsAre("map child prlimit (nofile 10:1025)", "seal child setrlimit (nofile 10:1025)"));
    EXPECT_EQ(action<program::RaiseLimit>(draft, Stage::prlimit)->limit.hard, 1025U);
}

TEST(Limits, have_a_soft_one_that_is_not_above_the_hard_one) {
    EXPECT_EQ(refused(limited({RLIMIT_NPROC, 2, 1})),
              "rlimits: nproc: the soft limit 2 is above the hard limit 1");
    EXPECT_EQ(refused(limited({RLIMIT_NPROC, RLIM_INFINITY, 1})),
              "rlimits: nproc: the soft limit unlimited is above the hard limit 1");
    EXPECT_EQ(refused(limited({RLIMIT_NPROC, 2, 2})), "");
}

TEST(Limits, are_of_a_resource_that_exists) {
    EXPECT_EQ(refused(limited({-1, 0, 0})), "rlimits: -1 is no resource of getrlimit(2)");
    EXPECT_EQ(refused(limited({RLIM_NLIMITS, 0, 0})), "rlimits: 16 is no resource of getrlimit(2)");
}

TEST(Nice, is_set_by_the_launcher_within_its_bounds) {
    ProcessSpec spec;
    spec.nice = -20;
    const Draft draft = compiled(spec, plain(root()));
    EXPECT_THAT(lines(draft), ElementsAre("map child setpriority (-20)"));
    EXPECT_EQ(action<program::SetPriority>(draft, Stage::setpriority)->nice, -20);
    spec.nice = 19;
    EXPECT_EQ(refused(spec), "");
    spec.nice = 20;
    EXPECT_EQ(refused(spec), "nice: 20 is not between -20 and 19");
    spec.nice = -21;
    EXPECT_EQ(refused(spec), "nice: -21 is not between -20 and 19");
}

TEST(Umask, is_set_by_the_child_within_its_bounds) {
    ProcessSpec spec;
    spec.umask = 0777;
    const Draft draft = compiled(spec, plain(root()));
    EXPECT_THAT(lines(draft), ElementsAre("seal child umask"));
    EXPECT_EQ(operation<child::SetUmask>(draft, Stage::umask)->mask, 0777U);
    spec.umask = 01000;
    EXPECT_EQ(refused(spec), "umask: has bits beyond 0777");
}

}  // namespace
}  // namespace linx::isolate
