/// The channel between the BEAM and the agent: how it starts, what it says first, and what it makes of frames
/// that are late, torn, huge or hostile.
#include "support/agent.hpp"

#include "support/stranger.hpp"

#include <random>

#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

namespace support {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Channel = AgentOf;

Bytes request(std::int64_t id, std::int64_t ref, const Bytes& command) {
    return etf::with_version(etf::tuple({etf::integer(id), etf::integer(ref), command}));
}
const std::vector<std::string> stays{workload("stays")};

TEST_F(Channel, begins_with_a_hello_that_tells_the_truth) {
    const Term hello = agent().hello();
    EXPECT_EQ(hello[0].text, "hello");
    EXPECT_EQ(hello[1].at("protocol").number, 1);
    EXPECT_FALSE(hello[1].at("version").text.empty());
    EXPECT_EQ(hello[1].at("os_pid").number, agent().pid());
    utsname names{};
    ::uname(&names);
    int major = 0;
    int minor = 0;
    ASSERT_GE(std::sscanf(names.release, "%d.%d", &major, &minor), 2);
    EXPECT_EQ(hello[1].at("kernel")[0].number, major);
    EXPECT_EQ(hello[1].at("kernel")[1].number, minor);
    std::size_t kinds = 0;
    for (const linx::Namespace kind : linx::every_namespace) {
        kinds += namespace_of(::getpid(), kind).empty() ? 0 : 1;
    }
    EXPECT_EQ(hello[1].at("features").elements.size(), kinds);
}

TEST_F(Channel, answers_a_ping) {
    EXPECT_EQ(agent().ping(), "reply ok");
    EXPECT_EQ(agent().ping(), "reply ok");
}

TEST_F(Channel, answers_requests_in_the_order_in_which_they_came) {
    Bytes all;
    for (int ref = 1; ref <= 5000; ++ref) {
        all += etf::framed(request(0, ref, etf::atom("ping")));
    }
    ASSERT_TRUE(agent().write(all));
    for (int ref = 1; ref <= 5000; ++ref) {
        ASSERT_EQ(agent().next(0).shown(), "{0,{reply," + std::to_string(ref) + ",ok}}");
    }
}

TEST_F(Channel, puts_torn_frames_together) {
    const Bytes frames =
        etf::framed(request(0, 1, etf::atom("ping"))) + etf::framed(request(0, 2, etf::atom("ping")));
    for (const char byte : frames) {
        ASSERT_TRUE(agent().write(Bytes(1, byte)));
        // The agent has read it when nothing is left in the pipe.
        ASSERT_TRUE(becomes_true([this] {
            int unread = 0;
            return ::ioctl(agent().requests_fd().number(), FIONREAD, &unread) == 0 && unread == 0;
        }));
    }
    EXPECT_EQ(agent().next(0).shown(), "{0,{reply,1,ok}}");
    EXPECT_EQ(agent().next(0).shown(), "{0,{reply,2,ok}}");
}

TEST_F(Channel, skips_a_frame_of_more_than_1_MiB_and_says_so) {
    const long before = agent().ping() == "reply ok" ? agent().memory_kib() : 0;
    ASSERT_TRUE(agent().write(etf::framed(Bytes(64 << 20, '\x83'))));
    EXPECT_EQ(in_words(agent().next(0)), "error 90 protocol: a frame of 67108864 bytes (1 MiB at most)");
    EXPECT_EQ(agent().ping(), "reply ok");
    EXPECT_LT(agent().memory_kib(), before + 8192) << "it was not read into memory";
}

TEST_F(Channel, takes_a_request_of_nearly_1_MiB) {
    agent().spawn(
        1, {workload("returns"), std::string(100'000, 'x')},
        {{"env", etf::list({etf::tuple({etf::binary("A"), etf::binary(std::string(120'000, 'x'))})})},
         does_not_stop()});
    EXPECT_EQ(agent().end_of(1), "exited 7");
    agent().spawn(2, {workload("returns"), std::string((1 << 20) - 200, 'x')}, {does_not_stop()});
    EXPECT_THAT(agent().end_of(2), StartsWith("error 7 execve: ")) << "E2BIG is the kernel's";
}

TEST_F(Channel, answers_what_is_no_term_with_an_error_of_its_own) {
    agent().send_payload("");
    EXPECT_EQ(in_words(agent().next(0)), "error 71 protocol: an empty frame, at byte 0");
    agent().send_payload("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(in_words(agent().next(0)),
              "error 71 protocol: the first byte is 71, not the format's version 131, at byte 0");
    agent().send_payload(etf::with_version(etf::tagged(80, "bomb")));
    EXPECT_EQ(in_words(agent().next(0)), "error 71 protocol: a compressed term, at byte 1");
    Bytes deep;
    for (int level = 0; level < 300'000; ++level) {
        deep += etf::tagged(104, "\x01");
    }
    agent().send_payload(etf::with_version(deep + etf::nil()));
    EXPECT_THAT(in_words(agent().next(0)), StartsWith("error 71 protocol: terms nested deeper than 16"));
    agent().send_payload(etf::with_version(etf::atom("ping")));
    EXPECT_EQ(in_words(agent().next(0)), "error 71 protocol: a request is {id, ref, command}");
    EXPECT_EQ(agent().ping(), "reply ok");
}

TEST_F(Channel, answers_a_session_that_lives_with_a_reply) {
    agent().run(5, stays, {silent()});
    agent().send_payload(request(5, 77, etf::atom("freeze")));
    EXPECT_EQ(agent().next(5).shown(), "{5,{reply,77,{error,71,protocol,\"there is no command :freeze\"}}}");
    agent().send_payload(request(5, 78, etf::tuple({etf::atom("signal"), etf::integer(99)})));
    EXPECT_EQ(agent().next(5).shown(),
              "{5,{reply,78,{error,22,spec,\"signal: 99 is not an integer from 0 to 64\"}}}");
    agent().send_payload(request(5, 79, etf::tuple({etf::atom("spawn"), etf::nil()})));
    EXPECT_EQ(agent().next(5).shown(), "{5,{reply,79,{error,22,spec,\"spec: a list is not a map\"}}}");
    const Bytes torn = request(5, 80, etf::atom("abort"));
    agent().send_payload(torn.substr(0, torn.size() - 1));
    EXPECT_THAT(agent().next(5).shown(), StartsWith("{5,{reply,80,{error,71,protocol,"));
    agent().send_payload(torn.substr(0, 6));
    EXPECT_THAT(in_words(agent().next(0)), StartsWith("error 71 protocol: "))
        << "whose reply it is cannot be told";
    EXPECT_EQ(agent().signal(5, 0), "reply ok") << "it goes on";
    agent().kill(5, 0);
    EXPECT_THAT(agent().end_of(5), StartsWith("signaled"));
}

TEST_F(Channel, ends_a_session_that_could_not_begin) {
    agent().spawn(6, {}, {});
    EXPECT_EQ(in_words(agent().next(6)), "error 22 spec: argv: the list is empty");
    agent().spawn(6, stays, {{"comand", etf::nil()}});
    EXPECT_EQ(in_words(agent().next(6)), "error 22 spec: comand: unknown option");
    agent().spawn(6, stays, {{"hostname", etf::binary("x")}});
    EXPECT_THAT(in_words(agent().next(6)),
                StartsWith("error 22 spec: hostname: needs a fresh uts namespace"));
    agent().spawn(6, {workload("returns")}, {does_not_stop()});
    EXPECT_EQ(agent().end_of(6), "exited 0") << "the id is free";
    EXPECT_TRUE(agent().children().empty());
}

TEST_F(Channel, refuses_a_second_session_under_an_id_and_the_first_goes_on) {
    const pid_t pid = agent().run(5, stays, {silent()});
    agent().spawn(5, stays);
    EXPECT_EQ(in_words(agent().next(0)), "error 17 session: there is a session 5 already");
    agent().enter(5, pid, stays);
    EXPECT_EQ(in_words(agent().next(0)), "error 17 session: there is a session 5 already");
    EXPECT_EQ(agent().signal(5, SIGKILL), "reply ok");
    EXPECT_EQ(agent().end_of(5), "signaled 9");
    agent().expect_nothing_more();
}

TEST_F(Channel, answers_commands_for_sessions_that_are_not_there) {
    for (const Bytes& command : {etf::atom("proceed"), etf::atom("abort"), etf::atom("orphan"),
                                 etf::tuple({etf::atom("signal"), etf::integer(0)}),
                                 etf::tuple({etf::atom("kill"), etf::integer(0)})}) {
        EXPECT_EQ(agent().ask(9, command), "reply error 3 session: there is no session 9");
    }
    constexpr std::int64_t largest = (std::int64_t{1} << 59) - 1;
    EXPECT_EQ(agent().proceed(largest), "reply error 3 session: there is no session 576460752303423487");
}

TEST_F(Channel, shows_no_bytes_in_an_error_that_are_not_utf8) {
    agent().spawn(1, {"/no/\xff\n/such"}, {does_not_stop()});
    EXPECT_EQ(agent().end_of(1), "error 2 execve: /no/\\xff\\x0a/such");
    agent().spawn(2, stays, {{"umask", etf::binary("\xc3\x28")}});
    EXPECT_EQ(agent().end_of(2), "error 22 spec: umask: \"\\xc3(\" is not an integer from 0 to 511");
    const std::string long_word = std::string(58, 'x') + "ßß";
    agent().spawn(3, stays, {{"umask", etf::binary(long_word)}});
    EXPECT_EQ(agent().end_of(3),
              "error 22 spec: umask: \"" + std::string(58, 'x') + "\\xc3... is not an integer from 0 to 511");
}

/// Whatever comes, a session that lives is not disturbed, each frame is answered once, and nothing is
/// created.
TEST_F(Channel, survives_twenty_thousand_hostile_frames) {
    const pid_t pid = agent().run(5, stays, {silent()});
    std::mt19937 random(7);
    const std::vector<Bytes> seeds{
        request(6, 1,
                etf::tuple({etf::atom("spawn"), Agent::spec({"/no/such"}, {namespaces({"net"}), silent()})})),
        request(5, 2, etf::atom("freeze")),
        request(0, 3, etf::atom("ping")),
        request(7, 4,
                etf::tuple({etf::atom("enter"), etf::integer(1 << 22), Agent::spec({"/no"}, {keep()})})),
    };
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 1000; ++i) {
            Bytes payload = seeds[random() % seeds.size()];
            for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
                // Not the id's byte: a spawn under 5 would be for the session that lives.
                payload[6 + random() % (payload.size() - 6)] = static_cast<char>(random());
            }
            payload.resize(random() % 8 == 0 ? random() % payload.size() : payload.size());
            agent().send_payload(payload);
        }
        ASSERT_EQ(agent().ping(), "reply ok");
    }
    EXPECT_FALSE(has_ended(pid));
    EXPECT_EQ(agent().kill(5, 0), "reply ok");
    const auto way = agent().way_to_end(5);
    EXPECT_THAT(way.back(), testing::AnyOf("signaled 15", "signaled 9"));
}

TEST_F(Channel, ends_the_agent_with_its_requests) {
    EXPECT_EQ(agent().ping(), "reply ok");
    EXPECT_EQ(agent().leave(), 0);
}

TEST_F(Channel, ends_the_agent_with_half_a_frame) {
    for (const Bytes& half :
         {Bytes("\0\0", 2), Bytes("\0\0\0\x09\x83\x68", 6), etf::big_endian(0xffffffff, 4) + "x"}) {
        agent().write(half);
        EXPECT_EQ(agent().leave(), 0);
        start_anew({});
    }
}

TEST_F(Channel, ends_the_agent_when_nobody_reads_its_events_any_more) {
    EXPECT_EQ(agent().ping(), "reply ok");
    agent().close_events();
    EXPECT_TRUE(readable_in_time(agent().pidfd())) << "it noticed by itself";
    EXPECT_EQ(agent().wait(), 0);
}

TEST_F(Channel, ends_the_agent_with_the_vm_although_somebody_holds_the_pipe) {
    agent_.reset();
    Stranger vm{linx::Namespaces{}};
    start_anew({.arguments = {"--vm-pid", std::to_string(vm.pid())}});
    EXPECT_EQ(agent().ping(), "reply ok");
    vm.kill();
    EXPECT_EQ(agent().wait(), 0);
}

TEST_F(Channel, needs_no_vm) {
    start_anew({.arguments = {}});
    EXPECT_EQ(agent().ping(), "reply ok");
}

TEST_F(Channel, is_closed_to_signals) {
    ASSERT_EQ(agent().ping(), "reply ok");
    for (int number = 1; number <= SIGRTMAX; ++number) {
        const bool is_a_fault = number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
                                number == SIGILL || number == SIGABRT || number == SIGTRAP ||
                                number == SIGSYS;
        if (number != SIGKILL && number != SIGSTOP && !is_a_fault && (number < 32 || number >= SIGRTMIN)) {
            EXPECT_EQ(::kill(agent().pid(), number), 0);
            ASSERT_EQ(agent().ping(), "reply ok") << "after the signal " << number;
        }
    }
}

/// A checkpoint that times out is the clock.
TEST_F(Channel, uses_no_processor_while_nothing_happens) {
    ASSERT_EQ(agent().ping(), "reply ok");
    EXPECT_EQ(status_field(agent().pid(), "Threads"), "1");
    const long long before = agent().processor_time();
    agent().spawn(1, stays, {{"checkpoint_timeout", etf::integer(500)}});
    EXPECT_EQ(agent().end_of(1), "error 110 checkpoint: nobody let it go on within 500 ms");
    EXPECT_LT(agent().processor_time() - before, 100'000'000);
}

/// The kernel says again and again that nobody reads.
TEST_F(Channel, uses_no_processor_in_the_grace_of_its_end) {
    const pid_t pid = agent().beget(1, {"deaf"}, {kill_after(1000)}).at("workload");
    const long long before = agent().processor_time();
    agent().close_events();
    agent().close_requests();
    const linx::Fd workload = pidfd_of(pid);
    ASSERT_TRUE(readable_in_time(workload.ref()));
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(agent().pid()), &info, WEXITED | WNOWAIT), 0);
    EXPECT_LT(agent().processor_time() - before, 200'000'000);
    EXPECT_EQ(agent().wait(), 0);
}

// --- the command line --------------------------------------------------------------------------------

/// Runs the agent with these words and without descriptors 3 and 4; its exit status and what it said.
std::pair<int, std::string> said_by(std::vector<std::string> words) {
    Pipe pipe;
    std::vector<char*> argv{const_cast<char*>(LINX_AGENT)};
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(pipe.in.ref().number(), 1);
        ::dup2(pipe.in.ref().number(), 2);
        ::close_range(3, ~0U, 0);
        ::execv(LINX_AGENT, argv.data());
        ::_exit(99);
    }
    pipe.in.reset();
    std::string text = read_to_end(pipe.out.ref());
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text};
}

TEST_F(Channel, is_asked_for_when_there_is_none) {
    const auto [status, text] = said_by({});
    EXPECT_EQ(status, 64);
    EXPECT_THAT(text, HasSubstr("Port program"));
}

TEST_F(Channel, is_not_needed_for_help_and_version) {
    const auto version = said_by({"--version"});
    EXPECT_EQ(version.first, 0);
    EXPECT_THAT(version.second, testing::MatchesRegex("linx_process [0-9.]+\n"));
    const auto help = said_by({"--help"});
    EXPECT_EQ(help.first, 0);
    EXPECT_THAT(help.second, HasSubstr("--vm-pid"));
}

TEST_F(Channel, is_not_opened_with_wrong_arguments) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"--nonsense"},
                                               {"--vm-pid"},
                                               {"--vm-pid", ""},
                                               {"--vm-pid", "0"},
                                               {"--vm-pid", "-1"},
                                               {"--vm-pid", "1x"},
                                               {"--vm-pid", " 1"},
                                               {"--vm-pid", "99999999999"},
                                               {"1"}}) {
        const auto [status, text] = said_by(words);
        EXPECT_EQ(status, 64) << testing::PrintToString(words);
        EXPECT_THAT(text, StartsWith("linx_process: "));
    }
}

TEST_F(Channel, is_not_opened_for_a_vm_that_is_gone) {
    const pid_t gone = ::fork();
    if (gone == 0) {
        ::_exit(0);
    }
    ::waitpid(gone, nullptr, 0);
    Agent late({.arguments = {"--vm-pid", std::to_string(gone)}});
    EXPECT_NE(late.wait(), 0);
}

}  // namespace
}  // namespace support
