#include "agent/outlet.hpp"

#include <csignal>
#include <optional>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx::agent {
namespace {

class OutletOf : public testing::Test {
protected:
    OutletOf() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        reader_ = Fd{ends[0]};
        writer_ = Fd{ends[1]};
        outlet_.emplace(writer_.ref());
    }
    /// What has arrived so far.
    std::string arrived(std::size_t at_most = std::string::npos) {
        std::string text;
        char buffer[65536];
        while (text.size() < at_most) {
            const ssize_t got =
                ::read(reader_.ref().number(), buffer, std::min(sizeof buffer, at_most - text.size()));
            if (got <= 0) {
                break;
            }
            text.append(buffer, static_cast<std::size_t>(got));
        }
        return text;
    }

    Fd reader_;
    Fd writer_;
    std::optional<Outlet> outlet_;
};

TEST_F(OutletOf, a_pipe_with_room_writes_all_at_once) {
    outlet_->put(std::string_view("one"));
    outlet_->put(std::string_view("two"));
    EXPECT_EQ(outlet_->waiting(), 6U);
    EXPECT_EQ(arrived(), "") << "nothing goes out before it is asked for";
    EXPECT_EQ(outlet_->flush(), Outlet::Flushed::all);
    EXPECT_EQ(outlet_->waiting(), 0U);
    EXPECT_EQ(arrived(), "onetwo");
}

TEST_F(OutletOf, nothing_has_nothing_to_write) {
    EXPECT_EQ(outlet_->flush(), Outlet::Flushed::all);
    EXPECT_EQ(arrived(), "");
}

TEST_F(OutletOf, a_full_pipe_keeps_the_rest_in_order) {
    std::string all;
    for (int i = 0; all.size() < 500'000; ++i) {
        const std::string frame = std::to_string(i) + ",";
        all += frame;
        outlet_->put(frame);
    }
    EXPECT_EQ(outlet_->flush(), Outlet::Flushed::blocked);
    EXPECT_GT(outlet_->waiting(), 0U);
    std::string got;
    while (outlet_->waiting() > 0) {
        got += arrived(10'000);
        outlet_->put(std::string_view("x"));
        all += "x";
        ASSERT_NE(outlet_->flush(), Outlet::Flushed::broken);
    }
    EXPECT_TRUE(got + arrived() == all);
}

TEST_F(OutletOf, a_mark_takes_a_frame_before_those_that_came_after_it) {
    outlet_->put(std::string_view("one,"));
    const std::size_t mark = outlet_->mark();
    outlet_->put(std::string_view("three,"));
    outlet_->put_before(mark, std::string_view("two,"));
    outlet_->put(std::string_view("four"));
    EXPECT_EQ(outlet_->flush(), Outlet::Flushed::all);
    EXPECT_EQ(arrived(), "one,two,three,four");
}

TEST_F(OutletOf, a_full_pipe_honours_a_mark_as_well) {
    outlet_->put(std::string(200'000, 'x'));
    ASSERT_EQ(outlet_->flush(), Outlet::Flushed::blocked);
    const std::size_t mark = outlet_->mark();
    outlet_->put(std::string_view("second"));
    outlet_->put_before(mark, std::string_view("first"));
    std::string got;
    do {
        got += arrived();
        ASSERT_NE(outlet_->flush(), Outlet::Flushed::broken);
    } while (outlet_->waiting() > 0);
    EXPECT_TRUE(got + arrived() == std::string(200'000, 'x') + "firstsecond");
}

TEST_F(OutletOf, a_pipe_that_nobody_reads_any_more_is_broken) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    reader_.reset();
    outlet_->put(std::string_view("one"));
    EXPECT_EQ(outlet_->flush(), Outlet::Flushed::broken);
    EXPECT_EQ(outlet_->flush(), Outlet::Flushed::broken);
    std::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace linx::agent
