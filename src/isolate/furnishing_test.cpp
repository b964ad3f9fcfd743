#include "isolate/furnishing.hpp"

#include "isolate/callers_test.hpp"
#include "program/draft_view_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

namespace linx::isolate {
namespace {

using program::Draft;
using program::elements;
using program::lines;
using program::operation;
using testing::ElementsAre;
using testing::IsEmpty;

Draft compiled(const ProcessSpec& spec, Namespaces kinds) {
    Draft draft;
    const auto done = compile_furnishing(spec, fresh(root(), kinds), draft);
    EXPECT_TRUE(done) << done.error().message();
    return draft;
}

std::string refused(const ProcessSpec& spec, Namespaces kinds) {
    Draft draft;
    const auto done = compile_furnishing(spec, fresh(root(), kinds), draft);
    return done ? "" : done.error().message();
}

ProcessSpec mounting(Mount mount) {
    ProcessSpec spec;
    spec.mounts = {std::move(mount)};
    return spec;
}

const Namespaces mount_ns{Namespace::mount};
const Namespaces uts{Namespace::uts};

TEST(Furnishing, of_nothing_fresh_is_nothing) {
    EXPECT_THAT(lines(compiled({}, {})), IsEmpty());
    EXPECT_THAT(lines(compiled({}, {Namespace::user, Namespace::pid, Namespace::uts})), IsEmpty());
}

TEST(Furnishing, detaches_every_fresh_mount_namespace_from_the_host) {
    EXPECT_THAT(lines(compiled({}, mount_ns)), ElementsAre("prepare child mount_propagation"));
}

TEST(Furnishing, brings_loopback_up_in_a_fresh_net_namespace_unless_told_not_to) {
    ProcessSpec spec;
    EXPECT_THAT(lines(compiled(spec, {Namespace::net})), ElementsAre("prepare child loopback"));
    spec.loopback = false;
    EXPECT_THAT(lines(compiled(spec, {Namespace::net})), IsEmpty());
}

TEST(Furnishing, mounts_in_the_order_of_the_spec) {
    ProcessSpec spec;
    spec.mounts = {{.type = "proc", .target = "/proc", .source = {}, .options = {}},
                   {.type = "tmpfs", .target = "/tmp", .source = {}, .options = {}}};
    EXPECT_THAT(lines(compiled(spec, mount_ns)),
                ElementsAre("prepare child mount_propagation", "prepare child mount (proc on /proc)",
                            "prepare child mount (tmpfs on /tmp)"));
}

TEST(Furnishing, hands_a_mount_over_with_all_its_parts) {
    const Draft draft = compiled(mounting({.type = "tmpfs",
                                           .target = "/tmp",
                                           .source = "scratch",
                                           .options = {"size=1m", "ro", "mode=", "x=a=b"},
                                           .attributes = 6}),
                                 mount_ns);
    const auto* step = operation<child::MountFilesystem>(draft, Stage::mount);
    ASSERT_NE(step, nullptr);
    EXPECT_EQ(draft.arena.view(step->type), "tmpfs");
    EXPECT_EQ(draft.arena.view(step->source), "scratch");
    EXPECT_EQ(draft.arena.view(step->target), "/tmp");
    EXPECT_EQ(step->attributes, 6U);
    std::vector<std::string> options;
    for (const auto& option : elements<child::Option>(draft.arena, step->options)) {
        options.push_back(std::string(draft.arena.view(option.key)) + "|" +
                          std::string(draft.arena.view(option.value)));
    }
    EXPECT_THAT(options, ElementsAre("size|1m", "ro|", "mode|", "x|a=b"));
}

TEST(Furnishing, names_the_source_of_a_mount_after_its_type_when_none_is_given) {
    const Draft draft =
        compiled(mounting({.type = "proc", .target = "/proc", .source = {}, .options = {}}), mount_ns);
    EXPECT_EQ(draft.arena.view(operation<child::MountFilesystem>(draft, Stage::mount)->source), "proc");
}

TEST(Furnishing, refuses_a_mount_that_cannot_be_meant) {
    EXPECT_EQ(refused(mounting({.type = "", .target = "/x", .source = {}, .options = {}}), mount_ns),
              "mounts: a mount without a type");
    for (const std::string target : {"", "proc", "./proc", "../x"}) {
        EXPECT_EQ(
            refused(mounting({.type = "proc", .target = target, .source = {}, .options = {}}), mount_ns),
            "mounts: the target `" + target + "` is not an absolute path");
    }
    for (const std::string option : {"", "=", "=1m"}) {
        EXPECT_EQ(
            refused(mounting({.type = "tmpfs", .target = "/x", .source = {}, .options = {"ro", option}}),
                    mount_ns),
            "mounts: /x: an option without a name");
    }
}

TEST(MountOption, is_an_attribute_where_mount_8_has_a_flag_for_it_and_else_the_filesystems_own) {
    Mount mount;
    for (const std::string_view option : {"size=1m", "ro", "nosuid", "mode=0755", "nodev", "noexec",
                                          "noatime", "nosymfollow", "rox", "RO", ""}) {
        add_mount_option(mount, option);
    }
    EXPECT_EQ(mount.attributes,
              static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                         MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME | MOUNT_ATTR_NOSYMFOLLOW));
    EXPECT_THAT(mount.options, ElementsAre("size=1m", "mode=0755", "rox", "RO", ""));
}

TEST(MountOption, that_comes_twice_is_no_other_than_once) {
    Mount mount;
    add_mount_option(mount, "ro");
    add_mount_option(mount, "ro");
    EXPECT_EQ(mount.attributes, static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY));
    EXPECT_THAT(mount.options, IsEmpty());
}

TEST(Furnishing, mounts_only_in_a_fresh_mount_namespace) {
    EXPECT_EQ(refused(mounting({.type = "proc", .target = "/proc", .source = {}, .options = {}}), uts),
              "mounts: needs a fresh mount namespace; add `mount` to namespaces");
}

TEST(Furnishing, names_the_host_and_the_domain) {
    ProcessSpec spec;
    spec.hostname = "box";
    spec.domainname = "home";
    const Draft draft = compiled(spec, uts);
    EXPECT_THAT(lines(draft),
                ElementsAre("prepare child sethostname (box)", "prepare child setdomainname (home)"));
    EXPECT_EQ(draft.arena.view(operation<child::SetHostname>(draft, Stage::sethostname)->name), "box");
    EXPECT_EQ(draft.arena.view(operation<child::SetDomainname>(draft, Stage::setdomainname)->name), "home");
}

TEST(Furnishing, takes_names_of_1_to_64_bytes) {
    ProcessSpec spec;
    spec.hostname = std::string(64, 'h');
    EXPECT_EQ(refused(spec, uts), "");
    spec.hostname = std::string(65, 'h');
    EXPECT_EQ(refused(spec, uts), "hostname: must have 1 to 64 bytes");
    spec.hostname = "";
    EXPECT_EQ(refused(spec, uts), "hostname: must have 1 to 64 bytes");
    spec.hostname = {};
    spec.domainname = "";
    EXPECT_EQ(refused(spec, uts), "domainname: must have 1 to 64 bytes");
    spec.domainname = std::string(65, 'd');
    EXPECT_EQ(refused(spec, uts), "domainname: must have 1 to 64 bytes");
}

TEST(Furnishing, names_only_in_a_fresh_uts_namespace) {
    ProcessSpec spec;
    spec.domainname = "home";
    EXPECT_EQ(refused(spec, mount_ns), "domainname: needs a fresh uts namespace; add `uts` to namespaces");
    spec.hostname = "box";
    EXPECT_EQ(refused(spec, mount_ns), "hostname: needs a fresh uts namespace; add `uts` to namespaces");
}

}  // namespace
}  // namespace linx::isolate
