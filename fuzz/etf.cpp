/// Fuzzes the gate in front of ei and the reader behind it: whatever is let through is read to its end, term
/// after term, and nothing beyond it.
#include "etf/reader.hpp"
#include "etf/validate.hpp"
#include "fuzz/guarded_bytes.hpp"

#include <cstdint>
#include <vector>

namespace {

using namespace linx::etf;

/// Only what is of the term's own kind may answer; what does not leaves the reader where it is.
void require_right_answers(const Reader& at) {
    const Kind kind = at.kind();
    const bool is_list = kind == Kind::list;
    LINX_REQUIRE(!at.shown().empty() || kind == Kind::atom);
    LINX_REQUIRE(Reader(at).atom().has_value() <= (kind == Kind::atom));
    LINX_REQUIRE(Reader(at).integer().has_value() <= (kind == Kind::integer));
    LINX_REQUIRE(Reader(at).natural().has_value() <= (kind == Kind::integer));
    LINX_REQUIRE(Reader(at).text().has_value() <= (kind == Kind::binary || is_list));
    LINX_REQUIRE(Reader(at).text().has_value() >= (kind == Kind::binary));
    LINX_REQUIRE(Reader(at).integers().has_value() <= is_list);
    LINX_REQUIRE(Reader(at).list().has_value() <= is_list);
    LINX_REQUIRE(Reader(at).tuple().has_value() == (kind == Kind::tuple));
    LINX_REQUIRE(Reader(at).map().has_value() == (kind == Kind::map));
    LINX_REQUIRE(words(kind) != nullptr);
}

/// Reads one term and all that is in it.
void walk(Reader& reader) {
    require_right_answers(reader);
    const Kind kind = reader.kind();
    if (kind == Kind::tuple) {
        for (std::size_t left = reader.tuple().value_or(0); left > 0; --left) {
            walk(reader);
        }
    } else if (kind == Kind::map) {
        for (std::size_t left = 2 * reader.map().value_or(0); left > 0; --left) {
            walk(reader);
        }
    } else if (const auto count = reader.list()) {
        for (std::size_t left = *count; left > 0; --left) {
            walk(reader);
        }
        reader.end_of_list(*count);
    } else {
        reader.skip();
    }
}

/// The term beside another: `{Term, 42}`. Whoever reads too far or not far enough does not find the 42.
std::vector<unsigned char> beside_42(std::span<const unsigned char> frame) {
    std::vector<unsigned char> both{131, 104, 2};
    both.insert(both.end(), frame.begin() + 1, frame.end());
    both.insert(both.end(), {97, 42});
    return both;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const fuzz::GuardedBytes frame({bytes, size});
    const Address address = address_of(frame.view());
    LINX_REQUIRE(address.id || !address.ref);
    const auto valid = validate(frame.view());
    if (!valid) {
        LINX_REQUIRE(!valid.error().reason.empty() && valid.error().offset <= size);
        return 0;
    }
    Reader alone(frame.view());
    walk(alone);
    const auto both = beside_42(frame.view());
    const fuzz::GuardedBytes wrapped(both);
    if (!validate(wrapped.view())) {
        return 0;  // as deep as it may be already
    }
    Reader walks(wrapped.view());
    LINX_REQUIRE(walks.tuple() == 2);
    Reader skips = walks;
    walk(walks);
    LINX_REQUIRE(walks.integer() == 42);
    skips.skip();
    LINX_REQUIRE(skips.integer() == 42);
    return 0;
}
