#include "sys/small_file.hpp"

#include "sys/proc_directory.hpp"

#include <cerrno>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx::sys {
namespace {

class SmallFile : public testing::Test {
protected:
    void TearDown() override { ::unlink(path_.c_str()); }
    void holding(std::size_t bytes) const { std::ofstream(path_) << std::string(bytes, 'x'); }
    std::string path_ = testing::TempDir() + "linx_small_file_" + std::to_string(::getpid());
};

TEST_F(SmallFile, is_read_whole) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{10'000}}) {
        holding(size);
        const auto text = read_small_file(path_);
        ASSERT_TRUE(text);
        EXPECT_EQ(*text, std::string(size, 'x'));
    }
}

TEST_F(SmallFile, is_read_whole_where_the_kernel_makes_it_up) {
    const auto text = read_small_file("/proc/self/status");
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->starts_with("Name:"));
    EXPECT_NE(text->find("\nPid:\t" + std::to_string(::getpid()) + "\n"), std::string::npos);
}

TEST_F(SmallFile, has_an_end) {
    holding((std::size_t{1} << 20));
    EXPECT_TRUE(read_small_file(path_));
    holding((std::size_t{1} << 20) + 1);
    EXPECT_EQ(read_small_file(path_), std::unexpected(EFBIG));
    EXPECT_EQ(read_small_file("/dev/zero"), std::unexpected(EFBIG));
}

TEST_F(SmallFile, that_is_not_there_or_no_file_says_so) {
    EXPECT_EQ(read_small_file("/no/such/file"), std::unexpected(ENOENT));
    EXPECT_EQ(read_small_file("/"), std::unexpected(EISDIR));
}

TEST_F(SmallFile, is_written_with_one_call) {
    holding(0);
    ASSERT_TRUE(write_small_file(path_, "0 1000 1\n"));
    EXPECT_EQ(*read_small_file(path_), "0 1000 1\n");
}

TEST_F(SmallFile, is_not_made_by_writing) {
    const auto written = write_small_file(path_, "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), ENOENT);
}

TEST_F(SmallFile, tells_what_the_write_said) {
    const auto written = write_small_file("/dev/full", "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), ENOSPC);
}

TEST(ProcDirectory, is_opened_as_a_directory_only) {
    EXPECT_TRUE(open_directory("/proc/self"));
    EXPECT_EQ(open_directory("/proc/self/status").error(), ENOTDIR);
    EXPECT_EQ(open_directory("/no/such/directory").error(), ENOENT);
}

TEST(ProcDirectory, belongs_to_somebody) {
    const auto directory = open_directory("/proc/1");
    ASSERT_TRUE(directory);
    EXPECT_EQ(owner_of(directory->ref()), 0U);
    EXPECT_EQ(owner_of(FdRef{-1}), std::unexpected(EBADF));
}

TEST(ProcDirectory, has_files_with_a_status) {
    const auto status = status_of("/dev/null");
    ASSERT_TRUE(status);
    EXPECT_TRUE(S_ISCHR(status->st_mode));
    EXPECT_EQ(status_of("/no/such/file").error(), ENOENT);
    EXPECT_TRUE(is_writable("/dev/null"));
    EXPECT_FALSE(is_writable("/no/such/file"));
    EXPECT_FALSE(has_attribute("/dev/null", "security.capability"));
}

}  // namespace
}  // namespace linx::sys
