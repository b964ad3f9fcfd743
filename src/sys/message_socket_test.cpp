#include "sys/message_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace linx::sys {
namespace {

std::span<const std::byte> bytes(const char* text) {
    return std::as_bytes(std::span(text, std::strlen(text)));
}

TEST(MessageSocket, carries_whole_records) {
    const auto pair = message_socket_pair();
    ASSERT_TRUE(pair);
    ASSERT_TRUE(send_record(pair->ours.ref(), bytes("one")));
    ASSERT_TRUE(send_record(pair->ours.ref(), bytes("three")));
    std::array<char, 16> buffer{};
    const auto first = receive_record(pair->theirs.ref(), std::as_writable_bytes(std::span(buffer)));
    ASSERT_TRUE(first);
    EXPECT_EQ(std::string(buffer.data(), first->length), "one");
    EXPECT_FALSE(first->fd.is_open());
    const auto second = receive_record(pair->theirs.ref(), std::as_writable_bytes(std::span(buffer)));
    ASSERT_TRUE(second);
    EXPECT_EQ(std::string(buffer.data(), second->length), "three");
}

TEST(MessageSocket, is_close_on_exec_at_both_ends) {
    const auto pair = message_socket_pair();
    ASSERT_TRUE(pair);
    EXPECT_NE(::fcntl(pair->ours.ref().number(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(pair->theirs.ref().number(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(MessageSocket, never_blocks_when_nothing_is_there) {
    const auto pair = message_socket_pair();
    ASSERT_TRUE(pair);
    std::array<char, 16> buffer{};
    const auto received = receive_record(pair->ours.ref(), std::as_writable_bytes(std::span(buffer)));
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), EAGAIN);
}

TEST(MessageSocket, never_blocks_when_the_other_end_does_not_read) {
    const auto pair = message_socket_pair();
    ASSERT_TRUE(pair);
    Outcome<void> sent;
    for (int i = 0; i < 100'000 && sent; ++i) {
        sent = send_record(pair->ours.ref(), bytes("and another one"));
    }
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), EAGAIN);
}

TEST(MessageSocket, tells_the_end_by_a_length_of_zero) {
    auto pair = message_socket_pair();
    ASSERT_TRUE(pair);
    pair->theirs.reset();
    std::array<char, 16> buffer{};
    const auto received = receive_record(pair->ours.ref(), std::as_writable_bytes(std::span(buffer)));
    ASSERT_TRUE(received);
    EXPECT_EQ(received->length, 0U);
}

TEST(MessageSocket, raises_no_sigpipe) {
    auto pair = message_socket_pair();
    ASSERT_TRUE(pair);
    pair->theirs.reset();
    const auto sent = send_record(pair->ours.ref(), bytes("to nobody"));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), EPIPE);
}

TEST(MessageSocket, hands_over_a_descriptor_that_is_close_on_exec) {
    const auto pair = message_socket_pair();
    ASSERT_TRUE(pair);
    const Fd file{::open("/dev/zero", O_RDONLY)};
    char byte = 'x';
    iovec one = {&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message = {};
    message.msg_iov = &one;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = file.ref().number();
    std::memcpy(CMSG_DATA(header), &number, sizeof(number));
    ASSERT_EQ(::sendmsg(pair->ours.ref().number(), &message, 0), 1);
    std::array<char, 16> buffer{};
    const auto received = receive_record(pair->theirs.ref(), std::as_writable_bytes(std::span(buffer)));
    ASSERT_TRUE(received);
    EXPECT_EQ(received->length, 1U);
    ASSERT_TRUE(received->fd.is_open());
    EXPECT_NE(received->fd.ref().number(), number);
    EXPECT_NE(::fcntl(received->fd.ref().number(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(AboveStdio, moves_a_low_number_and_leaves_a_high_one) {
    const int saved = ::fcntl(0, F_DUPFD_CLOEXEC, 10);
    ::close(0);
    Fd low{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    ASSERT_EQ(low.ref().number(), 0);
    auto moved = above_stdio(std::move(low));
    ASSERT_TRUE(moved);
    EXPECT_GE(moved->ref().number(), 3);
    EXPECT_EQ(::fcntl(0, F_GETFD), -1) << "the low number is still open";
    EXPECT_NE(::fcntl(moved->ref().number(), F_GETFD) & FD_CLOEXEC, 0);
    if (saved >= 0) {
        ::dup2(saved, 0);
        ::close(saved);
    }
    const int number = moved->ref().number();
    const auto same = above_stdio(std::move(*moved));
    ASSERT_TRUE(same);
    EXPECT_EQ(same->ref().number(), number);
}

TEST(OutOfTheWay, is_a_number_that_no_launch_would_take) {
    Fd low{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    const int before = low.ref().number();
    const Fd high = out_of_the_way(std::move(low));
    EXPECT_GE(high.ref().number(), 256);
    EXPECT_EQ(::fcntl(before, F_GETFD), -1) << "the low number is still open";
    EXPECT_NE(::fcntl(high.ref().number(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(OutOfTheWay, is_where_it_was_when_no_high_number_is_to_be_had) {
    rlimit before = {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit few = {.rlim_cur = 100, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    Fd low{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    const int number = low.ref().number();
    EXPECT_EQ(out_of_the_way(std::move(low)).ref().number(), number);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(AboveStdio, lets_nothing_pass) {
    const auto nothing = above_stdio(Fd{});
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(nothing->is_open());
}

}  // namespace
}  // namespace linx::sys
