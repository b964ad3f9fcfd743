#include "launch/belongings.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace linx::launch {
namespace {

using testing::ElementsAre;

std::vector<std::string> strings_at(char** pointers) {
    std::vector<std::string> strings;
    for (; *pointers != nullptr; ++pointers) {
        strings.emplace_back(*pointers);
    }
    return strings;
}

TEST(Belongings, are_copies_of_what_was_packed) {
    const std::vector<child::Step> steps{{child::SetUmask{022}}, {child::Checkpoint{}}, {child::SetUid{7}}};
    const std::string arena("one\0two", 8);
    const std::array fds{9, -1, 4, 30};
    const std::vector<std::string> argv{"sh", "-c", "", "exit 7"};
    const std::vector<std::string> environment{"A=1", "B="};
    const auto packed = Belongings::pack(
        {.steps = steps, .arena = arena, .fds = fds, .argv = argv, .environment = environment});
    ASSERT_TRUE(packed);
    const child::Program& program = packed->program();
    ASSERT_EQ(program.step_count, 3U);
    EXPECT_EQ(std::get<child::SetUmask>(program.steps[0].operation).mask, 022U);
    EXPECT_EQ(std::get<child::SetUid>(program.steps[2].operation).uid, 7U);
    EXPECT_EQ(std::memcmp(program.arena, arena.data(), arena.size()), 0);
    EXPECT_THAT(std::vector(program.fds, program.fds + program.fd_count), ElementsAre(9, -1, 4, 30));
    EXPECT_THAT(strings_at(program.argv), ElementsAre("sh", "-c", "", "exit 7"));
    EXPECT_THAT(strings_at(program.envp), ElementsAre("A=1", "B="));
    EXPECT_EQ(program.launcher, ::getpid());
    EXPECT_NE(static_cast<const void*>(program.steps), steps.data());
    EXPECT_NE(static_cast<const void*>(program.arena), arena.data());
    EXPECT_NE(static_cast<const void*>(program.argv[0]), argv[0].data());
}

TEST(Belongings, keep_the_open_descriptors_in_order) {
    const std::array fds{9, -1, 4, 30, -1, 5};
    const auto packed =
        Belongings::pack({.steps = {}, .arena = {}, .fds = fds, .argv = {}, .environment = {}});
    ASSERT_TRUE(packed);
    const child::Program& program = packed->program();
    EXPECT_THAT(std::vector(program.kept, program.kept + program.kept_count), ElementsAre(4, 5, 9, 30));
}

/// It writes the shell's name there.
TEST(Belongings, have_room_before_the_first_argument) {
    const std::vector<std::string> argv{"script"};
    const auto packed =
        Belongings::pack({.steps = {}, .arena = {}, .fds = {}, .argv = argv, .environment = {}});
    ASSERT_TRUE(packed);
    char shell[] = "/bin/sh";
    packed->program().argv[-1] = shell;
    EXPECT_THAT(strings_at(packed->program().argv - 1), ElementsAre("/bin/sh", "script"));
}

TEST(Belongings, can_be_many) {
    const std::vector<std::string> environment(20'000, std::string(50, 'x'));
    const auto packed =
        Belongings::pack({.steps = {}, .arena = {}, .fds = {}, .argv = {}, .environment = environment});
    ASSERT_TRUE(packed);
    EXPECT_EQ(strings_at(packed->program().envp), environment);
}

TEST(Belongings, go_with_whoever_they_are_moved_to) {
    const std::vector<std::string> argv{"one"};
    const std::vector<std::string> other{"two"};
    auto first = Belongings::pack({.steps = {}, .arena = {}, .fds = {}, .argv = argv, .environment = {}});
    auto second = Belongings::pack({.steps = {}, .arena = {}, .fds = {}, .argv = other, .environment = {}});
    ASSERT_TRUE(first && second);
    Belongings moved{std::move(*first)};
    EXPECT_THAT(strings_at(moved.program().argv), ElementsAre("one"));
    moved = std::move(*second);
    EXPECT_THAT(strings_at(moved.program().argv), ElementsAre("two"));
}

}  // namespace
}  // namespace linx::launch
