#include "etf/reader.hpp"

#include "etf/terms_test.hpp"
#include "etf/validate.hpp"

#include <gtest/gtest.h>

namespace linx::etf {
namespace {

using by_hand::atom;
using by_hand::big;
using by_hand::big_endian;
using by_hand::binary;
using by_hand::Bytes;
using by_hand::bytes_of;
using by_hand::charlist;
using by_hand::integer;
using by_hand::list;
using by_hand::map;
using by_hand::nil;
using by_hand::tagged;
using by_hand::tuple;
using by_hand::with_version;

/// A frame, and a reader at its beginning.
class Frame {
public:
    explicit Frame(const Bytes& term) : bytes_(with_version(term)), reader_(bytes_of(bytes_)) {
        EXPECT_TRUE(validate(bytes_of(bytes_)));
    }
    Reader* operator->() { return &reader_; }

private:
    Bytes bytes_;
    Reader reader_;
};

Bytes latin1_atom(const Bytes& name) {
    return tagged(115, big_endian(name.size(), 1) + name);
}
Bytes one_and_a_half() {
    return tagged(70, big_endian(0x3ff8000000000000, 8));
}

TEST(Reader, tells_the_kind_of_each_term) {
    EXPECT_EQ(Frame(integer(1))->kind(), Kind::integer);
    EXPECT_EQ(Frame(integer(-300))->kind(), Kind::integer);
    EXPECT_EQ(Frame(big(1, false, 30))->kind(), Kind::integer);
    EXPECT_EQ(Frame(one_and_a_half())->kind(), Kind::real);
    EXPECT_EQ(Frame(atom("a"))->kind(), Kind::atom);
    EXPECT_EQ(Frame(latin1_atom("a"))->kind(), Kind::atom);
    EXPECT_EQ(Frame(tagged(100, Bytes("\0\1a", 3)))->kind(), Kind::atom);
    EXPECT_EQ(Frame(tagged(118, Bytes("\0\1a", 3)))->kind(), Kind::atom);
    EXPECT_EQ(Frame(binary(""))->kind(), Kind::binary);
    EXPECT_EQ(Frame(nil())->kind(), Kind::list);
    EXPECT_EQ(Frame(charlist("a"))->kind(), Kind::list);
    EXPECT_EQ(Frame(list({nil()}))->kind(), Kind::list);
    EXPECT_EQ(Frame(tuple({}))->kind(), Kind::tuple);
    EXPECT_EQ(Frame(tagged(105, big_endian(0, 4)))->kind(), Kind::tuple);
    EXPECT_EQ(Frame(map({}))->kind(), Kind::map);
}

TEST(Reader, reads_atoms_as_utf8_whatever_they_are_written_in) {
    EXPECT_EQ(Frame(atom("proceed"))->atom(), "proceed");
    EXPECT_EQ(Frame(atom(""))->atom(), "");
    EXPECT_EQ(Frame(atom("größe"))->atom(), "größe");
    EXPECT_EQ(Frame(latin1_atom("gr\xf6\xdf"
                                "e"))
                  ->atom(),
              "größe");
    EXPECT_EQ(Frame(latin1_atom(Bytes(255, '\xff')))->atom().value_or("").size(), 510U);
    Bytes widest;
    for (int i = 0; i < 255; ++i) {
        widest += "\xf0\x9f\x90\xa7";
    }
    EXPECT_EQ(Frame(tagged(118, big_endian(widest.size(), 2) + widest))->atom(), widest);
}

TEST(Reader, takes_no_atom_with_a_nul_byte_for_what_comes_before_it) {
    EXPECT_NE(Frame(atom(Bytes("proceed\0x", 9)))->atom(), "proceed");
    EXPECT_NE(Frame(latin1_atom(Bytes("proceed\0", 8)))->atom(), "proceed");
    EXPECT_NE(Frame(tagged(118, Bytes("\0\5ping\0", 7)))->atom(), "ping");
}

TEST(Reader, reads_whole_numbers_of_64_bits) {
    for (const std::int64_t value :
         {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1}, std::int64_t{INT32_MAX},
          std::int64_t{INT32_MIN}, std::int64_t{INT32_MAX} + 1, std::int64_t{1} << 59, INT64_MAX,
          -INT64_MAX}) {
        EXPECT_EQ(Frame(integer(value))->integer(), value);
    }
    EXPECT_EQ(Frame(big(1ULL << 63, true))->integer(), INT64_MIN);
    EXPECT_EQ(Frame(big(7, false, 1))->integer(), 7);
    EXPECT_EQ(Frame(big(0, true, 1))->integer(), 0);
}

TEST(Reader, reads_no_number_that_64_bits_do_not_hold) {
    EXPECT_EQ(Frame(big(1ULL << 63, false))->integer(), std::nullopt);
    EXPECT_EQ(Frame(big((1ULL << 63) + 1, true))->integer(), std::nullopt);
    const Bytes two_to_the_64 = tagged(110, Bytes("\x09\0\0\0\0\0\0\0\0\0\1", 11));
    EXPECT_EQ(Frame(two_to_the_64)->integer(), std::nullopt);
    EXPECT_EQ(Frame(two_to_the_64)->natural(), std::nullopt);
    EXPECT_EQ(Frame(one_and_a_half())->integer(), std::nullopt);
}

TEST(Reader, reads_naturals_up_to_the_last_of_64_bits) {
    EXPECT_EQ(Frame(big(UINT64_MAX, false))->natural(), UINT64_MAX);
    EXPECT_EQ(Frame(integer(0))->natural(), 0U);
    EXPECT_EQ(Frame(integer(INT64_MAX))->natural(), static_cast<std::uint64_t>(INT64_MAX));
    EXPECT_EQ(Frame(integer(-1))->natural(), std::nullopt);
    EXPECT_EQ(Frame(big(5, true))->natural(), std::nullopt);
}

TEST(Reader, reads_binaries_as_they_are) {
    for (const Bytes& text : {Bytes(), Bytes("größe"), Bytes("\xff\0\n", 3), Bytes(100'000, 'x')}) {
        EXPECT_EQ(Frame(binary(text))->text(), text);
    }
}

TEST(Reader, reads_charlists_as_utf8) {
    EXPECT_EQ(Frame(nil())->text(), "");
    EXPECT_EQ(Frame(charlist("/bin/true"))->text(), "/bin/true");
    EXPECT_EQ(Frame(charlist("gr\xf6\xdf"
                             "e"))
                  ->text(),
              "größe");
    EXPECT_EQ(Frame(list({integer('a'), integer(0x20ac), integer(0x1f427)}))->text(), "a€🐧");
    EXPECT_EQ(Frame(list({integer(0x7f), integer(0x80), integer(0x7ff), integer(0x800), integer(0xffff),
                          integer(0x10000), integer(0x10ffff)}))
                  ->text(),
              "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

TEST(Reader, takes_no_list_for_a_text_that_holds_anything_but_characters) {
    for (const std::int64_t number : {-1L, 0xd800L, 0xdfffL, 0x110000L, 1L << 40}) {
        EXPECT_EQ(Frame(list({integer('a'), integer(number)}))->text(), std::nullopt) << number;
    }
    EXPECT_EQ(Frame(list({atom("a")}))->text(), std::nullopt);
    EXPECT_EQ(Frame(list({binary("a")}))->text(), std::nullopt);
    EXPECT_EQ(Frame(integer(65))->text(), std::nullopt);
    EXPECT_EQ(Frame(atom("a"))->text(), std::nullopt);
}

TEST(Reader, reads_lists_of_integers_however_they_are_written) {
    const std::vector<std::int64_t> numbers{1, 255, 7};
    EXPECT_EQ(Frame(charlist("\x01\xff\x07"))->integers(), numbers);
    EXPECT_EQ(Frame(list({integer(1), big(255, false), integer(7)}))->integers(), numbers);
    EXPECT_EQ(Frame(nil())->integers(), std::vector<std::int64_t>{});
    EXPECT_EQ(Frame(charlist(Bytes(65535, '\x02')))->integers(), std::vector<std::int64_t>(65535, 2));
    EXPECT_EQ(Frame(list({integer(1), atom("x")}))->integers(), std::nullopt);
    EXPECT_EQ(Frame(list({integer(1), nil()}))->integers(), std::nullopt);
    EXPECT_EQ(Frame(binary("abc"))->integers(), std::nullopt);
}

TEST(Reader, goes_on_behind_what_it_has_read) {
    Frame frame(tuple({integer(1), atom("a"), binary("b"), charlist("c"), list({integer(2), integer(300)}),
                       nil(), list({tuple({}), nil()}), map({{"k", big(9, false)}}), integer(4)}));
    EXPECT_EQ(frame->tuple(), 9U);
    EXPECT_EQ(frame->integer(), 1);
    EXPECT_EQ(frame->atom(), "a");
    EXPECT_EQ(frame->text(), "b");
    EXPECT_EQ(frame->text(), "c");
    EXPECT_EQ(frame->integers(), (std::vector<std::int64_t>{2, 300}));
    EXPECT_EQ(frame->list(), 0U);
    frame->end_of_list(0);
    EXPECT_EQ(frame->list(), 2U);
    EXPECT_EQ(frame->tuple(), 0U);
    EXPECT_EQ(frame->list(), 0U);
    frame->end_of_list(0);
    frame->end_of_list(2);
    EXPECT_EQ(frame->map(), 1U);
    EXPECT_EQ(frame->atom(), "k");
    EXPECT_EQ(frame->natural(), 9U);
    EXPECT_EQ(frame->integer(), 4);
}

TEST(Reader, stays_where_it_is_when_the_term_is_of_another_kind) {
    Frame frame(tuple({list({integer(1), integer(-1)}), integer(5)}));
    ASSERT_EQ(frame->tuple(), 2U);
    EXPECT_EQ(frame->atom(), std::nullopt);
    EXPECT_EQ(frame->integer(), std::nullopt);
    EXPECT_EQ(frame->natural(), std::nullopt);
    EXPECT_EQ(frame->text(), std::nullopt);
    EXPECT_EQ(frame->tuple(), std::nullopt);
    EXPECT_EQ(frame->map(), std::nullopt);
    EXPECT_EQ(frame->integers(), (std::vector<std::int64_t>{1, -1}));
    EXPECT_EQ(frame->list(), std::nullopt);
    EXPECT_EQ(frame->integer(), 5);
}

TEST(Reader, of_a_list_of_mixed_elements_stays_at_its_front) {
    Frame frame(list({integer(1), atom("x")}));
    EXPECT_EQ(frame->integers(), std::nullopt);
    EXPECT_EQ(frame->list(), 2U);
    EXPECT_EQ(frame->integer(), 1);
    EXPECT_EQ(frame->atom(), "x");
}

TEST(Reader, skips_a_term_with_all_that_is_in_it) {
    Frame frame(
        tuple({map({{"a", list({tuple({integer(1)})})}}), charlist("abc"), one_and_a_half(), integer(5)}));
    ASSERT_EQ(frame->tuple(), 4U);
    for (int i = 0; i < 3; ++i) {
        frame->skip();
    }
    EXPECT_EQ(frame->integer(), 5);
}

TEST(Reader, shows_a_term_as_a_person_reads_it) {
    EXPECT_EQ(Frame(integer(-77))->shown(), "-77");
    EXPECT_EQ(Frame(atom("root"))->shown(), "root");
    EXPECT_EQ(Frame(binary("a b"))->shown(), "\"a b\"");
    EXPECT_EQ(Frame(list({nil()}))->shown(), "a list");
    EXPECT_EQ(Frame(tuple({}))->shown(), "a tuple");
    EXPECT_EQ(Frame(map({}))->shown(), "a map");
    EXPECT_EQ(Frame(one_and_a_half())->shown(), "a float");
    EXPECT_EQ(Frame(big(1, false, 40))->shown(), "1");
    EXPECT_EQ(Frame(big(UINT64_MAX, false))->shown(), "an integer");
}

TEST(Reader, shows_no_more_of_a_term_than_a_message_bears) {
    EXPECT_EQ(Frame(binary(Bytes(1000, 'x')))->shown(), "\"" + Bytes(59, 'x') + "...");
    EXPECT_LE(Frame(atom(Bytes(255, 'x')))->shown().size(), 63U);
}

TEST(Reader, shows_a_term_without_leaving_its_place) {
    Frame frame(integer(7));
    EXPECT_EQ(frame->shown(), "7");
    EXPECT_EQ(frame->integer(), 7);
}

TEST(Kind, has_words_for_a_message) {
    EXPECT_STREQ(words(Kind::atom), "an atom");
    EXPECT_STREQ(words(Kind::integer), "an integer");
    EXPECT_STREQ(words(Kind::real), "a float");
    EXPECT_STREQ(words(Kind::binary), "a binary");
    EXPECT_STREQ(words(Kind::list), "a list");
    EXPECT_STREQ(words(Kind::tuple), "a tuple");
    EXPECT_STREQ(words(Kind::map), "a map");
}

}  // namespace
}  // namespace linx::etf
