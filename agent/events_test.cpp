#include "agent/events.hpp"

#include "etf/terms_test.hpp"

#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>

namespace linx::agent {
namespace {

using etf::by_hand::Reading;
using etf::by_hand::Term;

Term term_in(etf::Writer& writer) {
    const auto frame = writer.frame();
    const std::string bytes(frame.begin(), frame.end());
    return Reading::whole(bytes.substr(4)).value_or(Term{});
}
std::string shown(const Event& event) {
    etf::Writer writer;
    write(writer, 71, event);
    return term_in(writer).shown();
}
std::string shown_reply(const std::expected<void, Error>& answer) {
    etf::Writer writer;
    write_reply(writer, 71, 5, answer);
    return term_in(writer).shown();
}
Error failure(std::string detail, std::string hint = {}) {
    return {.stage = Stage::setns_net, .errnum = EPERM, .detail = std::move(detail), .hint = std::move(hint)};
}

TEST(Events, are_written_as_the_protocol_says) {
    EXPECT_EQ(shown(Spawned{8}), "{71,{spawned,8}}");
    EXPECT_EQ(shown(Ready{8, 1}), "{71,{ready,8,1}}");
    EXPECT_EQ(shown(Running{}), "{71,running}");
    EXPECT_EQ(shown(Aborted{}), "{71,aborted}");
    EXPECT_EQ(shown(Failed{failure("/proc/8/ns/net")}), "{71,{error,1,setns_net,\"/proc/8/ns/net\"}}");
}

TEST(Events, of_an_end_tell_how_and_at_what_cost) {
    using std::chrono::microseconds;
    const Usage usage{
        .user_time = microseconds{1'500'000'000'000}, .system_time = microseconds{2}, .peak_memory_kib = 3};
    const std::string map = "#{user_us=>1500000000000,system_us=>2,peak_memory_kib=>3}";
    EXPECT_EQ(shown(Ended{{.how = Exited{255}, .usage = usage}}), "{71,{exited,255," + map + "}}");
    EXPECT_EQ(shown(Ended{{.how = Signaled{.signum = 9}, .usage = usage}}), "{71,{signaled,9," + map + "}}");
}

TEST(Events, of_an_error_have_a_line_for_the_detail_and_one_for_the_hint) {
    etf::Writer writer;
    write(writer, 1, Failed{failure("what", "why")});
    EXPECT_EQ(term_in(writer)[1][3].text, "what\nwhy");
    write(writer, 1, Failed{failure("two\nlines", "and\nfour")});
    const std::string detail = term_in(writer)[1][3].text;
    EXPECT_EQ(std::ranges::count(detail, '\n'), 1) << detail;
}

TEST(Events, of_an_error_are_utf8_whatever_the_name_was_that_failed) {
    EXPECT_EQ(shown(Failed{failure("/größe\xff\x1b[2J")}),
              "{71,{error,1,setns_net,\"/größe\\xff\\x1b[2J\"}}");
    EXPECT_EQ(shown(Failed{failure("x", "\xc3")}), "{71,{error,1,setns_net,\"x\n\\xc3\"}}");
}

TEST(Events, of_every_stage_bear_its_name) {
    for (const Stage stage :
         {Stage::spec, Stage::protocol, Stage::execve, Stage::connect_stderr, Stage::agent_died}) {
        EXPECT_EQ(shown(Failed{{.stage = stage, .errnum = 1, .detail = "d", .hint = {}}}),
                  "{71,{error,1," + std::string(name(stage)) + ",\"d\"}}");
    }
}

TEST(Replies, give_back_the_ref) {
    EXPECT_EQ(shown_reply({}), "{71,{reply,5,ok}}");
    EXPECT_EQ(shown_reply(std::unexpected(failure("d"))), "{71,{reply,5,{error,1,setns_net,\"d\"}}}");
}

TEST(Hello, tells_who_the_agent_is) {
    etf::Writer writer;
    write(writer, Hello{.version = "1.2.3",
                        .pid = 77,
                        .kernel = {6, 18, 0},
                        .namespaces = {Namespace::user, Namespace::time}});
    EXPECT_EQ(term_in(writer).shown(),
              "{hello,#{protocol=>1,version=>\"1.2.3\",os_pid=>77,kernel=>{6,18,0},features=>[user,time]}}");
    write(writer, Hello{.version = "", .pid = 1, .kernel = {}, .namespaces = {}});
    EXPECT_EQ(term_in(writer)[1].at("features").shown(), "[]");
    write(writer, Hello{.version = "", .pid = 1, .kernel = {}, .namespaces = Namespaces::all()});
    EXPECT_EQ(term_in(writer)[1].at("features").elements.size(), 8U);
}

}  // namespace
}  // namespace linx::agent
