#include "vocabulary/escaped.hpp"

#include <gtest/gtest.h>

namespace linx {
namespace {

TEST(Escaped, leaves_text_as_it_is) {
    for (const std::string_view text :
         {"", "plain text, ~", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa7", "\xc2\xa0", "\xed\x9f\xbf",
          "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "back\\slash"}) {
        EXPECT_EQ(escaped(text), text);
    }
}

TEST(Escaped, shows_control_characters_of_ascii) {
    EXPECT_EQ(escaped("a\x1b[2J\n\t\x7f"), "a\\x1b[2J\\x0a\\x09\\x7f");
    EXPECT_EQ(escaped(std::string_view("\0b", 2)), "\\x00b");
}

/// U+009B is to a terminal what ESC [ is.
TEST(Escaped, shows_the_control_characters_above_ascii) {
    EXPECT_EQ(escaped("\xc2\x80\xc2\x9b"
                      "2J\xc2\x9f"),
              "\\xc2\\x80\\xc2\\x9b2J\\xc2\\x9f");
}

TEST(Escaped, shows_what_is_no_utf_8) {
    EXPECT_EQ(escaped("\x9b"
                      "2J\xff\xfe"),
              "\\x9b2J\\xff\\xfe");
    EXPECT_EQ(escaped("\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf"),
              "\\xc0\\xaf \\xe0\\x80\\xaf \\xf0\\x80\\x80\\xaf");    // too long a form
    EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
    EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond the last character
}

TEST(Escaped, goes_on_after_a_character_that_is_cut_off) {
    EXPECT_EQ(escaped("\xe2\x82"), "\\xe2\\x82");
    EXPECT_EQ(escaped("\xe2\x82z\xc3\xa4"), "\\xe2\\x82z\xc3\xa4");
    EXPECT_EQ(escaped("\xc3"), "\\xc3");
}

}  // namespace
}  // namespace linx
