#include "sys/memory_file.hpp"

#include <array>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace linx::sys {
namespace {

constexpr std::array bytes{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};

TEST(MemoryFile, holds_what_is_written_and_is_closed_on_exec) {
    const auto file = memory_file("memory", 0);
    ASSERT_TRUE(file);
    EXPECT_EQ(write(file->ref(), bytes), 3U);
    struct stat status = {};
    ASSERT_EQ(::fstat(file->ref().number(), &status), 0);
    EXPECT_EQ(status.st_size, 3);
    EXPECT_EQ(::fcntl(file->ref().number(), F_GETFD), FD_CLOEXEC);
}

TEST(MemoryFile, takes_no_more_once_it_is_sealed) {
    const auto file = memory_file("memory", MFD_ALLOW_SEALING);
    ASSERT_TRUE(file);
    ASSERT_TRUE(write(file->ref(), bytes));
    ASSERT_TRUE(seal(file->ref(), F_SEAL_WRITE | F_SEAL_SEAL));
    const auto written = write(file->ref(), bytes);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), EPERM);
    EXPECT_FALSE(seal(file->ref(), F_SEAL_GROW)) << "the seals are sealed as well";
}

TEST(MemoryFile, that_is_no_program_is_not_executed) {
    const auto file = memory_file("memory", 0);
    ASSERT_TRUE(file);
    ASSERT_TRUE(write(file->ref(), bytes));
    std::array<char*, 1> nothing{nullptr};
    EXPECT_EQ(execute(file->ref(), nothing.data(), nothing.data()), ENOEXEC);
}

TEST(MemoryFile, cannot_be_made_with_flags_that_do_not_exist) {
    const auto file = memory_file("memory", 0x4000U);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error(), EINVAL);
}

}  // namespace
}  // namespace linx::sys
