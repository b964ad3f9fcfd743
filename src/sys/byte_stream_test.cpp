#include "sys/byte_stream.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx::sys {
namespace {

class ByteStream : public testing::Test {
protected:
    void SetUp() override {
        int ends[2] = {-1, -1};
        ASSERT_EQ(::pipe(ends),
                  0);  // as descriptors come from another program: blocking, and not close-on-exec
        reader_ = Fd{ends[0]};
        writer_ = Fd{ends[1]};
        ASSERT_TRUE(set_private_and_nonblocking(reader_.ref()));
        ASSERT_TRUE(set_private_and_nonblocking(writer_.ref()));
    }
    Fd reader_;
    Fd writer_;
    std::array<unsigned char, 64> room_{};
};

TEST_F(ByteStream, is_made_private_and_nonblocking) {
    for (const FdRef fd : {reader_.ref(), writer_.ref()}) {
        EXPECT_EQ(::fcntl(fd.number(), F_GETFD), FD_CLOEXEC);
        EXPECT_NE(::fcntl(fd.number(), F_GETFL) & O_NONBLOCK, 0);
    }
    EXPECT_EQ(::fcntl(writer_.ref().number(), F_GETFL) & O_ACCMODE, O_WRONLY)
        << "the other flags are as they were";
    EXPECT_EQ(set_private_and_nonblocking(FdRef{1 << 20}).error(), EBADF);
}

TEST_F(ByteStream, gives_what_was_put_in) {
    EXPECT_EQ(write_some(writer_.ref(), std::string_view("hello")), 5U);
    EXPECT_EQ(read_some(reader_.ref(), room_), 5U);
    EXPECT_EQ(std::string(room_.begin(), room_.begin() + 5), "hello");
}

TEST_F(ByteStream, says_when_it_is_not_now) {
    EXPECT_EQ(read_some(reader_.ref(), room_).error(), EAGAIN);
    const std::string much(1 << 20, 'x');
    const auto put = write_some(writer_.ref(), much);
    ASSERT_TRUE(put);
    EXPECT_LT(*put, much.size()) << "as much as there was room for";
    EXPECT_EQ(write_some(writer_.ref(), much).error(), EAGAIN);
}

TEST_F(ByteStream, ends) {
    EXPECT_EQ(write_some(writer_.ref(), std::string_view("x")), 1U);
    writer_.reset();
    EXPECT_EQ(read_some(reader_.ref(), room_), 1U) << "what was put in comes first";
    EXPECT_EQ(read_some(reader_.ref(), room_), 0U);
}

TEST_F(ByteStream, that_nobody_reads_is_broken) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    reader_.reset();
    EXPECT_EQ(write_some(writer_.ref(), std::string_view("x")).error(), EPIPE);
    std::signal(SIGPIPE, before);
}

TEST_F(ByteStream, that_is_not_there_says_so) {
    EXPECT_EQ(read_some(FdRef{-1}, room_).error(), EBADF);
    EXPECT_EQ(write_some(FdRef{-1}, std::string_view("x")).error(), EBADF);
    EXPECT_EQ(read_some(writer_.ref(), room_).error(), EBADF) << "the wrong end";
}

}  // namespace
}  // namespace linx::sys
