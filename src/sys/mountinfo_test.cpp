#include "sys/mountinfo.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace linx::sys {
namespace {

TEST(Mountinfo, reads_root_mount_point_and_type_behind_the_optional_fields) {
    const auto lines = parse_mountinfo(
        "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw\n"
        "37 35 0:5 / /proc rw - proc proc rw");
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].root, "/mnt1");
    EXPECT_EQ(lines[0].mount_point, "/mnt2");
    EXPECT_EQ(lines[0].type, "ext3");
    EXPECT_EQ(lines[1].mount_point, "/proc");
    EXPECT_EQ(lines[1].type, "proc");
}

TEST(Mountinfo, decodes_what_the_kernel_writes_in_octal) {
    const auto lines = parse_mountinfo("1 2 0:3 /a\\134b /with\\040blank\\011tab rw - tmpfs none rw\n");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].root, "/a\\b");
    EXPECT_EQ(lines[0].mount_point, "/with blank\ttab");
}

TEST(Mountinfo, leaves_out_what_is_no_line) {
    EXPECT_TRUE(parse_mountinfo("").empty());
    EXPECT_TRUE(parse_mountinfo("\n\n1 2 3\n1 2 0:3 / /x rw shared:1\n1 2 0:3 / /x rw -").empty());
}

TEST(Mountinfo, shows_a_mounted_root_here) {
    const auto lines = mounts();
    ASSERT_TRUE(lines.has_value());
    EXPECT_TRUE(std::ranges::any_of(*lines, [](const MountLine& line) { return line.mount_point == "/"; }));
}

}  // namespace
}  // namespace linx::sys
