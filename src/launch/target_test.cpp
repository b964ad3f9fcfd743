#include "launch/target.hpp"

#include "launch/guard.hpp"
#include "launch/watch.hpp"
#include "sys/process.hpp"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::launch {
namespace {

ProcessSpec joining(Join join) {
    ProcessSpec spec;
    spec.argv = {"true"};
    spec.join = {std::move(join)};
    return spec;
}

std::string refused(const ProcessSpec& spec) {
    const auto pinned = pin_joins(spec);
    return pinned ? "" : pinned.error().message();
}

/// A pid that no process has: one that was reaped just now.
pid_t gone_pid() {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(0);
    }
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    return pid;
}

TEST(Caller, is_the_calling_thread) {
    const auto caller = look_at_caller();
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->uid, ::geteuid());
    EXPECT_EQ(caller->gid, ::getegid());
    const auto capabilities = sys::effective_capabilities();
    ASSERT_TRUE(capabilities);
    EXPECT_EQ(caller->can_setgid, ((*capabilities >> 6) & 1U) != 0);
    EXPECT_EQ(caller->can_setuid, ((*capabilities >> 7) & 1U) != 0);
}

TEST(PinJoins, of_a_path_is_left_to_be_opened) {
    const auto pinned =
        pin_joins(joining({.kind = Namespace::net, .from = NamespacePath{"/run/netns/blue"}}));
    ASSERT_TRUE(pinned);
    ASSERT_EQ(pinned->joins.sources.size(), 1U);
    EXPECT_EQ(std::get<isolate::JoinByPath>(pinned->joins.sources[0]).path, "/run/netns/blue");
    EXPECT_TRUE(pinned->owned.empty());
}

TEST(PinJoins, refuses_a_path_that_is_none) {
    for (const std::string& path : {std::string(), std::string("/a\0b", 4)}) {
        EXPECT_EQ(refused(joining({.kind = Namespace::net, .from = NamespacePath{path}})),
                  "join: net: the path must not be empty, nor hold a NUL byte");
    }
}

TEST(PinJoins, refuses_a_number_that_is_no_pid) {
    for (const pid_t pid : {0, -1, -71}) {
        EXPECT_EQ(refused(joining({.kind = Namespace::uts, .from = NamespaceOfPid{pid}})),
                  "join: uts: " + std::to_string(pid) + " is no pid; pids are positive");
    }
}

TEST(PinJoins, says_that_nobody_has_this_pid) {
    const auto pinned = pin_joins(joining({.kind = Namespace::uts, .from = NamespaceOfPid{gone_pid()}}));
    ASSERT_FALSE(pinned);
    EXPECT_EQ(pinned.error().stage, Stage::pidfd_open);
    EXPECT_EQ(pinned.error().errnum, ESRCH);
    EXPECT_NE(pinned.error().hint, "");
}

TEST(PinJoins, joins_nothing_that_is_shared_already) {
    for (const Namespace kind : every_namespace) {
        const auto pinned = pin_joins(joining({.kind = kind, .from = NamespaceOfPid{::getpid()}}));
        ASSERT_TRUE(pinned) << pinned.error().message();
        EXPECT_TRUE(pinned->joins.sources.empty()) << name(kind);
        EXPECT_TRUE(pinned->owned.empty());
    }
}

TEST(PinJoins, takes_a_pidfd_or_a_namespace_file_as_descriptor) {
    const auto pidfd = sys::pidfd_open(::getpid());
    ASSERT_TRUE(pidfd);
    EXPECT_EQ(refused(joining({.kind = Namespace::uts, .from = NamespaceOfFd{pidfd->ref()}})), "");
    const Fd file{::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(refused(joining({.kind = Namespace::uts, .from = NamespaceOfFd{file.ref()}})), "");
    EXPECT_EQ(refused(joining({.kind = Namespace::net, .from = NamespaceOfFd{file.ref()}})),
              "join: net: fd " + std::to_string(file.ref().number()) + " is a namespace of another kind");
}

TEST(PinJoins, refuses_a_descriptor_of_another_sort) {
    const Fd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(refused(joining({.kind = Namespace::net, .from = NamespaceOfFd{null.ref()}})),
              "join: net: fd " + std::to_string(null.ref().number()) + " is neither a pidfd nor a namespace");
    EXPECT_EQ(refused(joining({.kind = Namespace::net, .from = NamespaceOfFd{FdRef{1 << 20}}})),
              "join: net: fd 1048576 is not open");
    EXPECT_EQ(refused(joining({.kind = Namespace::net, .from = NamespaceOfFd{}})),
              "join: net: fd -1 is not open");
}

TEST(PinTarget, that_shares_everything_joins_nothing) {
    ProcessSpec spec;
    spec.argv = {"true"};
    const auto pinned = pin_target(::getpid(), spec);
    ASSERT_TRUE(pinned) << pinned.error().message();
    EXPECT_TRUE(pinned->joins.sources.empty());
    EXPECT_EQ(pinned->joins.root, std::nullopt);
    EXPECT_EQ(pinned->joins.cgroup, std::nullopt);
}

TEST(PinTarget, that_is_no_pid_or_gone_is_named) {
    ProcessSpec spec;
    spec.argv = {"true"};
    const auto zero = pin_target(pid_t{0}, spec);
    ASSERT_FALSE(zero);
    EXPECT_EQ(zero.error().message(), "target: 0 is no pid; pids are positive");
    const auto gone = pin_target(gone_pid(), spec);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().stage, Stage::pidfd_open);
    EXPECT_EQ(gone.error().errnum, ESRCH);
}

TEST(PinTarget, that_has_ended_and_waits_to_be_reaped_is_named) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(0);
    }
    const auto pidfd = sys::pidfd_open(pid);
    ASSERT_TRUE(pidfd);
    pollfd entry = {.fd = pidfd->ref().number(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&entry, 1, 20'000), 1);
    ProcessSpec spec;
    spec.argv = {"true"};
    const auto pinned = pin_target(pid, spec);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    ASSERT_FALSE(pinned);
    EXPECT_EQ(pinned.error().errnum, ESRCH);
    EXPECT_EQ(pinned.error().detail, "pid " + std::to_string(pid));
    EXPECT_NE(pinned.error().hint.find("has ended"), std::string::npos) << pinned.error().hint;
}

TEST(Guarded, turns_a_lack_of_memory_into_an_error) {
    const auto answer = guarded([]() -> Result<int> { throw std::bad_alloc{}; });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().stage, Stage::memory);
    EXPECT_EQ(answer.error().errnum, ENOMEM);
    EXPECT_EQ(guarded([]() -> Result<int> { return 7; }).value_or(0), 7);
}

struct Pipe {
    Fd reader;
    Fd writer;
};

Pipe make_pipe() {
    std::array<int, 2> numbers{};
    EXPECT_EQ(::pipe2(numbers.data(), O_CLOEXEC), 0);
    return {.reader = Fd{numbers[0]}, .writer = Fd{numbers[1]}};
}

bool is_readable(FdRef fd) {
    pollfd entry = {.fd = fd.number(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1;
}

TEST(Watch, is_readable_while_one_of_its_set_is) {
    const Pipe first = make_pipe();
    const Pipe second = make_pipe();
    Watch watch;
    EXPECT_FALSE(watch.is_open());
    ASSERT_TRUE(watch.open());
    ASSERT_TRUE(watch.set(std::array{first.reader.ref(), second.reader.ref()}));
    EXPECT_FALSE(is_readable(watch.fd()));
    ASSERT_EQ(::write(second.writer.ref().number(), "x", 1), 1);
    EXPECT_TRUE(is_readable(watch.fd()));
    ASSERT_TRUE(watch.set(std::array{first.reader.ref()}));
    EXPECT_FALSE(is_readable(watch.fd()));
}

TEST(Watch, takes_a_number_that_was_closed_and_opened_again) {
    Pipe old = make_pipe();
    Watch watch;
    ASSERT_TRUE(watch.open());
    const int same = watch.fd().number();
    ASSERT_TRUE(watch.set(std::array{old.reader.ref()}));
    const int number = old.reader.ref().number();
    ASSERT_TRUE(watch.set({}));
    old.reader.reset();
    const Pipe fresh = make_pipe();
    ASSERT_EQ(fresh.reader.ref().number(), number);
    ASSERT_TRUE(watch.set(std::array{fresh.reader.ref()}));
    EXPECT_FALSE(is_readable(watch.fd()));
    ASSERT_EQ(::write(fresh.writer.ref().number(), "x", 1), 1);
    EXPECT_TRUE(is_readable(watch.fd()));
    EXPECT_EQ(watch.fd().number(), same);
}

}  // namespace
}  // namespace linx::launch
