#include "cli/findings.hpp"

#include <gtest/gtest.h>

namespace linx::cli {
namespace {

TEST(KernelVersion, is_read_from_a_release) {
    EXPECT_EQ(read_kernel_version("6.1.0-18-amd64"), (KernelVersion{.major = 6, .minor = 1}));
    EXPECT_EQ(read_kernel_version("5.14"), (KernelVersion{.major = 5, .minor = 14}));
    for (const std::string_view text : {"", "6", "6.", "x.1", ".1", "99999999999.1"}) {
        EXPECT_EQ(read_kernel_version(text), KernelVersion{}) << text;
    }
    EXPECT_LT(read_kernel_version("5.9.16"), read_kernel_version("5.14.0"));
}

TEST(SubordinateIds, are_summed_up_by_name_and_by_number) {
    constexpr std::string_view text = "alice:100000:65536\n1000:200000:10\nbob:1:5\nalice:x:y\n\n";
    EXPECT_EQ(count_subordinate_ids(text, "alice", "1000"), 65546U);
    EXPECT_EQ(count_subordinate_ids(text, "carol", "1002"), 0U);
    EXPECT_EQ(count_subordinate_ids("", "alice", "1000"), 0U);
}

TEST(CgroupMounts, are_found_in_mountinfo) {
    const auto mounts = read_cgroup_mounts(
        "25 1 0:22 / /proc rw,nosuid shared:12 - proc proc rw\n"
        "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
        "31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "torn line - cgroup2\n"
        "\n");
    ASSERT_EQ(mounts.size(), 2U);
    EXPECT_EQ(mounts[0].directory, "/sys/fs/cgroup");
    EXPECT_TRUE(mounts[0].version2);
    EXPECT_FALSE(mounts[1].version2);
    EXPECT_EQ(mounts[1].options, "rw,cpu");
}

TEST(Doctor, gives_every_finding_a_reason) {
    Findings findings;
    examine_kernel(findings);
    examine_user(findings);
    examine_cgroups(findings);
    EXPECT_GE(findings.size(), 15U);
    for (const Finding& finding : findings) {
        EXPECT_FALSE(finding.topic.empty());
        EXPECT_FALSE(finding.name.empty());
        EXPECT_FALSE(finding.reason.empty()) << finding.name;
        EXPECT_EQ(finding.reason.find('\n'), std::string::npos) << finding.name;
    }
}

}  // namespace
}  // namespace linx::cli
