#include "child/rehearsal_test.hpp"

#include <filesystem>
#include <iterator>

#include <sched.h>
#include <sys/resource.h>

namespace linx::child {
namespace {

void look(Rehearsal& child, std::uint64_t flags = 0) {
    child.step(Checkpoint{});
    child.start(flags);
    child.expect_ready();
}

std::string contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SetUmask, is_what_the_kernel_shows_afterwards) {
    Rehearsal child;
    child.step(SetUmask{027});
    look(child);
    EXPECT_EQ(child.status("Umask"), "0027");
}

TEST(SetLimit, sets_the_soft_and_the_hard_limit) {
    Rehearsal child;
    child.step(SetLimit{RLIMIT_CORE, 4096, 8192});
    child.step(SetLimit{RLIMIT_NOFILE, 400, 401});
    look(child);
    const std::string limits = contents(child.proc("limits"));
    EXPECT_NE(limits.find("Max core file size        4096                 8192 "), std::string::npos)
        << limits;
    EXPECT_NE(limits.find("Max open files            400                  401 "), std::string::npos)
        << limits;
}

TEST(SetLimit, says_what_the_kernel_says_of_a_wrong_one) {
    Rehearsal child;
    child.step(SetLimit{RLIMIT_CORE, 2, 1});
    child.start();
    EXPECT_EQ(child.expect_failure().errnum, EINVAL);
}

TEST(ResetSignals, forgets_what_the_launcher_ignored_and_blocked) {
    struct sigaction ignore = {};
    struct sigaction before = {};
    ignore.sa_handler = SIG_IGN;
    ASSERT_EQ(::sigaction(SIGPIPE, &ignore, &before), 0);
    Rehearsal child;
    child.step(ResetSignals{0, 0});
    look(child);
    EXPECT_EQ(::sigaction(SIGPIPE, &before, nullptr), 0);
    EXPECT_EQ(child.status("SigIgn"), "0000000000000000");
    EXPECT_EQ(child.status("SigBlk"), "0000000000000000");
    EXPECT_EQ(child.status("SigCgt"), "0000000000000000");
}

TEST(ResetSignals, leaves_ignored_and_blocked_what_the_spec_asks_for) {
    Rehearsal child;
    child.step(ResetSignals{(1U << (SIGHUP - 1)) | (std::uint64_t{1} << 63), 1U << (SIGUSR1 - 1)});
    look(child);
    EXPECT_EQ(child.status("SigIgn"), "8000000000000001");
    EXPECT_EQ(child.status("SigBlk"), "0000000000000200");
}

TEST(ResetSignals, lets_a_signal_through_that_was_sent_before) {
    Rehearsal child;
    child.step(AwaitMapped{true});
    child.step(ResetSignals{0, 0});
    child.step(Checkpoint{});
    child.start();
    ASSERT_TRUE(child.hear());
    EXPECT_EQ(::kill(static_cast<pid_t>(child.pid()), SIGTERM), 0);
    child.say(Order::mapped);
    EXPECT_EQ(child.end(), -SIGTERM);
}

TEST(NoNewPrivileges, are_what_the_kernel_shows_afterwards) {
    Rehearsal child;
    child.step(NoNewPrivileges{});
    look(child);
    EXPECT_EQ(child.status("NoNewPrivs"), "1");
}

TEST(LeadGroup, makes_the_child_lead_a_group_in_the_same_session) {
    Rehearsal child;
    child.step(LeadGroup{});
    look(child);
    EXPECT_EQ(::getpgid(static_cast<pid_t>(child.pid())), child.pid());
    EXPECT_EQ(::getsid(static_cast<pid_t>(child.pid())), ::getsid(0));
}

TEST(LeadSession, makes_the_child_lead_a_session) {
    Rehearsal child;
    child.step(LeadSession{});
    look(child);
    EXPECT_EQ(::getsid(static_cast<pid_t>(child.pid())), child.pid());
    EXPECT_EQ(::getpgid(static_cast<pid_t>(child.pid())), child.pid());
}

TEST(LeadSession, fails_for_who_leads_a_group_already) {
    Rehearsal child;
    child.step(LeadGroup{});
    child.step(LeadSession{});
    child.start();
    const Record record = child.expect_failure();
    EXPECT_EQ(record.step, 1U);
    EXPECT_EQ(record.errnum, EPERM);
}

TEST(ChangeDirectory, is_where_the_child_stands_afterwards) {
    Rehearsal child;
    child.step(ChangeDirectory{child.text("/proc/self/..")});
    child.step(VerifyDirectory{});
    look(child);
    EXPECT_EQ(std::filesystem::read_symlink(child.proc("cwd")), "/proc");
}

/// The way out of CVE-2024-21626: a descriptor of the host's, reached through /proc/self/fd.
TEST(VerifyDirectory, refuses_one_outside_of_the_root) {
    const int outside = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int root = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ASSERT_GE(outside, 0);
    ASSERT_GE(root, 0);
    Rehearsal child;
    child.slot(outside);
    child.step(EnterRoot{child.slot(root)});
    child.step(VerifyDirectory{});
    child.step(ChangeDirectory{child.text("/self/fd/" + std::to_string(outside))});
    child.step(VerifyDirectory{});
    child.start(::geteuid() == 0 ? 0 : CLONE_NEWUSER);
    ::close(outside);
    ::close(root);
    if (child.pid() == -EPERM || child.pid() == -ENOSPC) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
    const Record record = child.expect_failure();
    EXPECT_EQ(record.step, 3U);
    EXPECT_EQ(record.errnum, EXDEV);
}

TEST(EnterRoot, makes_the_directory_root_and_lets_its_descriptor_go) {
    const int root = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ASSERT_GE(root, 0);
    Rehearsal child;
    child.step(CloseOthers{});
    child.step(EnterRoot{child.slot(root)});
    child.step(Checkpoint{});
    child.start(::geteuid() == 0 ? 0 : CLONE_NEWUSER);
    ::close(root);
    if (child.pid() == -EPERM || child.pid() == -ENOSPC) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
    child.expect_ready();
    EXPECT_EQ(child.descriptors().count(root), 0U);
    if (::geteuid() == 0) {
        EXPECT_EQ(std::filesystem::read_symlink(child.proc("root")), "/proc");
        EXPECT_EQ(std::filesystem::read_symlink(child.proc("cwd")), "/proc");
    }
}

TEST(Ids, are_what_the_kernel_shows_afterwards) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "changing ids takes root";
    }
    Rehearsal child;
    SetGroups groups{};
    groups.gids = child.list(std::vector<std::uint32_t>{7, 8});
    child.step(groups);
    child.step(SetGid{65533});
    child.step(SetUid{65534});
    look(child);
    EXPECT_EQ(child.status("Uid"), "65534\t65534\t65534\t65534");
    EXPECT_EQ(child.status("Gid"), "65533\t65533\t65533\t65533");
    EXPECT_EQ(child.status("Groups"), "7 8 ");
    EXPECT_EQ(child.status("CapEff"), "0000000000000000");
}

TEST(Ids, may_always_stay_what_they_are) {
    Rehearsal child;
    child.step(SetGid{::getegid()});
    child.step(SetUid{::geteuid()});
    look(child);
}

TEST(Ids, of_root_are_refused_to_an_ordinary_user) {
    Rehearsal child;
    if (::geteuid() == 0) {
        child.step(SetUid{65534});
    }
    child.step(SetUid{0});
    child.start();
    EXPECT_EQ(child.expect_failure().errnum, EPERM);
}

TEST(TakeForeground, says_that_a_file_is_no_terminal) {
    const Marked file("file");
    Rehearsal child;
    child.step(TakeForeground{child.slot(file.number())});
    child.start();
    EXPECT_EQ(child.expect_failure().errnum, ENOTTY);
}

}  // namespace
}  // namespace linx::child
