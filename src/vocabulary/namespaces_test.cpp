#include <linx/namespaces.hpp>

#include <set>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace linx {
namespace {

static_assert(Namespaces{}.empty());
static_assert(Namespaces{Namespace::pid, Namespace::pid} == Namespaces{Namespace::pid});

TEST(Namespace, is_found_by_its_name_and_by_the_name_of_its_file) {
    for (const Namespace kind : every_namespace) {
        EXPECT_EQ(namespace_named(name(kind)), kind);
        EXPECT_EQ(namespace_named(proc_name(kind)), kind);
    }
    EXPECT_EQ(namespace_named("mount"), Namespace::mount);
    EXPECT_EQ(namespace_named("mnt"), Namespace::mount);
}

TEST(Namespace, is_not_found_by_anything_else) {
    for (const std::string_view wrong :
         {"", "network", "ne", "nets", "NET", " net", "pid_for_children", "all"}) {
        EXPECT_EQ(namespace_named(wrong), std::nullopt) << wrong;
    }
}

TEST(Namespace, has_a_file_of_that_name_in_proc) {
    for (const Namespace kind : every_namespace) {
        struct stat status = {};
        EXPECT_EQ(::stat(("/proc/self/ns/" + std::string(proc_name(kind))).c_str(), &status), 0)
            << proc_name(kind);
    }
}

TEST(Namespace, has_the_kernels_flag) {
    EXPECT_EQ(clone_flag(Namespace::user), 0x10000000U);
    EXPECT_EQ(clone_flag(Namespace::mount), 0x00020000U);
    EXPECT_EQ(clone_flag(Namespace::pid), 0x20000000U);
    EXPECT_EQ(clone_flag(Namespace::net), 0x40000000U);
    EXPECT_EQ(clone_flag(Namespace::uts), 0x04000000U);
    EXPECT_EQ(clone_flag(Namespace::ipc), 0x08000000U);
    EXPECT_EQ(clone_flag(Namespace::cgroup), 0x02000000U);
    EXPECT_EQ(clone_flag(Namespace::time), 0x00000080U);
}

TEST(Namespaces, hold_what_was_put_in_and_not_what_was_taken_out) {
    Namespaces set{Namespace::user, Namespace::time};
    EXPECT_TRUE(set.contains(Namespace::user));
    EXPECT_TRUE(set.contains(Namespace::time));
    EXPECT_FALSE(set.contains(Namespace::net));
    set.insert(Namespace::net);
    set.erase(Namespace::time);
    set.erase(Namespace::ipc);
    EXPECT_EQ(set, (Namespaces{Namespace::net, Namespace::user}));
    EXPECT_FALSE(set.empty());
}

TEST(Namespaces, contain_every_kind_when_all_are_meant) {
    Namespaces built;
    for (const Namespace kind : every_namespace) {
        EXPECT_TRUE(Namespaces::all().contains(kind)) << name(kind);
        built.insert(kind);
    }
    EXPECT_EQ(built, Namespaces::all());
}

TEST(Namespaces, unite_intersect_and_subtract) {
    const Namespaces left{Namespace::user, Namespace::net};
    const Namespaces right{Namespace::net, Namespace::uts};
    EXPECT_EQ(left | right, (Namespaces{Namespace::user, Namespace::net, Namespace::uts}));
    EXPECT_EQ(left & right, (Namespaces{Namespace::net}));
    EXPECT_EQ(left.without(right), (Namespaces{Namespace::user}));
    EXPECT_TRUE(left.without(left).empty());
    EXPECT_EQ(Namespaces::all().without({}), Namespaces::all());
}

TEST(Namespaces, give_the_flags_of_their_members_and_no_other) {
    EXPECT_EQ(Namespaces{}.clone_flags(), 0U);
    EXPECT_EQ((Namespaces{Namespace::pid, Namespace::time}).clone_flags(), 0x20000080U);
    std::uint64_t all = 0;
    std::set<std::uint64_t> flags;
    for (const Namespace kind : every_namespace) {
        all |= clone_flag(kind);
        flags.insert(clone_flag(kind));
    }
    EXPECT_EQ(flags.size(), 8U);
    EXPECT_EQ(Namespaces::all().clone_flags(), all);
}

TEST(Namespaces, are_shown_in_the_kernels_order) {
    EXPECT_EQ(Namespaces{}.to_string(), "");
    EXPECT_EQ((Namespaces{Namespace::net}).to_string(), "net");
    EXPECT_EQ((Namespaces{Namespace::net, Namespace::pid, Namespace::user}).to_string(), "user, pid, net");
    EXPECT_EQ(Namespaces::all().to_string(), "user, mount, pid, net, uts, ipc, cgroup, time");
}

}  // namespace
}  // namespace linx
