#include "launch/own_ids.hpp"

#include <gtest/gtest.h>

namespace linx::launch {
namespace {

TEST(OwnIds, are_mapped_by_any_line_of_a_map) {
    constexpr std::string_view map = "         0       1000          1\n         5     100000      10\n";
    for (const std::uint32_t id : {0U, 5U, 14U}) {
        EXPECT_TRUE(maps(map, id)) << id;
    }
    for (const std::uint32_t id : {1U, 4U, 15U, 1000U, 65534U}) {
        EXPECT_FALSE(maps(map, id)) << id;
    }
}

TEST(OwnIds, are_all_mapped_in_the_first_user_namespace) {
    constexpr std::string_view map = "         0          0 4294967295\n";
    EXPECT_TRUE(maps(map, 0));
    EXPECT_TRUE(maps(map, 65534));
    EXPECT_TRUE(maps(map, 4'294'967'294U));
}

TEST(OwnIds, are_not_mapped_by_a_map_that_is_not_written) {
    EXPECT_FALSE(maps("", 0));
    EXPECT_FALSE(maps("", 65534));
}

}  // namespace
}  // namespace linx::launch
