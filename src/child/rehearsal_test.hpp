/// For tests of the steps: a child that runs a small program, seen from outside.
#pragma once

#include "child/clone.hpp"
#include "child/record.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::child {

/// Long enough for the slowest machine; nothing waits for it but a test that fails.
inline constexpr int deadline_ms = 20'000;

/// Lays a program out, clones a child that runs it, and is its launcher.
class Rehearsal {
public:
    Rehearsal() {
        int pair[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        // Out of the way of the low numbers that a test wants for itself.
        ours_ = ::fcntl(pair[0], F_DUPFD_CLOEXEC, 300);
        const int theirs = ::fcntl(pair[1], F_DUPFD_CLOEXEC, 300);
        ::close(pair[0]);
        ::close(pair[1]);
        fds_.push_back(theirs);
    }
    Rehearsal(const Rehearsal&) = delete;
    Rehearsal& operator=(const Rehearsal&) = delete;
    ~Rehearsal() {
        hang_up();
        close_theirs();
        if (pid_ > 0) {
            ::kill(static_cast<pid_t>(pid_), SIGKILL);
            ::waitpid(static_cast<pid_t>(pid_), nullptr, 0);
        }
        if (pidfd_ >= 0) {
            ::close(pidfd_);
        }
    }

    Text text(std::string_view string) {
        const Text text{static_cast<std::uint32_t>(arena_.size()), static_cast<std::uint32_t>(string.size())};
        arena_.append(string);
        arena_.push_back('\0');
        return text;
    }
    template <class T>
    List list(const std::vector<T>& elements) {
        arena_.resize((arena_.size() + alignof(T) - 1) / alignof(T) * alignof(T));
        const List list{static_cast<std::uint32_t>(arena_.size()),
                        static_cast<std::uint32_t>(elements.size())};
        arena_.append(static_cast<const char*>(static_cast<const void*>(elements.data())),
                      elements.size() * sizeof(T));
        return list;
    }
    Slot slot(int fd) {
        fds_.push_back(fd);
        return static_cast<Slot>(fds_.size() - 1);
    }
    /// Whom the child takes for its launcher; nobody, unless that is said.
    void launcher(pid_t pid) { launcher_ = pid; }
    void step(Operation operation) { steps_.push_back({operation}); }

    /// The socket that the child tells over, under a number of the test's choice.
    void put_socket_at(int number) {
        ASSERT_EQ(::dup3(fds_[checkpoint_slot], number, O_CLOEXEC), number);
        close_theirs();
        fds_[checkpoint_slot] = number;
    }
    int socket_number() const { return fds_[checkpoint_slot]; }

    void execute_as(std::vector<std::string> argv, std::vector<std::string> envp = {}) {
        argv_ = std::move(argv);
        envp_ = std::move(envp);
    }

    void start(std::uint64_t flags = 0) {
        std::vector<int> kept;
        std::copy_if(fds_.begin(), fds_.end(), std::back_inserter(kept), [](int fd) { return fd >= 0; });
        std::sort(kept.begin(), kept.end());
        std::vector<char*> argv{nullptr};
        std::vector<char*> envp;
        for (std::string& argument : argv_) {
            argv.push_back(argument.data());
        }
        for (std::string& entry : envp_) {
            envp.push_back(entry.data());
        }
        argv.push_back(nullptr);
        envp.push_back(nullptr);
        Program program;
        program.steps = steps_.data();
        program.step_count = static_cast<std::uint32_t>(steps_.size());
        program.arena = arena_.data();
        program.fds = fds_.data();
        program.fd_count = static_cast<std::uint32_t>(fds_.size());
        program.kept = kept.data();
        program.kept_count = static_cast<std::uint32_t>(kept.size());
        program.argv = argv.data() + 1;
        program.envp = envp.data();
        program.launcher = launcher_;
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, &before);
        const CloneAnswer answer = clone_and_run({.flags = flags, .cgroup = -1}, program);
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        pid_ = answer.pid;
        pidfd_ = answer.pidfd;
        close_theirs();
    }

    long pid() const { return pid_; }
    int pidfd() const { return pidfd_; }

    /// The next record, with the descriptor that came beside it (-1 for none); none at end of file.
    std::optional<Record> hear(int* fd = nullptr) {
        pollfd entry = {.fd = ours_, .events = POLLIN, .revents = 0};
        if (::poll(&entry, 1, deadline_ms) <= 0) {
            ADD_FAILURE() << "the child has said nothing for too long";
            return std::nullopt;
        }
        Record record;
        iovec bytes = {&record, sizeof(record)};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
        msghdr message = {};
        message.msg_iov = &bytes;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        const ssize_t got = ::recvmsg(ours_, &message, MSG_CMSG_CLOEXEC);
        if (got != static_cast<ssize_t>(sizeof(record))) {
            EXPECT_LE(got, 0) << "a record of another size";
            return std::nullopt;
        }
        int received = -1;
        if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
            std::memcpy(&received, CMSG_DATA(header), sizeof(received));
        }
        if (fd != nullptr) {
            *fd = received;
        } else if (received >= 0) {
            ::close(received);
        }
        return record;
    }

    /// Waits until the child stands at its checkpoint.
    void expect_ready() {
        const auto record = hear();
        ASSERT_TRUE(record) << "the child ended before its checkpoint";
        ASSERT_EQ(record->tell, Tell::ready)
            << "step " << record->step << " failed: " << std::strerror(record->errnum);
    }
    /// The record of the failure that the child is expected to end with.
    Record expect_failure() {
        const auto record = hear();
        EXPECT_TRUE(record) << "the child ended without a word";
        EXPECT_TRUE(!record || record->tell == Tell::failed);
        return record.value_or(Record{});
    }

    void say(Order order) {
        const Command command{order};
        say_bytes(&command, sizeof(command));
    }
    void say_bytes(const void* bytes, std::size_t size) {
        EXPECT_EQ(::send(ours_, bytes, size, MSG_NOSIGNAL), static_cast<ssize_t>(size));
    }
    /// As a launcher that dies: the child sees end of file.
    void hang_up() {
        if (ours_ >= 0) {
            ::close(ours_);
            ours_ = -1;
        }
    }

    /// Waits for the child's end and reaps it: its exit code, or minus the signal that ended it.
    int end() {
        pollfd entry = {.fd = pidfd_, .events = POLLIN, .revents = 0};
        if (::poll(&entry, 1, deadline_ms) <= 0) {
            ADD_FAILURE() << "the child does not end";
            return -1000;
        }
        int status = 0;
        EXPECT_EQ(::waitpid(static_cast<pid_t>(pid_), &status, 0), pid_);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

    std::string proc(const std::string& file) const { return "/proc/" + std::to_string(pid_) + "/" + file; }

    /// What the child's descriptors lead to, from 3 on when `least` is not given.
    std::map<int, std::string> descriptors(int least = 3) const {
        std::map<int, std::string> found;
        DIR* directory = ::opendir(proc("fd").c_str());
        if (directory == nullptr) {
            ADD_FAILURE() << "the child cannot be looked into: " << std::strerror(errno);
            return found;
        }
        while (const dirent* entry = ::readdir(directory)) {
            char* end = nullptr;
            const long number = std::strtol(entry->d_name, &end, 10);
            if (end == entry->d_name || number < least) {
                continue;
            }
            char target[256] = {};
            const ssize_t length =
                ::readlink(proc("fd/" + std::string(entry->d_name)).c_str(), target, sizeof(target) - 1);
            found[static_cast<int>(number)] =
                std::string(target, length > 0 ? static_cast<std::size_t>(length) : 0);
        }
        ::closedir(directory);
        return found;
    }
    bool closes_on_exec(int number) const {
        std::ifstream file(proc("fdinfo/" + std::to_string(number)));
        std::string key;
        std::string value;
        while (file >> key >> value) {
            if (key == "flags:") {
                return (std::stoul(value, nullptr, 8) & O_CLOEXEC) != 0;
            }
        }
        ADD_FAILURE() << "no descriptor " << number;
        return false;
    }
    /// The value behind `key:` in /proc/PID/status.
    std::string status(const std::string& key) const {
        std::ifstream file(proc("status"));
        for (std::string line; std::getline(file, line);) {
            if (line.starts_with(key + ":\t")) {
                return line.substr(key.size() + 2);
            }
        }
        ADD_FAILURE() << "no " << key;
        return {};
    }

private:
    void close_theirs() {
        if (fds_[checkpoint_slot] >= 0) {
            ::close(fds_[checkpoint_slot]);
            fds_[checkpoint_slot] = -1;
        }
    }

    std::string arena_;
    std::vector<Step> steps_;
    std::vector<int> fds_;
    std::vector<std::string> argv_;
    std::vector<std::string> envp_;
    pid_t launcher_ = 0;
    int ours_ = -1;
    long pid_ = -1;
    int pidfd_ = -1;
};

/// A file that can be told from any other by name, under that very number if one is given.
class Marked {
public:
    explicit Marked(const std::string& name, int number = -1) : link_("/memfd:" + name + " (deleted)") {
        const int fresh = ::memfd_create(name.c_str(), MFD_CLOEXEC);
        EXPECT_GE(fresh, 0);
        if (number < 0 || fresh == number) {
            number_ = fresh;
            return;
        }
        displaced_ = ::fcntl(number, F_DUPFD_CLOEXEC, 400);
        number_ = ::dup3(fresh, number, O_CLOEXEC);
        ::close(fresh);
        EXPECT_EQ(number_, number);
    }
    Marked(const Marked&) = delete;
    Marked& operator=(const Marked&) = delete;
    ~Marked() {
        ::close(number_);
        if (displaced_ >= 0) {
            ::dup2(displaced_, number_);
            ::close(displaced_);
        }
    }
    int number() const { return number_; }
    /// What /proc shows of it.
    const std::string& link() const { return link_; }

private:
    std::string link_;
    int number_ = -1;
    int displaced_ = -1;
};

}  // namespace linx::child
