#include "stdio/descriptors.hpp"

#include "program/draft_view_test.hpp"

#include <array>
#include <map>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linx::stdio {
namespace {

using program::action;
using program::Draft;
using program::elements;
using program::lines;
using program::operation;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint64_t limit = 1024;

Draft compiled(const ProcessSpec& spec) {
    Draft draft;
    const auto done = compile_descriptors(spec, limit, draft);
    EXPECT_TRUE(done) << done.error().message();
    return draft;
}

std::string refused(const ProcessSpec& spec, std::uint64_t soft_limit = limit) {
    Draft draft;
    const auto done = compile_descriptors(spec, soft_limit, draft);
    return done ? "" : done.error().message();
}

ProcessSpec handing(std::vector<HandedFd> fds) {
    ProcessSpec spec;
    spec.fds = std::move(fds);
    return spec;
}

/// From the number in the workload to the launcher's own number.
std::map<int, int> borrowed(const Draft& draft) {
    std::map<child::Slot, int> sources;
    for (const auto& step : draft.steps) {
        const auto* held = std::get_if<program::LauncherAction>(&step.what);
        const auto* borrow = held != nullptr ? std::get_if<program::BorrowFd>(held) : nullptr;
        if (borrow != nullptr) {
            sources[borrow->slot] = borrow->number;
        }
    }
    std::map<int, int> numbers;
    const auto* place = operation<child::PlaceDescriptors>(draft, Stage::stdio);
    for (const auto& move :
         place != nullptr ? elements<child::Move>(draft.arena, place->moves) : std::vector<child::Move>{}) {
        numbers[move.to] = sources.contains(move.from) ? sources[move.from] : -1;
    }
    return numbers;
}

std::vector<std::int32_t> kept(const Draft& draft) {
    return elements<std::int32_t>(draft.arena,
                                  operation<child::SealDescriptors>(draft, Stage::seal_fds)->kept);
}

TEST(Descriptors, are_the_launchers_own_and_nothing_else_by_default) {
    const Draft draft = compiled({});
    EXPECT_THAT(lines(draft), ElementsAre("seal child seal_fds"));
    EXPECT_THAT(kept(draft), IsEmpty());
}

TEST(Descriptors, from_null_are_opened_for_the_right_direction) {
    ProcessSpec spec;
    spec.stdin_from = StdioNull{};
    spec.stdout_to = StdioNull{};
    spec.stderr_to = StdioNull{};
    const Draft draft = compiled(spec);
    EXPECT_THAT(lines(draft),
                ElementsAre("acquire none open_stdin (/dev/null)", "acquire none open_stdout (/dev/null)",
                            "acquire none open_stderr (/dev/null)", "seal child stdio (0, 1, 2)",
                            "seal child seal_fds"));
    EXPECT_EQ(action<program::OpenNull>(draft, Stage::open_stdin)->flags, O_RDONLY);
    EXPECT_EQ(action<program::OpenNull>(draft, Stage::open_stdout)->flags, O_WRONLY);
    EXPECT_EQ(action<program::OpenNull>(draft, Stage::open_stderr)->flags, O_WRONLY);
}

TEST(Descriptors, from_files_are_opened_by_the_scout) {
    ProcessSpec spec;
    spec.stdout_to = StdioFile{.path = "/var/log/x", .flags = O_WRONLY | O_CREAT | O_APPEND, .mode = 0640};
    const Draft draft = compiled(spec);
    EXPECT_THAT(lines(draft), ElementsAre("acquire scout open_stdout (/var/log/x)", "seal child stdio (1)",
                                          "seal child seal_fds"));
    const auto* open = operation<child::OpenFile>(draft, Stage::open_stdout);
    ASSERT_NE(open, nullptr);
    EXPECT_EQ(draft.arena.view(open->path), "/var/log/x");
    EXPECT_EQ(open->flags, O_WRONLY | O_CREAT | O_APPEND);
    EXPECT_EQ(open->mode, 0640U);
    const auto moves =
        elements<child::Move>(draft.arena, operation<child::PlaceDescriptors>(draft, Stage::stdio)->moves);
    ASSERT_EQ(moves.size(), 1U);
    EXPECT_EQ(moves[0].from, open->slot);
    EXPECT_EQ(moves[0].to, 1);
    EXPECT_THAT(kept(draft), ElementsAre(1));
}

TEST(Descriptors, from_descriptors_are_borrowed) {
    ProcessSpec spec;
    spec.stdin_from = StdioFd{FdRef{9}};
    spec.stdout_to = StdioFd{FdRef{9}};
    spec.stderr_to = StdioFd{FdRef{0}};
    const Draft draft = compiled(spec);
    EXPECT_THAT(borrowed(draft), ElementsAre(Pair(0, 9), Pair(1, 9), Pair(2, 0)));
    EXPECT_EQ(action<program::BorrowFd>(draft, Stage::duplicate_fd, 2)->field, "stderr");
    EXPECT_THAT(kept(draft), ElementsAre(0, 1, 2));
}

TEST(Descriptors, of_stderr_as_stdout_come_from_the_same_slot) {
    ProcessSpec spec;
    spec.stdout_to = StdioFile{.path = "/x", .flags = O_WRONLY};
    spec.stderr_to = StdioAsStdout{};
    const Draft draft = compiled(spec);
    const auto moves =
        elements<child::Move>(draft.arena, operation<child::PlaceDescriptors>(draft, Stage::stdio)->moves);
    ASSERT_EQ(moves.size(), 2U);
    EXPECT_EQ(moves[0].from, moves[1].from) << "opened twice, the two would overwrite each other";
    EXPECT_EQ(moves[0].to, 1);
    EXPECT_EQ(moves[1].to, 2);
}

TEST(Descriptors, of_stderr_as_an_inherited_stdout_borrow_that) {
    ProcessSpec spec;
    spec.stderr_to = StdioAsStdout{};
    EXPECT_THAT(borrowed(compiled(spec)), ElementsAre(Pair(2, 1)));
}

TEST(Descriptors, of_stdin_and_stdout_are_never_the_same_as_stdout) {
    ProcessSpec spec;
    spec.stdin_from = StdioAsStdout{};
    EXPECT_EQ(refused(spec), "stdin: only stderr can be the same as stdout");
    spec = {};
    spec.stdout_to = StdioAsStdout{};
    EXPECT_EQ(refused(spec), "stdout: only stderr can be the same as stdout");
}

TEST(Descriptors, from_files_need_a_path) {
    for (const std::string& path : {std::string(), std::string("/a\0b", 4)}) {
        ProcessSpec spec;
        spec.stderr_to = StdioFile{.path = path};
        EXPECT_EQ(refused(spec), "stderr: the path must not be empty, nor hold a NUL byte");
    }
}

TEST(Descriptors, from_unix_sockets_are_connected_by_the_scout) {
    ProcessSpec spec;
    spec.stdin_from = StdioConnectUnix{"/run/in"};
    spec.stdout_to = StdioConnectUnix{"/run/out"};
    spec.stderr_to = StdioConnectUnix{"/run/err"};
    const Draft draft = compiled(spec);
    EXPECT_THAT(lines(draft), ElementsAre("acquire scout connect_stdin (/run/in)",
                                          "acquire scout connect_stdout (/run/out)",
                                          "acquire scout connect_stderr (/run/err)",
                                          "seal child stdio (0, 1, 2)", "seal child seal_fds"));
    const auto moves =
        elements<child::Move>(draft.arena, operation<child::PlaceDescriptors>(draft, Stage::stdio)->moves);
    ASSERT_EQ(moves.size(), 3U);
    const std::array stages{Stage::connect_stdin, Stage::connect_stdout, Stage::connect_stderr};
    const std::array paths{"/run/in", "/run/out", "/run/err"};
    for (std::size_t i = 0; i < stages.size(); ++i) {
        const auto* connect = operation<child::ConnectUnix>(draft, stages[i]);
        ASSERT_NE(connect, nullptr);
        EXPECT_EQ(draft.arena.view(connect->path), paths[i]);
        EXPECT_EQ(moves[i].from, connect->slot);
        EXPECT_EQ(moves[i].to, static_cast<int>(i));
    }
}

TEST(Descriptors, of_stderr_as_a_connected_stdout_are_the_same_connection) {
    ProcessSpec spec;
    spec.stdout_to = StdioConnectUnix{"/run/out"};
    spec.stderr_to = StdioAsStdout{};
    const Draft draft = compiled(spec);
    const auto moves =
        elements<child::Move>(draft.arena, operation<child::PlaceDescriptors>(draft, Stage::stdio)->moves);
    ASSERT_EQ(moves.size(), 2U);
    EXPECT_EQ(moves[0].from, moves[1].from);
}

TEST(Descriptors, from_unix_sockets_need_a_path_that_the_kernel_takes) {
    const auto refusal = [](const std::string& path) {
        ProcessSpec spec;
        spec.stdin_from = StdioConnectUnix{path};
        return refused(spec);
    };
    EXPECT_EQ(refusal(""), "stdin: the path must not be empty, nor hold a NUL byte");
    EXPECT_EQ(refusal(std::string("\0abstract", 9)),
              "stdin: the path must not be empty, nor hold a NUL byte");
    EXPECT_EQ(refusal(std::string(107, 'x')), "");
    const std::string longest(108, 'x');
    EXPECT_EQ(refusal(longest),
              "stdin: the path of a socket has at most 107 bytes, and this 108: " + longest);
}

TEST(Descriptors, are_handed_over_under_any_number) {
    const Draft draft = compiled(handing({{FdRef{4}, 3}, {FdRef{3}, 4}, {FdRef{3}, 1023}}));
    EXPECT_THAT(borrowed(draft), ElementsAre(Pair(3, 4), Pair(4, 3), Pair(1023, 3)));
    EXPECT_THAT(kept(draft), ElementsAre(3, 4, 1023));
    EXPECT_EQ(action<program::BorrowFd>(draft, Stage::duplicate_fd, 2)->field, "fds: 1023");
}

TEST(Descriptors, are_sealed_in_a_sorted_list) {
    ProcessSpec spec = handing({{FdRef{4}, 77}, {FdRef{5}, 12}});
    spec.stdout_to = StdioNull{};
    EXPECT_THAT(kept(compiled(spec)), ElementsAre(1, 12, 77));
}

TEST(Descriptors, above_two_alone_can_be_handed_over) {
    for (const int number : {-1, 0, 1, 2}) {
        EXPECT_EQ(refused(handing({{FdRef{5}, number}})),
                  "fds: the number " + std::to_string(number) +
                      " is not above 2; stdin, stdout and stderr have fields of their own");
    }
    EXPECT_EQ(refused(handing({{FdRef{5}, 3}})), "");
}

TEST(Descriptors, have_numbers_below_the_limit) {
    EXPECT_EQ(refused(handing({{FdRef{5}, 63}}), 64), "");
    EXPECT_EQ(refused(handing({{FdRef{5}, 64}}), 64), "fds: the number 64 is not below RLIMIT_NOFILE, 64");
    EXPECT_EQ(refused(handing({{FdRef{5}, 2147483647}})),
              "fds: the number 2147483647 is not below RLIMIT_NOFILE, 1024");
}

TEST(Descriptors, have_a_number_each) {
    EXPECT_EQ(refused(handing({{FdRef{5}, 9}, {FdRef{6}, 8}, {FdRef{7}, 9}})),
              "fds: two descriptors are handed over under the number 9");
}

TEST(Descriptors, of_a_terminal_give_the_workload_its_foreground) {
    ProcessSpec spec;
    spec.foreground_of = FdRef{6};
    const Draft draft = compiled(spec);
    const auto* borrow = action<program::BorrowFd>(draft, Stage::duplicate_fd);
    ASSERT_NE(borrow, nullptr);
    EXPECT_EQ(borrow->number, 6);
    EXPECT_EQ(borrow->field, "foreground_of");
    EXPECT_EQ(operation<child::TakeForeground>(draft, Stage::foreground)->slot, borrow->slot);
    EXPECT_THAT(kept(draft), IsEmpty()) << "the terminal itself is not handed over";
}

TEST(Descriptors, never_use_the_slot_of_the_checkpoint_socket) {
    ProcessSpec spec = handing({{FdRef{4}, 3}});
    spec.stdin_from = StdioNull{};
    spec.foreground_of = FdRef{6};
    const Draft draft = compiled(spec);
    for (const auto& move :
         elements<child::Move>(draft.arena, operation<child::PlaceDescriptors>(draft, Stage::stdio)->moves)) {
        EXPECT_NE(move.from, child::checkpoint_slot);
        EXPECT_LT(move.from, draft.slots);
    }
}

}  // namespace
}  // namespace linx::stdio
