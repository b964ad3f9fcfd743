#include "agent/request.hpp"

#include "etf/terms_test.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace linx::agent {
namespace {

using etf::by_hand::atom;
using etf::by_hand::big;
using etf::by_hand::binary;
using etf::by_hand::Bytes;
using etf::by_hand::bytes_of;
using etf::by_hand::charlist;
using etf::by_hand::integer;
using etf::by_hand::list;
using etf::by_hand::map;
using etf::by_hand::nil;
using etf::by_hand::tuple;
using etf::by_hand::with_version;

std::expected<Request, Misunderstood> read(const Bytes& term) {
    const Bytes frame = with_version(term);
    return read_request(bytes_of(frame));
}
std::expected<Request, Misunderstood> read_command(const Bytes& command, std::int64_t id = 7) {
    return read(tuple({integer(id), integer(9), command}));
}
/// `"id ref: detail"`, with `?` for what cannot be told.
std::string complaint(const std::expected<Request, Misunderstood>& request) {
    if (request) {
        return "understood";
    }
    const auto shown = [](std::optional<std::int64_t> number) {
        return number ? std::to_string(*number) : "?";
    };
    const Misunderstood& what = request.error();
    return shown(what.id) + " " + shown(what.ref) + ": " + what.error.detail;
}
Bytes spec() {
    return map({{"argv", list({binary("/bin/true")})}});
}

/// The command of that kind that a term is understood as.
template <class T>
T understood(const Bytes& command, std::int64_t id = 7) {
    auto request = read_command(command, id);
    if (!request || !std::holds_alternative<T>(request->command)) {
        ADD_FAILURE() << complaint(request);
        return {};
    }
    EXPECT_EQ(request->id, id);
    EXPECT_EQ(request->ref, 9);
    return std::get<T>(std::move(request->command));
}

TEST(Request, is_read_from_each_command) {
    understood<Proceed>(atom("proceed"));
    understood<Abort>(atom("abort"));
    understood<Orphan>(atom("orphan"));
    understood<Ping>(atom("ping"), 0);
    EXPECT_EQ(understood<Signal>(tuple({atom("signal"), integer(15)})).number, 15);
    EXPECT_EQ(understood<Signal>(tuple({atom("signal"), integer(0)})).number, 0);
    EXPECT_EQ(understood<Kill>(tuple({atom("kill"), integer(5000)})).grace, std::chrono::milliseconds{5000});
    EXPECT_EQ(understood<Spawn>(tuple({atom("spawn"), spec()})).order.spec.argv.front(), "/bin/true");
    const auto enter = understood<Enter>(tuple({atom("enter"), integer(71), spec()}));
    EXPECT_EQ(enter.target, 71);
    EXPECT_EQ(enter.order.spec.argv.size(), 1U);
}

TEST(Request, bears_ids_and_refs_below_2_to_the_59) {
    constexpr std::int64_t largest = (std::int64_t{1} << 59) - 1;
    const auto request = read(tuple({integer(largest), integer(largest), atom("proceed")}));
    ASSERT_TRUE(request) << complaint(request);
    EXPECT_EQ(request->id, largest);
    EXPECT_EQ(request->ref, largest);
    const std::string rule = "id and ref are integers from 0 to 2^59 - 1";
    EXPECT_EQ(complaint(read(tuple({integer(largest + 1), integer(0), atom("proceed")}))), "? 0: " + rule);
    EXPECT_EQ(complaint(read(tuple({integer(0), integer(largest + 1), atom("ping")}))), "0 ?: " + rule);
    EXPECT_EQ(complaint(read(tuple({integer(-1), integer(5), atom("proceed")}))), "? 5: " + rule);
    EXPECT_EQ(complaint(read(tuple({integer(1), integer(-5), atom("proceed")}))), "1 ?: " + rule);
    EXPECT_EQ(complaint(read(tuple({atom("x"), integer(5), atom("proceed")}))), "? ?: " + rule);
    EXPECT_EQ(complaint(read(tuple({integer(1), atom("x"), atom("proceed")}))), "1 ?: " + rule);
    EXPECT_EQ(complaint(read(tuple({integer(1), big(UINT64_MAX, false), atom("proceed")}))), "1 ?: " + rule);
}

TEST(Request, that_is_none_is_told_what_one_is) {
    const std::string rule = "a request is {id, ref, command}";
    EXPECT_EQ(complaint(read(atom("ping"))), "? ?: " + rule);
    EXPECT_EQ(complaint(read(nil())), "? ?: " + rule);
    EXPECT_EQ(complaint(read(tuple({}))), "? ?: " + rule);
    EXPECT_EQ(complaint(read(tuple({integer(1), integer(2)}))), "1 2: " + rule);
    EXPECT_EQ(complaint(read(tuple({integer(1), integer(2), atom("abort"), nil()}))), "1 2: " + rule);
    EXPECT_EQ(complaint(read(list({integer(1), integer(2), atom("abort")}))), "? ?: " + rule);
}

TEST(Request, with_an_unknown_command_is_told_which) {
    EXPECT_EQ(complaint(read_command(atom("freeze"))), "7 9: there is no command :freeze");
    EXPECT_EQ(complaint(read_command(atom("spawn"))), "7 9: there is no command :spawn");
    EXPECT_EQ(complaint(read_command(tuple({atom("proceed")}))),
              "7 9: there is no command {:proceed} of 1 elements");
    EXPECT_EQ(complaint(read_command(tuple({atom("kill"), integer(1), integer(2)}))),
              "7 9: there is no command {:kill} of 3 elements");
    EXPECT_EQ(complaint(read_command(tuple({}))), "7 9: there is no command {?} of 0 elements");
    EXPECT_EQ(complaint(read_command(tuple({integer(5)}))), "7 9: there is no command {?} of 1 elements");
    EXPECT_EQ(complaint(read_command(integer(5))), "7 9: a command is an atom or a tuple");
    EXPECT_EQ(complaint(read_command(binary("proceed"))), "7 9: a command is an atom or a tuple");
    EXPECT_EQ(complaint(read_command(charlist("proceed"))), "7 9: a command is an atom or a tuple");
}

TEST(Request, for_the_agent_itself_is_ping_alone) {
    EXPECT_EQ(complaint(read_command(atom("ping"), 7)), "7 9: only id 0 takes this command");
    const std::string rule = "0 9: id 0 is the agent itself and takes :ping alone";
    EXPECT_EQ(complaint(read_command(atom("abort"), 0)), rule);
    EXPECT_EQ(complaint(read_command(tuple({atom("signal"), integer(9)}), 0)), rule);
    EXPECT_EQ(complaint(read_command(tuple({atom("spawn"), spec()}), 0)), rule);
}

TEST(Request, with_a_number_out_of_bounds_is_told_the_bounds) {
    const auto signal = [](const Bytes& value) {
        return complaint(read_command(tuple({atom("signal"), value})));
    };
    EXPECT_EQ(signal(integer(65)), "7 9: signal: 65 is not an integer from 0 to 64");
    EXPECT_EQ(signal(integer(-1)), "7 9: signal: -1 is not an integer from 0 to 64");
    EXPECT_EQ(signal(atom("sigterm")), "7 9: signal: sigterm is not an integer from 0 to 64");
    EXPECT_EQ(signal(big(UINT64_MAX, false)), "7 9: signal: an integer is not an integer from 0 to 64");
    const auto kill = [](const Bytes& value) {
        return complaint(read_command(tuple({atom("kill"), value})));
    };
    EXPECT_EQ(kill(integer(-1)), "7 9: kill: -1 is not an integer from 0 to 31622400000");
    EXPECT_EQ(kill(integer(31622400001)), "7 9: kill: 31622400001 is not an integer from 0 to 31622400000");
    EXPECT_EQ(kill(integer(31622400000)), "understood");
    const auto enter = [](const Bytes& pid) {
        return complaint(read_command(tuple({atom("enter"), pid, spec()})));
    };
    EXPECT_EQ(enter(integer(0)), "7 9: pid: 0 is not an integer from 1 to 4194304");
    EXPECT_EQ(enter(integer(4194305)), "7 9: pid: 4194305 is not an integer from 1 to 4194304");
    EXPECT_EQ(enter(binary("71")), "7 9: pid: \"71\" is not an integer from 1 to 4194304");
    EXPECT_EQ(enter(integer(4194304)), "understood");
}

TEST(Request, with_a_wrong_spec_is_told_what_is_wrong_with_it) {
    const auto wrong = read_command(tuple({atom("spawn"), map({{"argv", integer(5)}})}));
    EXPECT_EQ(complaint(wrong), "7 9: argv: 5 is not a list of strings");
    EXPECT_EQ(wrong.error().error.stage, Stage::spec);
    EXPECT_EQ(wrong.error().error.errnum, EINVAL);
    EXPECT_EQ(complaint(read_command(tuple({atom("enter"), integer(1), nil()}))),
              "7 9: spec: a list is not a map");
}

TEST(Request, that_is_no_term_is_an_error_of_the_protocol) {
    const auto none = read_request({});
    EXPECT_EQ(complaint(none), "? ?: an empty frame, at byte 0");
    EXPECT_EQ(none.error().error.stage, Stage::protocol);
    EXPECT_EQ(none.error().error.errnum, EPROTO);
    EXPECT_EQ(complaint(read(tuple({integer(3), integer(4), etf::by_hand::tagged(80, "x")}))),
              "3 4: a compressed term, at byte 7");
    EXPECT_EQ(complaint(read(tuple({integer(3), integer(4), atom("abort")}) + nil())),
              "3 4: 1 bytes follow the term, at byte 14");
}

TEST(Request, that_is_cut_at_any_byte_is_refused_for_whom_it_was) {
    const Bytes whole =
        with_version(tuple({integer(70'000), integer(80'000), tuple({atom("spawn"), spec()})}));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::vector<unsigned char> cut(whole.begin(), whole.begin() + static_cast<long>(length));
        const auto request = read_request(cut);
        ASSERT_FALSE(request);
        EXPECT_EQ(request.error().id.has_value(), length >= 8) << length;
        EXPECT_EQ(request.error().ref.has_value(), length >= 13) << length;
        EXPECT_EQ(request.error().error.stage, Stage::protocol);
    }
}

}  // namespace
}  // namespace linx::agent
