#include "program/arena.hpp"

#include <array>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace linx::program {
namespace {

struct Wide {
    std::uint64_t first;
    std::uint32_t second;
};

template <class T>
const T* at(const Arena& arena, child::List list) {
    return static_cast<const T*>(static_cast<const void*>(arena.data() + list.offset));
}

TEST(Arena, puts_a_nul_behind_every_text) {
    Arena arena;
    const auto first = arena.text("one");
    const auto empty = arena.text("");
    const auto last = arena.text("three");
    EXPECT_STREQ(arena.data() + first.offset, "one");
    EXPECT_STREQ(arena.data() + empty.offset, "");
    EXPECT_STREQ(arena.data() + last.offset, "three");
    EXPECT_EQ(arena.view(first), "one");
    EXPECT_EQ(arena.view(empty), "");
    EXPECT_EQ(arena.view(last), "three");
}

TEST(Arena, keeps_every_byte_of_a_text) {
    Arena arena;
    const std::string bytes("a\0b\xff", 4);
    EXPECT_EQ(arena.view(arena.text(bytes)), bytes);
}

TEST(Arena, aligns_a_list_for_its_element) {
    Arena arena;
    const std::array<Wide, 2> wide{{{1, 2}, {3, 4}}};
    for (int odd = 0; odd < 9; ++odd) {
        (void)arena.text(std::string(static_cast<std::size_t>(odd), 'x'));
        const auto list = arena.list(std::span<const Wide>(wide));
        EXPECT_EQ(list.offset % alignof(Wide), 0U);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at<Wide>(arena, list)) % alignof(Wide), 0U);
        EXPECT_EQ(list.count, 2U);
        EXPECT_EQ(at<Wide>(arena, list)[1].first, 3U);
        EXPECT_EQ(at<Wide>(arena, list)[1].second, 4U);
    }
}

TEST(Arena, lets_what_follows_a_list_touch_nothing_of_it) {
    Arena arena;
    const std::array<std::uint32_t, 3> numbers{7, 8, 9};
    const auto list = arena.list(std::span<const std::uint32_t>(numbers));
    const auto text = arena.text("after");
    EXPECT_GE(text.offset, list.offset + sizeof(numbers));
    EXPECT_EQ(at<std::uint32_t>(arena, list)[2], 9U);
}

TEST(Arena, takes_a_list_of_nothing) {
    Arena arena;
    const auto list = arena.list(std::span<const std::uint64_t>());
    EXPECT_EQ(list.count, 0U);
    EXPECT_EQ(arena.view(arena.text("x")), "x");
}

TEST(Arena, keeps_offsets_valid_while_it_grows) {
    Arena arena;
    const auto text = arena.text("first of all");
    const std::array<std::uint64_t, 1> number{0x0123456789abcdef};
    const auto list = arena.list(std::span<const std::uint64_t>(number));
    const char* const before = arena.data();
    for (int i = 0; i < 10'000; ++i) {
        (void)arena.text("and one more that makes the block grow");
    }
    EXPECT_NE(arena.data(), before) << "the block never moved, so this test has shown nothing";
    EXPECT_EQ(arena.view(text), "first of all");
    EXPECT_EQ(at<std::uint64_t>(arena, list)[0], number[0]);
}

TEST(Arena, keeps_its_contents_when_it_is_moved) {
    Arena arena;
    const auto text = arena.text("moved");
    const Arena other = std::move(arena);
    EXPECT_EQ(other.view(text), "moved");
}

}  // namespace
}  // namespace linx::program
