#include "etf/writer.hpp"

#include "etf/reader.hpp"
#include "etf/terms_test.hpp"
#include "etf/validate.hpp"

#include <gtest/gtest.h>

namespace linx::etf {
namespace {

/// The frame without its length, which must be right, as a valid term.
std::string payload(Writer& writer) {
    const auto frame = writer.frame();
    const std::string bytes(frame.begin(), frame.end());
    EXPECT_GE(bytes.size(), 5U);
    const std::string rest = bytes.substr(std::min<std::size_t>(4, bytes.size()));
    EXPECT_EQ(bytes, by_hand::framed(rest));
    EXPECT_TRUE(validate(by_hand::bytes_of(rest)));
    return rest;
}
std::string shown(Writer& writer) {
    return by_hand::Reading::whole(payload(writer)).value_or(by_hand::Term{}).shown();
}

TEST(Writer, writes_a_frame_with_its_length_in_front) {
    Writer writer;
    writer.tuple(2).integer(1).atom("ok");
    EXPECT_EQ(payload(writer),
              by_hand::with_version(by_hand::tuple({by_hand::integer(1), by_hand::atom("ok")})));
}

TEST(Writer, writes_every_kind_of_term) {
    Writer writer;
    writer.tuple(7).atom("größe").boolean(true).boolean(false).integer(-5).binary("a\nb");
    writer.list(2).integer(1).map(1).atom("k").integer(2).end_of_list();
    writer.list(0).end_of_list();
    EXPECT_EQ(shown(writer), "{größe,true,false,-5,\"a\nb\",[1,#{k=>2}],[]}");
}

TEST(Writer, writes_integers_of_64_bits_that_read_back_the_same) {
    for (const std::int64_t value :
         {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1},
          (std::int64_t{1} << 27) - 1, std::int64_t{1} << 27, std::int64_t{INT32_MAX} + 1,
          (std::int64_t{1} << 59) - 1, INT64_MAX, INT64_MIN}) {
        Writer writer;
        writer.integer(value);
        const std::string bytes = payload(writer);
        EXPECT_EQ(Reader(by_hand::bytes_of(bytes)).integer(), value);
        EXPECT_EQ(by_hand::Reading::whole(bytes).value_or(by_hand::Term{}).number, value);
    }
}

TEST(Writer, writes_what_the_reader_reads) {
    Writer writer;
    const std::string long_text(70'000, 'x');
    writer.tuple(4).binary(long_text).atom(std::string(255, 'a')).map(0).list(1).tuple(0).end_of_list();
    const std::string bytes = payload(writer);
    Reader reader(by_hand::bytes_of(bytes));
    EXPECT_EQ(reader.tuple(), 4U);
    EXPECT_EQ(reader.text(), long_text);
    EXPECT_EQ(reader.atom(), std::string(255, 'a'));
    EXPECT_EQ(reader.map(), 0U);
    EXPECT_EQ(reader.list(), 1U);
    EXPECT_EQ(reader.tuple(), 0U);
    reader.end_of_list(1);
}

TEST(Writer, starts_anew_in_the_same_memory) {
    Writer writer;
    writer.binary(std::string(10'000, 'x'));
    ASSERT_EQ(writer.frame().size(), 10'010U);
    for (int i = 0; i < 3; ++i) {
        writer.restart();
        writer.integer(i);
        EXPECT_EQ(shown(writer), std::to_string(i));
    }
}

TEST(Writer, writes_binaries_with_any_byte_in_them) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    Writer writer;
    writer.binary(all);
    EXPECT_EQ(by_hand::Reading::whole(payload(writer)).value_or(by_hand::Term{}).text, all);
}

}  // namespace
}  // namespace linx::etf
