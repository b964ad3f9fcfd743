#include "child/rehearsal_test.hpp"

#include <filesystem>
#include <iterator>

#include <sched.h>

namespace linx::child {
namespace {

/// Every right in the namespaces that come with it, without one outside.
constexpr std::uint64_t own_user = CLONE_NEWUSER;

bool cannot_be_made(const Rehearsal& child) {
    return child.pid() == -EPERM || child.pid() == -ENOSPC;
}

std::string contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(JoinNamespaces, passes_over_a_slot_that_turned_out_to_be_shared) {
    Rehearsal child;
    child.step(JoinNamespaces{child.slot(-1), CLONE_NEWUTS});
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
}

TEST(JoinNamespaces, says_that_a_file_is_no_namespace) {
    const Marked file("file");
    Rehearsal child;
    child.step(JoinNamespaces{child.slot(file.number()), CLONE_NEWUTS});
    child.start();
    EXPECT_EQ(child.expect_failure().errnum, EINVAL);
}

TEST(JoinNamespaces, joins_and_lets_the_descriptor_go) {
    Rehearsal host;
    host.step(CloseOthers{});
    host.step(Checkpoint{});
    host.start(own_user | CLONE_NEWUTS);
    if (cannot_be_made(host)) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
    host.expect_ready();
    Rehearsal child;
    const Slot slot = child.slot(host.pidfd());
    child.step(CloseOthers{});
    child.step(JoinNamespaces{slot, CLONE_NEWUSER | CLONE_NEWUTS});
    child.step(SetHostname{child.text("joined")});
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    EXPECT_EQ(std::filesystem::read_symlink(child.proc("ns/uts")),
              std::filesystem::read_symlink(host.proc("ns/uts")));
    EXPECT_EQ(std::filesystem::read_symlink(child.proc("ns/user")),
              std::filesystem::read_symlink(host.proc("ns/user")));
    EXPECT_EQ(child.descriptors().count(host.pidfd()), 0U);
}

TEST(Unshare, makes_what_the_flags_say) {
    Rehearsal child;
    child.step(Unshare{CLONE_NEWUSER | CLONE_NEWIPC});
    child.step(Checkpoint{});
    child.start();
    const auto record = child.hear();
    ASSERT_TRUE(record);
    if (record->tell == Tell::failed && (record->errnum == EPERM || record->errnum == ENOSPC)) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
    ASSERT_EQ(record->tell, Tell::ready);
    EXPECT_NE(std::filesystem::read_symlink(child.proc("ns/user")),
              std::filesystem::read_symlink("/proc/self/ns/user"));
    EXPECT_NE(std::filesystem::read_symlink(child.proc("ns/ipc")),
              std::filesystem::read_symlink("/proc/self/ns/ipc"));
    EXPECT_EQ(std::filesystem::read_symlink(child.proc("ns/uts")),
              std::filesystem::read_symlink("/proc/self/ns/uts"));
}

TEST(Checkpoint, tells_pid_1_in_a_fresh_pid_namespace) {
    Rehearsal child;
    child.step(Checkpoint{});
    child.start(own_user | CLONE_NEWPID);
    if (cannot_be_made(child)) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
    const auto record = child.hear();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->pid, 1);
    EXPECT_NE(child.pid(), 1);
}

TEST(BringUpLoopback, gives_the_namespace_its_own_address) {
    for (const bool up : {false, true}) {
        Rehearsal child;
        if (up) {
            child.step(BringUpLoopback{});
        }
        child.step(Checkpoint{});
        child.start(own_user | CLONE_NEWNET);
        if (cannot_be_made(child)) {
            GTEST_SKIP() << "user namespaces cannot be made here";
        }
        child.expect_ready();
        const bool has_address = contents(child.proc("net/fib_trie")).find("127.0.0.1") != std::string::npos;
        EXPECT_EQ(has_address, up);
    }
}

TEST(MountFilesystem, tells_the_kernels_own_words_about_a_bad_option) {
    Rehearsal child;
    MountFilesystem mount{};
    mount.type = child.text("tmpfs");
    mount.source = mount.type;
    mount.target = child.text("/tmp");
    mount.options = child.list(std::vector<Option>{{child.text("size"), child.text("nonsense")}});
    child.step(MakePrivate{});
    child.step(mount);
    child.start(own_user | CLONE_NEWNS);
    if (cannot_be_made(child)) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
    const Record record = child.expect_failure();
    EXPECT_EQ(record.step, 1U);
    EXPECT_EQ(record.errnum, EINVAL);
    EXPECT_EQ(record.cause, Cause::filesystem_says);
    const std::string text(record.text, record.text_length);
    EXPECT_TRUE(text.starts_with("e tmpfs: ")) << text;
    EXPECT_NE(text.find("size"), std::string::npos) << text;
}

TEST(MountFilesystem, follows_no_symbolic_link_to_its_target) {
    const std::string link = testing::TempDir() + "linx_link_" + std::to_string(::getpid());
    std::filesystem::create_directory_symlink("/", link);
    Rehearsal child;
    MountFilesystem mount{};
    mount.type = child.text("tmpfs");
    mount.source = mount.type;
    mount.target = child.text(link);
    child.step(MakePrivate{});
    child.step(mount);
    child.start(own_user | CLONE_NEWNS);
    if (!cannot_be_made(child)) {
        EXPECT_EQ(child.expect_failure().errnum, ELOOP);
    }
    std::filesystem::remove(link);
    if (cannot_be_made(child)) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
}

TEST(MountFilesystem, says_that_a_filesystem_is_unknown) {
    Rehearsal child;
    MountFilesystem mount{};
    mount.type = child.text("nosuchfs");
    mount.source = mount.type;
    mount.target = child.text("/");
    child.step(mount);
    child.start(own_user | CLONE_NEWNS);
    if (cannot_be_made(child)) {
        GTEST_SKIP() << "user namespaces cannot be made here";
    }
    EXPECT_EQ(child.expect_failure().errnum, ENODEV);
}

}  // namespace
}  // namespace linx::child
