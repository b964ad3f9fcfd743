#include "agent/inlet.hpp"

#include "etf/terms_test.hpp"

#include <optional>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx::agent {
namespace {

using etf::by_hand::big_endian;
using etf::by_hand::framed;
using testing::ElementsAre;

constexpr std::size_t one_mebibyte = 1048576;

/// A pipe with an inlet at its end: what is written is cut into frames at once.
class Channel {
public:
    Channel() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        reader_ = Fd{ends[0]};
        writer_ = Fd{ends[1]};
        inlet_.emplace(reader_.ref());
    }

    void write(std::string_view bytes) {
        constexpr std::size_t at_once = 30'000;
        while (!bytes.empty()) {
            const std::string_view part = bytes.substr(0, at_once);
            ASSERT_EQ(::write(writer_.ref().number(), part.data(), part.size()),
                      static_cast<ssize_t>(part.size()));
            bytes.remove_prefix(part.size());
            EXPECT_EQ(read(), Inlet::Filled::nothing);
        }
    }
    Inlet::Filled close() {
        writer_.reset();
        return read();
    }
    /// Each frame as it is, and `"too long: N"`.
    std::vector<std::string> frames;

private:
    Inlet::Filled read() {
        while (true) {
            const auto filled = inlet_->fill();
            while (const auto next = inlet_->next()) {
                if (const auto* frame = std::get_if<Inlet::Frame>(&*next)) {
                    frames.emplace_back(frame->begin(), frame->end());
                } else {
                    frames.push_back("too long: " + std::to_string(std::get<Inlet::TooLong>(*next).length));
                }
            }
            if (filled != Inlet::Filled::some) {
                return filled;
            }
        }
    }

    Fd reader_;
    Fd writer_;
    std::optional<Inlet> inlet_;
};

TEST(Inlet, gives_out_frames_without_their_length) {
    Channel channel;
    channel.write(framed("one") + framed("") + framed("three"));
    EXPECT_THAT(channel.frames, ElementsAre("one", "", "three"));
}

TEST(Inlet, puts_frames_together_wherever_they_were_cut) {
    const std::string all = framed("one") + framed("") + framed(std::string(300, 'x')) + framed("four");
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        Channel channel;
        channel.write(all.substr(0, cut));
        channel.write(all.substr(cut));
        EXPECT_THAT(channel.frames, ElementsAre("one", "", std::string(300, 'x'), "four"))
            << "cut at " << cut;
    }
}

TEST(Inlet, puts_frames_together_from_single_bytes) {
    Channel channel;
    for (const char byte : framed("one") + framed("two")) {
        channel.write({&byte, 1});
    }
    EXPECT_THAT(channel.frames, ElementsAre("one", "two"));
}

TEST(Inlet, takes_a_frame_of_1_MiB_and_the_next_one) {
    Channel channel;
    const std::string longest(one_mebibyte, 'x');
    channel.write(framed(longest) + framed("next"));
    ASSERT_EQ(channel.frames.size(), 2U);
    EXPECT_TRUE(channel.frames[0] == longest);
    EXPECT_EQ(channel.frames[1], "next");
}

TEST(Inlet, skips_a_frame_that_is_longer) {
    const std::string long_one = framed(std::string(one_mebibyte + 1, 'x'));
    for (const std::size_t cut :
         {1UL, 3UL, 4UL, 5UL, 20'000UL, one_mebibyte, long_one.size() - 1, long_one.size()}) {
        Channel channel;
        channel.write(framed("before") + long_one.substr(0, cut));
        channel.write(long_one.substr(cut) + framed("after"));
        EXPECT_THAT(channel.frames, ElementsAre("before", "too long: 1048577", "after")) << "cut at " << cut;
    }
}

TEST(Inlet, skips_one_that_is_too_long_after_another) {
    Channel channel;
    const std::string long_one = framed(std::string(one_mebibyte + 7, 'x'));
    channel.write(long_one + long_one + framed("after"));
    EXPECT_THAT(channel.frames, ElementsAre("too long: 1048583", "too long: 1048583", "after"));
}

TEST(Inlet, says_of_a_frame_that_never_ends_once_that_it_is_too_long) {
    Channel channel;
    channel.write(big_endian(0xffffffff, 4));
    channel.write(std::string(3 * one_mebibyte, 'x'));
    EXPECT_THAT(channel.frames, ElementsAre("too long: 4294967295"));
    EXPECT_EQ(channel.close(), Inlet::Filled::end);
    EXPECT_EQ(channel.frames.size(), 1U);
}

TEST(Inlet, gives_out_nothing_of_a_frame_that_is_torn_by_the_end) {
    for (const std::size_t length : {0UL, 1UL, 4UL, 5UL, 6UL}) {
        Channel channel;
        channel.write(framed("one") + framed("two").substr(0, length));
        EXPECT_EQ(channel.close(), Inlet::Filled::end);
        EXPECT_THAT(channel.frames, ElementsAre("one"));
    }
}

TEST(Inlet, takes_a_descriptor_that_cannot_be_read_for_the_end) {
    Inlet inlet(FdRef{1 << 20});
    EXPECT_EQ(inlet.fill(), Inlet::Filled::end);
    EXPECT_FALSE(inlet.next());
}

}  // namespace
}  // namespace linx::agent
