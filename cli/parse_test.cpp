#include "cli/parse.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <limits>

#include <sys/mount.h>
#include <sys/resource.h>

namespace linx::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view no_numbers[] = {"",    " 1",  "1 ",  "1x", "x1",  "-1", "+1",
                                           "0x1", "1.0", "1e3", "१",  "1\n", "--1"};

TEST(ParseNumber, takes_digits_and_nothing_else) {
    EXPECT_EQ(parse_number("0", 0, 9), 0U);
    EXPECT_EQ(parse_number("007", 0, 9), 7U);
    EXPECT_EQ(parse_number("18446744073709551615", 0, UINT64_MAX), UINT64_MAX);
    for (const std::string_view text : no_numbers) {
        EXPECT_FALSE(parse_number(text, 0, UINT64_MAX)) << '"' << text << '"';
    }
    EXPECT_FALSE(parse_number(std::string_view("1\0", 2), 0, 9));
}

TEST(ParseNumber, refuses_what_overflows_or_is_out_of_range) {
    EXPECT_FALSE(parse_number("18446744073709551616", 0, UINT64_MAX));
    EXPECT_FALSE(parse_number("99999999999999999999999999", 0, UINT64_MAX));
    EXPECT_FALSE(parse_number("2", 3, 9));
    EXPECT_EQ(parse_number("10", 3, 9).error(), "\"10\" is not a number from 3 to 9");
}

TEST(ParseSigned, takes_a_minus_and_no_plus) {
    EXPECT_EQ(parse_signed("-20", -20, 19), -20);
    EXPECT_EQ(parse_signed("19", -20, 19), 19);
    for (const std::string_view text : {"+1", "-", "--1", "- 1", "-21", "20", "", "-0x1"}) {
        EXPECT_FALSE(parse_signed(text, -20, 19)) << text;
    }
    EXPECT_EQ(parse_signed("-9223372036854775808", INT64_MIN, INT64_MAX), INT64_MIN);
    EXPECT_FALSE(parse_signed("-9223372036854775809", INT64_MIN, INT64_MAX));
}

TEST(ParseId, never_gives_the_id_that_means_no_change) {
    EXPECT_EQ(parse_id("0"), 0U);
    EXPECT_EQ(parse_id("4294967294"), 4294967294U);
    EXPECT_FALSE(parse_id("4294967295"));
    EXPECT_FALSE(parse_id("4294967296"));
    for (const std::string_view text : no_numbers) {
        EXPECT_FALSE(parse_id(text)) << '"' << text << '"';
    }
}

TEST(ParsePid, refuses_zero_and_what_no_kernel_gives) {
    EXPECT_EQ(parse_pid("1"), 1);
    EXPECT_EQ(parse_pid("4194304"), 4194304);
    EXPECT_FALSE(parse_pid("0"));
    EXPECT_FALSE(parse_pid("4194305"));
    EXPECT_FALSE(parse_pid("-1"));
}

TEST(ParseGroups, takes_a_list_and_the_empty_list) {
    EXPECT_EQ(parse_groups(""), std::vector<gid_t>{});
    EXPECT_EQ(parse_groups("4,5"), (std::vector<gid_t>{4, 5}));
    EXPECT_FALSE(parse_groups("4,"));
    EXPECT_FALSE(parse_groups(",4"));
    EXPECT_FALSE(parse_groups("4, 5"));
}

TEST(ParseIdMap, takes_lines_of_three_numbers) {
    const std::vector<IdRange> expected{{.inside = 0, .outside = 100000, .count = 65536},
                                        {.inside = 65536, .outside = 1000, .count = 1}};
    EXPECT_EQ(parse_id_map("0:100000:65536,65536:1000:1"), expected);
}

TEST(ParseIdMap, refuses_what_is_no_line_of_a_map) {
    for (const std::string_view text : {"", "0", "0:1", "0:1:0", "0:1:2:3", "0:1:-1", "0:1:x", ":1:1",
                                        "0:1:1,", "0:1:4294967296", "4294967295:0:1", "0 :1:1", "0:1:+1"}) {
        EXPECT_FALSE(parse_id_map(text)) << text;
    }
}

TEST(ParseMode, is_octal) {
    EXPECT_EQ(parse_mode("022"), 022U);
    EXPECT_EQ(parse_mode("777"), 0777U);
    for (const std::string_view text : {"", "8", "0778", "1000", "-1", "0o22", "99999999999999"}) {
        EXPECT_FALSE(parse_mode(text)) << text;
    }
}

TEST(ParseDuration, knows_its_units) {
    EXPECT_EQ(parse_duration("2"), milliseconds{2000});
    EXPECT_EQ(parse_duration("1.5s"), milliseconds{1500});
    EXPECT_EQ(parse_duration("250ms"), milliseconds{250});
    EXPECT_EQ(parse_duration("10m"), milliseconds{600'000});
    EXPECT_EQ(parse_duration("0.5h"), milliseconds{1'800'000});
    EXPECT_EQ(parse_duration("1d"), milliseconds{86'400'000});
    EXPECT_EQ(parse_duration("0"), milliseconds{0});
}

TEST(ParseDuration, rounds_up_so_that_something_is_never_nothing) {
    EXPECT_EQ(parse_duration("0.0001s"), milliseconds{1});
    EXPECT_EQ(parse_duration("0.0000000001s"), milliseconds{0});  // less than the kernel can tell
}

TEST(ParseDuration, refuses_what_is_no_time) {
    for (const std::string_view text : {"", "s", ".5s", "5.s", "1.2.3s", "-1s", "+1s", "1 s", " 1s", "1S",
                                        "1sec", "1e3s", "0x10", "1w", "1us", "inf", "nan"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(ParseDuration, refuses_what_is_too_long_in_every_unit) {
    for (const std::string_view text : {"100001d", "9223372036854775807s", "99999999999999999999999s",
                                        "18446744073709551616ms", "9223372036854775807h"}) {
        EXPECT_EQ(parse_duration(text).error(), '"' + std::string(text) + "\" is too long a time");
    }
    EXPECT_TRUE(parse_duration("100000.9d"));
}

TEST(ParseOffset, keeps_the_nanoseconds_positive) {
    EXPECT_EQ(parse_offset("1.5"), (TimeOffset{.seconds = 1, .nanoseconds = 500'000'000}));
    EXPECT_EQ(parse_offset("-1.5"), (TimeOffset{.seconds = -2, .nanoseconds = 500'000'000}));
    EXPECT_EQ(parse_offset("-3h"), (TimeOffset{.seconds = -10800, .nanoseconds = 0}));
    EXPECT_EQ(parse_offset("-0.000000001"), (TimeOffset{.seconds = -1, .nanoseconds = 999'999'999}));
    EXPECT_EQ(parse_offset("0.3m"), (TimeOffset{.seconds = 18, .nanoseconds = 0}));
    EXPECT_FALSE(parse_offset("--1"));
}

TEST(ParseSignal, takes_names_and_numbers) {
    EXPECT_EQ(parse_signal("TERM"), SIGTERM);
    EXPECT_EQ(parse_signal("SIGUSR1"), SIGUSR1);
    EXPECT_EQ(parse_signal("9"), SIGKILL);
    EXPECT_EQ(parse_signal("RTMIN+1"), SIGRTMIN + 1);
    EXPECT_EQ(parse_signal("64"), SIGRTMAX);
    for (const std::string_view text :
         {"", "0", "65", "-9", "term", "SIG", "SIGSIGTERM", "RTMIN+99", "RTMIN+"}) {
        EXPECT_FALSE(parse_signal(text)) << text;
    }
}

TEST(SignalName, is_what_parse_signal_takes) {
    for (int signum = 1; signum <= SIGRTMAX; ++signum) {
        if (signum != 32 && signum != 33) {
            EXPECT_EQ(parse_signal(signal_name(signum)), signum);
        }
    }
}

TEST(ParseJoin, tells_paths_from_pids) {
    const auto path = parse_join("net=/run/netns/blue");
    ASSERT_TRUE(path);
    EXPECT_EQ(path->kind, Namespace::net);
    EXPECT_EQ(std::get<NamespacePath>(path->from).path, "/run/netns/blue");
    const auto pid = parse_join("mnt=71");
    ASSERT_TRUE(pid);
    EXPECT_EQ(pid->kind, Namespace::mount);
    EXPECT_EQ(std::get<NamespaceOfPid>(pid->from).pid, 71);
}

TEST(ParseJoin, lists_the_namespaces_when_it_does_not_know_one) {
    EXPECT_EQ(parse_join("blue=/x").error(),
              "\"blue\" is not a namespace; there are user, mount, pid, net, uts, ipc, cgroup, time");
    for (const std::string_view text : {"", "net", "net=", "net=0", "net=1x", "net=blue", "=71"}) {
        EXPECT_FALSE(parse_join(text)) << text;
    }
}

TEST(ParseRlimit, takes_suffixes_and_unlimited) {
    const auto both = parse_rlimit("nofile=1K:2M");
    ASSERT_TRUE(both);
    EXPECT_EQ(both->resource, RLIMIT_NOFILE);
    EXPECT_EQ(both->soft, 1024U);
    EXPECT_EQ(both->hard, 2U << 20);
    const auto one = parse_rlimit("core=unlimited");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->soft, RLIM_INFINITY);
    EXPECT_EQ(one->hard, RLIM_INFINITY);
}

TEST(ParseRlimit, refuses_what_is_no_limit) {
    for (const std::string_view text :
         {"", "nofile", "nofile=", "nofile=K", "nofile=1k", "nofile=-1", "nofile=1:", "nofile=2:1", "files=1",
          "nofile=18446744073709551615", "nofile=99999999999G", "nofile=unlimited:1", "NOFILE=1"}) {
        EXPECT_FALSE(parse_rlimit(text)) << text;
    }
}

TEST(ParseMount, makes_attributes_of_flags) {
    const auto mount = parse_mount("tmpfs:/tmp:size=1m,nosuid,ro,mode=700");
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->type, "tmpfs");
    EXPECT_EQ(mount->target, "/tmp");
    EXPECT_EQ(mount->options, (std::vector<std::string>{"size=1m", "mode=700"}));
    EXPECT_EQ(mount->attributes, std::uint64_t{MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY});
    for (const std::string_view text :
         {"", "tmpfs", "tmpfs:", ":/tmp", "tmpfs:tmp", "tmpfs:/tmp:", "tmpfs:/tmp:a,,b"}) {
        EXPECT_FALSE(parse_mount(text)) << text;
    }
}

TEST(ParseVariable, splits_at_the_first_equals_sign) {
    EXPECT_EQ(parse_variable("A=B=C"), (std::pair<std::string, std::optional<std::string>>("A", "B=C")));
    EXPECT_EQ(parse_variable("A="), (std::pair<std::string, std::optional<std::string>>("A", "")));
    EXPECT_EQ(parse_variable("A"), (std::pair<std::string, std::optional<std::string>>("A", std::nullopt)));
    EXPECT_FALSE(parse_variable(""));
    EXPECT_FALSE(parse_variable("=B"));
}

TEST(ParseFd, leaves_the_standard_streams_alone) {
    EXPECT_EQ(parse_fd("7"), (FdNumbers{.number = 7, .source = 7}));
    EXPECT_EQ(parse_fd("7=0"), (FdNumbers{.number = 7, .source = 0}));
    for (const std::string_view text : {"", "2", "-1", "7=", "7=-1", "7=x", "2147483648", "7=2147483648"}) {
        EXPECT_FALSE(parse_fd(text)) << text;
    }
}

TEST(Quoted, shows_control_characters) {
    EXPECT_EQ(quoted("a\x1b[2J\n"), "\"a\\x1b[2J\\x0a\"");
    EXPECT_EQ(quoted("\xc2\x9b \xff \xc3\xa4"), "\"\\xc2\\x9b \\xff \xc3\xa4\"");
}

}  // namespace
}  // namespace linx::cli
