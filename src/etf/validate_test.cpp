#include "etf/validate.hpp"

#include "etf/terms_test.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

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

/// Why a term is refused, and where in the frame: `"an improper list, at 8"`; empty when it is taken.
std::string refusal(const Bytes& term) {
    const Bytes frame = with_version(term);
    const auto valid = validate(bytes_of(frame));
    return valid ? "" : valid.error().reason + ", at " + std::to_string(valid.error().offset);
}

Bytes real(double value) {
    return tagged(70, big_endian(std::bit_cast<std::uint64_t>(value), 8));
}
Bytes large_tuple(const std::vector<Bytes>& elements) {
    Bytes text = tagged(105, big_endian(elements.size(), 4));
    for (const Bytes& element : elements) {
        text += element;
    }
    return text;
}
Bytes atom_of_tag(int tag, int length_bytes, const Bytes& name) {
    return tagged(tag, big_endian(name.size(), length_bytes) + name);
}
/// So many levels of one-element terms around a small integer.
Bytes nested(std::size_t levels, Bytes (*around)(const Bytes&)) {
    Bytes term = integer(1);
    for (std::size_t i = 0; i < levels; ++i) {
        term = around(term);
    }
    return term;
}
Bytes in_tuple(const Bytes& term) {
    return tuple({term});
}
Bytes in_list(const Bytes& term) {
    return list({term});
}
Bytes in_map(const Bytes& term) {
    return map({{"k", term}});
}

/// One of each kind that is taken, and some of what the agent is really sent.
std::vector<Bytes> samples() {
    return {
        integer(7),
        integer(-7),
        integer(1 << 20),
        big(1ULL << 58, false),
        big(0, true, 20),
        real(1.5),
        atom(""),
        atom("proceed"),
        atom_of_tag(118, 2, "größe"),
        atom_of_tag(100, 2,
                    "gr\xf6\xdf"
                    "e"),
        atom_of_tag(115, 1,
                    "gr\xf6\xdf"
                    "e"),
        binary(""),
        binary(Bytes(300, 'x')),
        charlist("/bin/true"),
        nil(),
        list({integer(1), atom("two"), list({nil()})}),
        tuple({}),
        tuple({integer(1), tuple({}), binary("x")}),
        large_tuple({integer(1), integer(2)}),
        map({}),
        map({{"a", nil()}, {"b", map({{"c", integer(0)}})}}),
        tuple({integer(1), integer(2),
               tuple({atom("spawn"), map({{"argv", list({binary("/bin/true"), charlist("a")})},
                                          {"env", list({tuple({binary("A"), binary("b")})})},
                                          {"orphan_policy", tuple({atom("kill"), integer(5000)})}})})}),
    };
}

TEST(Validate, takes_each_kind_of_term) {
    for (const Bytes& sample : samples()) {
        EXPECT_EQ(refusal(sample), "");
    }
}

TEST(Validate, refuses_every_frame_that_is_cut_at_any_byte) {
    for (const Bytes& sample : samples()) {
        const Bytes frame = with_version(sample);
        for (std::size_t length = 0; length < frame.size(); ++length) {
            const auto cut = validate(bytes_of(frame).first(length));
            ASSERT_FALSE(cut) << "cut at " << length << " of " << frame.size();
            EXPECT_LE(cut.error().offset, length);
            EXPECT_FALSE(cut.error().reason.empty());
        }
    }
}

TEST(Validate, refuses_every_frame_that_something_follows) {
    for (const Bytes& sample : samples()) {
        const std::size_t at = sample.size() + 1;
        EXPECT_EQ(refusal(sample + '\0'), "1 bytes follow the term, at " + std::to_string(at));
        EXPECT_EQ(refusal(sample + sample),
                  std::to_string(sample.size()) + " bytes follow the term, at " + std::to_string(at));
    }
}

TEST(Validate, wants_the_version_first) {
    EXPECT_EQ(validate({}).error().reason, "an empty frame");
    const Bytes none = integer(7);
    EXPECT_EQ(validate(bytes_of(none)).error().reason, "the first byte is 97, not the format's version 131");
}

TEST(Validate, takes_no_other_tag_than_those_it_knows) {
    const std::array taken{70, 97, 98, 100, 104, 105, 106, 107, 108, 109, 110, 115, 116, 118, 119};
    for (int tag = 0; tag <= 255; ++tag) {
        const std::string why = refusal(tagged(tag, Bytes(64, '\0')));
        const bool is_known = std::ranges::find(taken, tag) != taken.end();
        const std::string unknown =
            "a term of a kind that is not taken (tag " + std::to_string(tag) + "), at 1";
        if (tag == 80) {
            EXPECT_EQ(why, "a compressed term, at 1");
        } else {
            EXPECT_EQ(why == unknown, !is_known) << tag << ": " << why;
        }
    }
}

TEST(Validate, refuses_lengths_that_lie) {
    EXPECT_EQ(refusal(tagged(109, big_endian(0x10000000, 4))),
              "a binary of 268435456 bytes does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tagged(109, big_endian(0xffffffff, 4) + "x")),
              "a binary of 4294967295 bytes does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tagged(107, big_endian(5, 2) + "abcd")),
              "a list of small integers of 5 bytes does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tagged(119, big_endian(5, 1) + "abcd")),
              "an atom of 5 bytes does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tagged(110, Bytes("\xff\x00", 2) + "1")),
              "an integer of 255 bytes does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tuple({integer(1), tagged(109, big_endian(9, 4))})),
              "a binary of 9 bytes does not fit into the frame, at 5");
}

TEST(Validate, refuses_counts_that_the_frame_cannot_hold_before_it_looks_at_one_element) {
    EXPECT_EQ(refusal(tagged(108, big_endian(0xffffffff, 4))),
              "a list of 4294967295 elements does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tagged(105, big_endian(0xffffffff, 4) + nil())),
              "a tuple of 4294967295 elements does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tagged(104, big_endian(3, 1) + nil() + nil())),
              "a tuple of 3 elements does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tagged(116, big_endian(0x80000000, 4) + nil())),
              "a map of 2147483648 elements does not fit into the frame, at 1");
    EXPECT_EQ(refusal(tagged(116, big_endian(2, 4) + nil() + nil() + nil())),
              "a map of 2 elements does not fit into the frame, at 1");
}

TEST(Validate, counts_the_elements_it_was_promised) {
    EXPECT_EQ(refusal(tagged(104, big_endian(2, 1) + integer(1))),
              "the frame ends in the middle of a term, at 5");
    EXPECT_EQ(refusal(tagged(116, big_endian(1, 4) + integer(1))),
              "the frame ends in the middle of a term, at 8");
}

TEST(Validate, takes_terms_16_deep_and_no_deeper) {
    for (const auto around : {in_tuple, in_list, in_map}) {
        EXPECT_EQ(refusal(nested(16, around)), "");
        EXPECT_EQ(refusal(nested(17, around)).rfind("terms nested deeper than 16, at ", 0), 0U);
        EXPECT_EQ(refusal(nested(2'000, around)).rfind("terms nested deeper than 16, at ", 0), 0U);
    }
}

TEST(Validate, counts_the_depth_of_each_branch_for_itself) {
    const Bytes deep = nested(15, in_tuple);
    EXPECT_EQ(refusal(list({deep, deep, nested(15, in_list), deep})), "");
    EXPECT_NE(refusal(list({deep, nested(16, in_list)})), "");
}

TEST(Validate, refuses_improper_lists) {
    const Bytes head = tagged(108, big_endian(1, 4) + integer(1));
    EXPECT_EQ(refusal(head + integer(2)), "an improper list, at 8");
    EXPECT_EQ(refusal(head + list({integer(2)})), "an improper list, at 8");
    EXPECT_EQ(refusal(head + charlist("x")), "an improper list, at 8");
    EXPECT_EQ(refusal(head), "the frame ends before its list does, at 8");
    EXPECT_EQ(refusal(tagged(108, big_endian(0, 4)) + nil()),
              "an empty list that is not written as one, at 1");
}

TEST(Validate, takes_atoms_of_up_to_255_characters) {
    EXPECT_EQ(refusal(atom(Bytes(255, 'a'))), "");
    EXPECT_EQ(refusal(atom_of_tag(115, 1, Bytes(255, '\xe9'))), "");
    EXPECT_EQ(refusal(atom_of_tag(100, 2, Bytes(255, 'a'))), "");
    EXPECT_EQ(refusal(atom_of_tag(100, 2, Bytes(256, 'a'))), "an atom of 256 characters (255 at most), at 1");
    EXPECT_EQ(refusal(atom_of_tag(118, 2, Bytes(256, 'a'))), "an atom of 256 characters (255 at most), at 1");
    Bytes widest;
    for (int i = 0; i < 255; ++i) {
        widest += "\xf0\x9f\x90\xa7";
    }
    EXPECT_EQ(refusal(atom_of_tag(118, 2, widest)), "");
    EXPECT_EQ(refusal(atom_of_tag(118, 2, widest + "a")), "an atom of 256 characters (255 at most), at 1");
}

TEST(Validate, wants_atoms_that_are_said_to_be_utf8_to_be_it) {
    for (const Bytes name :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff"}) {
        EXPECT_EQ(refusal(atom_of_tag(118, 2, name)), "an atom that is not UTF-8, at 1");
        EXPECT_EQ(refusal(atom(name)), "an atom that is not UTF-8, at 1");
        EXPECT_EQ(refusal(atom_of_tag(100, 2, name)), "") << "every byte is a character of Latin-1";
    }
    for (const Bytes name : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                             "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_EQ(refusal(atom(name)), "");
    }
}

TEST(Validate, takes_integers_of_any_size_and_either_sign) {
    for (const int bytes : {1, 7, 8, 9, 255}) {
        EXPECT_EQ(refusal(big(1, false, bytes)), "");
        EXPECT_EQ(refusal(big(1, true, bytes)), "");
    }
    EXPECT_EQ(refusal(tagged(110, Bytes("\x01\x02\x05", 3))), "an integer with the sign 2, at 1");
    EXPECT_EQ(refusal(big(0, false, 0)), "an integer without digits, at 1");
    EXPECT_EQ(refusal(big(0, true, 0) + integer(5)), "an integer without digits, at 1");
}

TEST(Validate, takes_floats_that_are_numbers_alone) {
    using Limits = std::numeric_limits<double>;
    for (const double good : {0.0, -0.0, 1e308, Limits::denorm_min(), Limits::lowest()}) {
        EXPECT_EQ(refusal(real(good)), "");
    }
    for (const double bad :
         {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN()}) {
        EXPECT_EQ(refusal(real(bad)), "a float that is not finite, at 1");
    }
}

TEST(AddressOf, tells_whom_a_frame_was_for) {
    const auto address = [](const Bytes& id, const Bytes& ref) {
        const Bytes frame = with_version(tuple({id, ref, atom("nonsense")}));
        return address_of(bytes_of(frame));
    };
    for (const std::int64_t number : {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1},
                                      std::int64_t{INT32_MAX} + 1, (std::int64_t{1} << 59) - 1, INT64_MAX}) {
        EXPECT_EQ(address(integer(number), integer(9)).id, number);
        EXPECT_EQ(address(integer(9), integer(number)).ref, number);
    }
    EXPECT_EQ(address(big(5, false, 1), big(6, true, 3)).id, 5);
    EXPECT_EQ(address(big(5, false, 1), big(6, true, 3)).ref, -6);
}

TEST(AddressOf, tells_no_more_than_is_there) {
    const auto address = [](const Bytes& term) {
        const Bytes frame = with_version(term);
        return address_of(bytes_of(frame));
    };
    EXPECT_FALSE(address(atom("x")).id);
    EXPECT_FALSE(address(tuple({atom("x"), integer(1)})).id);
    EXPECT_FALSE(address(tuple({atom("x"), integer(1)})).ref);
    EXPECT_EQ(address(tuple({integer(1), atom("x")})).id, 1);
    EXPECT_FALSE(address(tuple({integer(1), atom("x")})).ref);
    EXPECT_FALSE(address(tuple({big(0, false, 9)})).id);
    EXPECT_FALSE(address(tuple({big(UINT64_MAX, false)})).id);
    EXPECT_FALSE(address(list({integer(1), integer(2)})).id);
}

TEST(AddressOf, of_a_tuple_looks_at_no_element_that_it_does_not_have) {
    const auto address = [](const Bytes& term) {
        const Bytes frame = with_version(term);
        return address_of(bytes_of(frame));
    };
    EXPECT_FALSE(address(tuple({}) + integer(1) + integer(2)).id);
    EXPECT_EQ(address(tuple({integer(1)}) + integer(2)).id, 1);
    EXPECT_FALSE(address(tuple({integer(1)}) + integer(2)).ref);
}

TEST(AddressOf, is_safe_for_any_bytes) {
    for (const Bytes& sample : samples()) {
        const Bytes frame = with_version(tuple({integer(70000), sample, sample}));
        for (std::size_t length = 0; length <= frame.size(); ++length) {
            // A copy of that very size: a byte read beyond it is seen by AddressSanitizer.
            const std::vector<unsigned char> cut(frame.begin(), frame.begin() + static_cast<long>(length));
            EXPECT_EQ(address_of(cut).id.has_value(), length >= 8) << length;
        }
    }
}

/// Valid frames with a few bytes changed: what is taken can be read by hand too, which checks every length.
TEST(Validate, takes_no_changed_frame_that_is_not_a_term) {
    std::mt19937 random(20);
    const auto all = samples();
    int taken = 0;
    for (int round = 0; round < 50'000; ++round) {
        Bytes frame = with_version(all[random() % all.size()]);
        for (unsigned changes = random() % 3; changes < 4; ++changes) {
            frame[random() % frame.size()] = static_cast<char>(random());
        }
        const std::vector<unsigned char> exact(frame.begin(), frame.end());
        if (!validate(exact) || frame.find(static_cast<char>(70)) != Bytes::npos) {
            continue;
        }
        const auto read = by_hand::Reading::whole(frame);
        taken += read ? 1 : 0;
        const bool may_be_too_big = frame.find(static_cast<char>(110)) != Bytes::npos;
        EXPECT_TRUE(read || may_be_too_big) << testing::PrintToString(exact);
    }
    EXPECT_GT(taken, 100);
}

}  // namespace
}  // namespace linx::etf
