#include "launch/init_image.hpp"

#include <cerrno>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx::launch {
namespace {

/// Of a library that was built without linx-init, and of one that was built with it.
TEST(InitImage, is_the_program_in_a_sealed_file_or_an_error) {
    const auto file = open_init_image();
    if (init_image().empty()) {
        ASSERT_FALSE(file);
        EXPECT_EQ(file.error(), ENOSYS);
        return;
    }
    ASSERT_TRUE(file);
    EXPECT_EQ(::lseek(file->ref().number(), 0, SEEK_END), static_cast<off_t>(init_image().size()));
    EXPECT_EQ(::fcntl(file->ref().number(), F_GET_SEALS),
              F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

}  // namespace
}  // namespace linx::launch
