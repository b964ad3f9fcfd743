#include "isolate/namespaces.hpp"

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

Joins joining(Namespaces kinds) {
    Joins joins;
    joins.sources.emplace_back(JoinByPidfd{.owned = 0, .kinds = kinds, .label = "pid 71"});
    return joins;
}

Draft compiled(const ProcessSpec& spec, Namespaces fresh_kinds, const Joins& joins = {}) {
    Circumstances now = fresh(root(), fresh_kinds);
    now.joined = joins.kinds();
    now.intermediate = needs_intermediate(spec, fresh_kinds, joins);
    Draft draft;
    const auto done = compile_namespaces(spec, now, joins, draft);
    EXPECT_TRUE(done) << done.error().message();
    return draft;
}

ProcessSpec offset(std::optional<TimeOffset> monotonic, std::optional<TimeOffset> boottime) {
    ProcessSpec spec;
    spec.time_offsets = {.monotonic = monotonic, .boottime = boottime};
    return spec;
}

std::string refused(const ProcessSpec& spec, Namespaces fresh_kinds) {
    Draft draft;
    const auto done = compile_namespaces(spec, fresh(root(), fresh_kinds), {}, draft);
    return done ? "" : done.error().message();
}

TEST(SetnsStage, is_the_kinds_own_for_a_single_kind) {
    EXPECT_EQ(setns_stage({Namespace::user}), Stage::setns_user);
    EXPECT_EQ(setns_stage({Namespace::mount}), Stage::setns_mount);
    EXPECT_EQ(setns_stage({Namespace::pid}), Stage::setns_pid);
    EXPECT_EQ(setns_stage({Namespace::net}), Stage::setns_net);
    EXPECT_EQ(setns_stage({Namespace::uts}), Stage::setns_uts);
    EXPECT_EQ(setns_stage({Namespace::ipc}), Stage::setns_ipc);
    EXPECT_EQ(setns_stage({Namespace::cgroup}), Stage::setns_cgroup);
    EXPECT_EQ(setns_stage({Namespace::time}), Stage::setns_time);
    EXPECT_EQ(setns_stage({Namespace::net, Namespace::uts}), Stage::setns);
    EXPECT_EQ(setns_stage(Namespaces::all()), Stage::setns);
}

TEST(OpenStage, is_the_kinds_own) {
    for (const Namespace kind : every_namespace) {
        EXPECT_EQ(name(open_stage(kind)), "open_ns_" + std::string(name(kind)));
        EXPECT_EQ(name(setns_stage({kind})), "setns_" + std::string(name(kind)));
    }
}

TEST(Joins, are_of_all_kinds_of_their_sources) {
    Joins joins = joining({Namespace::user, Namespace::net});
    joins.sources.emplace_back(JoinByPath{.kind = Namespace::uts, .path = "/run/blue"});
    joins.sources.emplace_back(JoinByFile{.kind = Namespace::ipc, .number = 9});
    EXPECT_EQ(joins.kinds(), (Namespaces{Namespace::user, Namespace::net, Namespace::uts, Namespace::ipc}));
    EXPECT_TRUE(Joins{}.kinds().empty());
}

/// All 256 sets that may be joined, beside nothing fresh and beside something fresh.
TEST(Intermediate, is_needed_for_pid_and_where_fresh_meets_joined) {
    for (unsigned bits = 0; bits < 256; ++bits) {
        Namespaces joined;
        for (const Namespace kind : every_namespace) {
            if ((bits >> static_cast<unsigned>(kind)) & 1U) {
                joined.insert(kind);
            }
        }
        const Joins joins = joined.empty() ? Joins{} : joining(joined);
        EXPECT_EQ(needs_intermediate({}, {}, joins), joined.contains(Namespace::pid)) << joined.to_string();
        for (const Namespace kind : every_namespace) {
            const bool needed = !joined.empty();
            EXPECT_EQ(needs_intermediate({}, {kind}, joins), needed)
                << name(kind) << " + " << joined.to_string();
        }
    }
}

TEST(Intermediate, is_needed_for_time_offsets) {
    const Namespaces time{Namespace::time};
    EXPECT_FALSE(needs_intermediate({}, time, {}));
    EXPECT_FALSE(needs_intermediate({}, Namespaces::all(), {}));
    EXPECT_TRUE(needs_intermediate(offset(TimeOffset{}, {}), time, {}));
    EXPECT_TRUE(needs_intermediate(offset({}, TimeOffset{}), time, {}));
}

TEST(Clone, without_namespaces_has_no_flags) {
    const Draft draft = compiled({}, {});
    EXPECT_THAT(lines(draft),
                ElementsAre("birth child close_range", "clone child clone3 (no fresh namespace)"));
    EXPECT_EQ(action<program::Clone>(draft, Stage::clone3)->flags, 0U);
    EXPECT_EQ(action<program::Clone>(draft, Stage::clone3)->cgroup, std::nullopt);
}

TEST(Clone, makes_everything_fresh_at_once) {
    const Draft draft = compiled({}, Namespaces::all());
    EXPECT_THAT(lines(draft),
                ElementsAre("birth child close_range",
                            "clone child clone3 (fresh user, mount, pid, net, uts, ipc, cgroup, time)"));
    EXPECT_EQ(action<program::Clone>(draft, Stage::clone3)->flags, Namespaces::all().clone_flags());
}

TEST(Clone, is_born_in_the_targets_cgroup) {
    Joins joins;
    joins.cgroup = 4;
    const Draft draft = compiled({}, {}, joins);
    EXPECT_THAT(lines(draft), testing::Contains("acquire none open_cgroup"));
    EXPECT_EQ(action<program::Clone>(draft, Stage::clone3)->cgroup, 4U);
}

TEST(Clone, of_the_intermediate_is_born_in_the_targets_cgroup_and_makes_nothing_fresh) {
    Joins joins = joining({Namespace::pid});
    joins.cgroup = 4;
    const Draft draft = compiled({}, {Namespace::uts}, joins);
    const auto* clone = action<program::Clone>(draft, Stage::clone_intermediate);
    ASSERT_NE(clone, nullptr);
    EXPECT_EQ(clone->cgroup, 4U);
    EXPECT_EQ(clone->flags, 0U);
    EXPECT_EQ(operation<child::CloneWorkload>(draft, Stage::clone_workload)->flags,
              clone_flag(Namespace::uts));
}

TEST(Join, without_a_pid_namespace_is_the_childs_own_doing) {
    const Namespaces kinds{Namespace::net, Namespace::uts};
    const Draft draft = compiled({}, {}, joining(kinds));
    EXPECT_THAT(lines(draft),
                ElementsAre("birth child set_dumpable (not dumpable)", "acquire none pidfd_open (pid 71)",
                            "prepare child setns (net, uts of pid 71)", "birth child close_range",
                            "clone child clone3 (no fresh namespace)"));
    EXPECT_EQ(operation<child::JoinNamespaces>(draft, Stage::setns)->flags, kinds.clone_flags());
    EXPECT_EQ(operation<child::SetDumpable>(draft, Stage::set_dumpable)->value, 0U);
}

TEST(Join, of_a_pid_namespace_goes_through_an_undumpable_intermediate) {
    const Draft draft = compiled({}, {}, joining({Namespace::pid}));
    EXPECT_THAT(
        lines(draft),
        ElementsAre("birth intermediate set_dumpable (not dumpable)", "acquire none pidfd_open (pid 71)",
                    "prepare intermediate setns_pid (pid of pid 71)", "birth intermediate close_range",
                    "clone intermediate clone_intermediate",
                    "clone intermediate clone_workload (no fresh namespace)"));
}

TEST(Join, by_path_and_by_file_uses_the_slot_that_was_opened_for_it) {
    Joins joins;
    joins.sources.emplace_back(JoinByPath{.kind = Namespace::net, .path = "/run/netns/blue"});
    joins.sources.emplace_back(JoinByFile{.kind = Namespace::uts, .number = 9});
    const Draft draft = compiled({}, {}, joins);
    const auto* path = action<program::OpenNamespacePath>(draft, Stage::open_ns_net);
    const auto* file = action<program::BorrowFd>(draft, Stage::open_ns_uts);
    ASSERT_NE(path, nullptr);
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(path->path, "/run/netns/blue");
    EXPECT_EQ(path->kind, Namespace::net);
    EXPECT_EQ(file->number, 9);
    EXPECT_EQ(file->field, "join: uts");
    EXPECT_EQ(operation<child::JoinNamespaces>(draft, Stage::setns_net)->slot, path->slot);
    EXPECT_EQ(operation<child::JoinNamespaces>(draft, Stage::setns_uts)->slot, file->slot);
    EXPECT_NE(path->slot, file->slot);
    EXPECT_NE(path->slot, child::checkpoint_slot);
    EXPECT_EQ(operation<child::JoinNamespaces>(draft, Stage::setns_net)->flags, clone_flag(Namespace::net));
}

TEST(Join, enters_the_targets_root_through_the_descriptor_that_pinned_it) {
    Joins joins = joining({Namespace::mount});
    joins.root = 7;
    const Draft draft = compiled({}, {}, joins);
    EXPECT_THAT(lines(draft), testing::IsSupersetOf({"acquire none open_root", "prepare child chroot"}));
    EXPECT_EQ(action<program::OwnFd>(draft, Stage::open_root)->owned, 7U);
    EXPECT_EQ(operation<child::EnterRoot>(draft, Stage::chroot)->slot,
              action<program::OwnFd>(draft, Stage::open_root)->slot);
}

TEST(Join, of_a_root_alone_is_undumpable_too) {
    Joins joins;
    joins.root = 0;
    EXPECT_THAT(lines(compiled({}, {}, joins)), testing::Contains("birth child set_dumpable (not dumpable)"));
}

TEST(TimeOffsets, are_written_while_the_intermediate_waits_outside_of_its_new_namespace) {
    const Draft draft = compiled(
        offset(TimeOffset{.seconds = -5, .nanoseconds = 7}, TimeOffset{.seconds = 86400, .nanoseconds = 0}),
        {Namespace::user, Namespace::time, Namespace::pid});
    EXPECT_THAT(lines(draft),
                ElementsAre("birth intermediate close_range", "clone intermediate clone_intermediate",
                            "prepare intermediate unshare (user, time)",
                            "map intermediate timens_offsets (monotonic -5 7,boottime 86400 0)",
                            "clone intermediate clone_workload (fresh pid)"));
    EXPECT_EQ(operation<child::Unshare>(draft, Stage::unshare)->flags,
              (Namespaces{Namespace::user, Namespace::time}).clone_flags());
    EXPECT_EQ(operation<child::CloneWorkload>(draft, Stage::clone_workload)->flags,
              clone_flag(Namespace::pid));
    const auto* file = action<program::WriteProc>(draft, Stage::timens_offsets);
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(file->file, "timens_offsets");
    EXPECT_EQ(file->text, "monotonic -5 7\nboottime 86400 0\n");
}

TEST(TimeOffsets, of_one_clock_leave_the_other_alone) {
    const Namespaces time{Namespace::time};
    const Draft first = compiled(offset(TimeOffset{.seconds = 1, .nanoseconds = 999'999'999}, {}), time);
    EXPECT_EQ(action<program::WriteProc>(first, Stage::timens_offsets)->text, "monotonic 1 999999999\n");
    const Draft second = compiled(offset({}, TimeOffset{.seconds = 0, .nanoseconds = 0}), time);
    EXPECT_EQ(action<program::WriteProc>(second, Stage::timens_offsets)->text, "boottime 0 0\n");
}

TEST(TimeOffsets, need_a_fresh_time_namespace) {
    const std::string needs = "time_offsets: needs a fresh time namespace; add `time` to namespaces";
    EXPECT_EQ(refused(offset(TimeOffset{}, {}), {}), needs);
    EXPECT_EQ(refused(offset({}, TimeOffset{}), {Namespace::user}), needs);
}

TEST(TimeOffsets, have_less_than_a_second_of_nanoseconds) {
    const TimeOffset bad{.seconds = 0, .nanoseconds = 1'000'000'000};
    const std::string rule = "time_offsets: 1000000000 nanoseconds; there are at most 999999999";
    EXPECT_EQ(refused(offset(bad, {}), {Namespace::time}), rule);
    EXPECT_EQ(refused(offset({}, bad), {Namespace::time}), rule);
}

}  // namespace
}  // namespace linx::isolate
