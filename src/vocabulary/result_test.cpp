#include <linx/result.hpp>

#include <cerrno>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace linx {
namespace {

Result<std::unique_ptr<int>> boxed(int value) {
    if (value < 0) {
        return failed(Stage::memory, ENOMEM, "a box");
    }
    return std::make_unique<int>(value);
}

Result<void> at_most_three(int value) {
    if (value > 3) {
        return failed(Stage::spec, EINVAL, "above three");
    }
    return {};
}

/// Both kinds of Result in one function that answers a third.
Result<std::string> spelled(int value) {
    LINX_TRY(at_most_three(value));
    const std::unique_ptr<int> box = LINX_TRY(boxed(value));
    return std::string(static_cast<std::size_t>(*box), 'i');
}

TEST(Try, takes_a_move_only_value_out_of_a_result) {
    const auto text = spelled(3);
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, "iii");
}

TEST(Try, passes_the_error_of_a_void_result_on) {
    const auto text = spelled(4);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().stage, Stage::spec);
    EXPECT_EQ(text.error().errnum, EINVAL);
    EXPECT_EQ(text.error().detail, "above three");
}

TEST(Try, passes_the_error_of_a_value_on) {
    const auto text = spelled(-1);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().stage, Stage::memory);
    EXPECT_EQ(text.error().errnum, ENOMEM);
    EXPECT_EQ(text.error().detail, "a box");
    EXPECT_EQ(text.error().hint, "");
}

TEST(Try, evaluates_its_argument_once) {
    int calls = 0;
    const auto counted = [&calls]() -> Result<int> { return ++calls; };
    const auto outer = [&counted]() -> Result<int> { return LINX_TRY(counted()) + 10; };
    EXPECT_EQ(outer().value_or(0), 11);
    EXPECT_EQ(calls, 1);
}

TEST(Try, stops_the_function_at_the_error) {
    bool went_on = false;
    const auto outer = [&went_on]() -> Result<void> {
        LINX_TRY(at_most_three(9));
        went_on = true;
        return {};
    };
    EXPECT_FALSE(outer());
    EXPECT_FALSE(went_on);
}

TEST(Try, keeps_the_hint_of_an_error) {
    const auto inner = []() -> Result<int> {
        return std::unexpected(
            Error{.stage = Stage::clone3, .errnum = EPERM, .detail = {}, .hint = "add `user`"});
    };
    const auto outer = [&inner]() -> Result<std::string> { return std::to_string(LINX_TRY(inner())); };
    const auto answer = outer();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().hint, "add `user`");
}

TEST(Try, can_stand_twice_in_one_expression) {
    const auto sum = [](int a, int b) -> Result<int> { return *LINX_TRY(boxed(a)) + *LINX_TRY(boxed(b)); };
    EXPECT_EQ(sum(2, 3).value_or(-1), 5);
    EXPECT_FALSE(sum(2, -1));
}

}  // namespace
}  // namespace linx
