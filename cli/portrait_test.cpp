#include "cli/portrait.hpp"

#include "cli/capability_names.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace linx::cli {
namespace {

constexpr std::string_view status =
    "Name:\tsh: (x)\n"
    "State:\tS (sleeping)\n"
    "PPid:\t41\n"
    "Uid:\t1\t2\t3\t4\n"
    "Gid:\t5\t5\t5\t5\n"
    "Groups:\t7 8 \n"
    "NSpid:\t42\t1\n"
    "CapInh:\t0000000000000000\n"
    "CapPrm:\t000001ffffffffff\n"
    "CapEff:\t0000000000200001\n"
    "CapBnd:\t000001ffffffffff\n"
    "CapAmb:\t0000000000000000\n"
    "NoNewPrivs:\t1\n"
    "Seccomp:\t2\n"
    "Seccomp_filters:\t3\n";

TEST(Portrait, reads_the_status_of_a_process) {
    Portrait portrait;
    read_status(status, portrait);
    EXPECT_EQ(portrait.name, "sh: (x)");
    EXPECT_EQ(portrait.state, "S (sleeping)");
    EXPECT_EQ(portrait.parent, 41);
    EXPECT_EQ(portrait.uids, (FourIds{1, 2, 3, 4}));
    EXPECT_EQ(portrait.gids, (FourIds{5, 5, 5, 5}));
    EXPECT_EQ(portrait.groups, (std::vector<std::uint32_t>{7, 8}));
    EXPECT_EQ(portrait.nested_pids, (std::vector<pid_t>{42, 1}));
    EXPECT_EQ(portrait.capabilities.effective, 0x200001U);
    EXPECT_TRUE(portrait.no_new_privs);
    EXPECT_EQ(portrait.seccomp, "filter");
}

TEST(Portrait, survives_a_status_that_is_cut_anywhere) {
    for (std::size_t length = 0; length <= status.size(); ++length) {
        Portrait portrait;
        EXPECT_NO_THROW(read_status(status.substr(0, length), portrait));
    }
}

TEST(Portrait, reads_a_map_of_several_lines) {
    const std::vector<IdRange> expected{{.inside = 0, .outside = 1000, .count = 1},
                                        {.inside = 1, .outside = 100000, .count = 65536}};
    EXPECT_EQ(read_map("         0       1000          1\n         1     100000      65536\n"), expected);
    EXPECT_TRUE(read_map("").empty());
}

TEST(Portrait, of_the_caller_itself_is_complete) {
    const auto self = portray(0);
    ASSERT_TRUE(self) << self.error();
    EXPECT_EQ(self->pid, ::getpid());
    EXPECT_EQ(self->uids[1], ::geteuid());
    for (const auto& space : self->namespaces) {
        EXPECT_TRUE(space) << space.error();
    }
    EXPECT_TRUE(self->uid_map);
}

TEST(Portrait, of_nobody_says_so) {
    EXPECT_EQ(portray(4'194'304).error(), "/proc/4194304: no such process");
}

TEST(CapabilityWords, are_as_few_as_possible) {
    EXPECT_EQ(capability_words(0, 40), "none");
    EXPECT_EQ(capability_words(0x1ffffffffff, 40), "all 41");
    EXPECT_EQ(capability_words(0x1fffffffffe, 40), "all but chown");
    EXPECT_EQ(capability_words(0x200001, 40), "chown sys_admin");
    EXPECT_EQ(capability_names(std::uint64_t{1} << 63), std::vector<std::string>{"63"});
}

}  // namespace
}  // namespace linx::cli
