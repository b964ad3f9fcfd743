#include "sys/namespace_file.hpp"

#include <linx/namespaces.hpp>

#include <cerrno>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace linx::sys {
namespace {

std::string own(Namespace kind) {
    return "/proc/self/ns/" + std::string(proc_name(kind));
}

TEST(NamespaceFile, is_told_from_another_by_its_id) {
    const auto net = namespace_id(own(Namespace::net));
    const auto uts = namespace_id(own(Namespace::uts));
    ASSERT_TRUE(net && uts);
    EXPECT_EQ(*net, *namespace_id("/proc/thread-self/ns/net"));
    EXPECT_NE(*net, *uts);
    const Fd file{::open(own(Namespace::net).c_str(), O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(*namespace_id(file.ref()), *net);
}

TEST(NamespaceFile, has_no_id_where_there_is_no_file) {
    EXPECT_EQ(namespace_id("/no/such/file"), std::unexpected(ENOENT));
    EXPECT_EQ(namespace_id(FdRef{-1}), std::unexpected(EBADF));
}

TEST(NamespaceFile, knows_its_kind) {
    for (const Namespace kind : every_namespace) {
        const Fd file{::open(own(kind).c_str(), O_RDONLY | O_CLOEXEC)};
        ASSERT_TRUE(file.is_open());
        EXPECT_EQ(namespace_type(file.ref()), clone_flag(kind)) << name(kind);
    }
}

TEST(NamespaceFile, is_nothing_else) {
    const Fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(namespace_type(null.ref()), std::unexpected(ENOTTY));
    EXPECT_EQ(namespace_type(FdRef{-1}), std::unexpected(EBADF));
}

TEST(NamespaceFile, is_opened_without_waiting_or_not_at_all) {
    ASSERT_EQ(::access("/dev/null", F_OK), 0);  // the kernel knows the way from now on
    const auto known = open_namespace_cached("/dev/null");
    if (!known && known.error() == ENOSYS) {
        GTEST_SKIP() << "openat2 is not to be had";
    }
    ASSERT_TRUE(known) << known.error();
    EXPECT_NE(::fcntl(known->ref().number(), F_GETFL) & O_PATH, 0);
    EXPECT_NE(::fcntl(known->ref().number(), F_GETFD) & FD_CLOEXEC, 0);
    // The files of /proc/PID/ns are links that only the filesystem can follow.
    const auto link = open_namespace_cached(own(Namespace::uts));
    EXPECT_TRUE(link || link.error() == EAGAIN);
    EXPECT_FALSE(open_namespace_cached("/no/such/file"));
}

TEST(NamespaceFile, is_reopened_for_setns) {
    const Fd path{::open(own(Namespace::uts).c_str(), O_PATH | O_CLOEXEC)};
    ASSERT_TRUE(path.is_open());
    const auto file = reopen_namespace(path.ref());
    ASSERT_TRUE(file);
    EXPECT_EQ(namespace_type(file->ref()), clone_flag(Namespace::uts));
    EXPECT_NE(::fcntl(file->ref().number(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(NamespaceFile, is_not_reopened_when_it_is_a_fifo_that_would_block) {
    const std::string path = testing::TempDir() + "linx_fifo_" + std::to_string(::getpid());
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const Fd fifo{::open(path.c_str(), O_PATH | O_CLOEXEC)};
    const auto file = reopen_namespace(fifo.ref());
    EXPECT_EQ(::unlink(path.c_str()), 0);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error(), EINVAL);
}

TEST(NamespaceFile, of_a_user_namespace_has_an_owner_or_none_to_be_seen) {
    const Fd file{::open(own(Namespace::user).c_str(), O_RDONLY | O_CLOEXEC)};
    const auto owner = owning_user_namespace(file.ref());
    const auto parent = parent_namespace(file.ref());
    EXPECT_EQ(owner.has_value(), parent.has_value());
    if (!owner) {
        EXPECT_EQ(owner.error(), EPERM);
    }
    const Fd net{::open(own(Namespace::net).c_str(), O_RDONLY | O_CLOEXEC)};
    const auto none = parent_namespace(net.ref());
    ASSERT_FALSE(none) << "a net namespace has no parent";
    EXPECT_EQ(none.error(), EINVAL);
}

}  // namespace
}  // namespace linx::sys
