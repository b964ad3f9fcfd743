/// The inits under test: ours and its peers, started from outside, by whatever name and in whatever state a
/// process can be born in.
#pragma once

#include "support/linx_command.hpp"
#include "support/proc.hpp"
#include "support/stranger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace support {

/// A program and the options that come before its command, `--` included.
struct Init {
    std::string name;
    std::string path;
    Words options;

    [[nodiscard]] Init with(const Words& more) const {
        Init other = *this;
        other.options.insert(other.options.begin(), more.begin(), more.end());
        return other;
    }
};

/// ours({"--grace", "5s"}) is `linx-init --grace 5s -- ...`.
inline Init ours(Words options = {}) {
    options.emplace_back("--");
    return {"linx-init", LINX_INIT, options};
}

/// Links to our program by the names of others, in a folder that goes with the test program.
inline std::string ours_called(const std::string& name) {
    static const TemporaryDirectory links;
    const std::string path = links / name;
    std::error_code exists_already;
    std::filesystem::create_symlink(LINX_INIT, path, exists_already);
    return path;
}
inline Init ours_as(const std::string& name, Words options = {}) {
    options.emplace_back("--");
    return {"linx-init as " + name, ours_called(name), options};
}

/// An installed peer. Where it is missing the comparison is left out and the test says so; ours is tested
/// anyway.
inline std::optional<Init> peer(const std::string& name, Words options = {}) {
    const std::string path = "/usr/bin/" + name;
    if (::access(path.c_str(), X_OK) != 0) {
        std::cout << "[   NOTE   ] " << name << " is not installed: nothing to compare with\n";
        return std::nullopt;
    }
    options.emplace_back("--");
    return Init{name, path, options};
}

/// What a process of a test is born with.
struct Birth {
    /// Runs just before exec and may change whatever exec inherits.
    std::function<void()> before_exec = [] {};
    /// CLONE_NEWPID and others.
    std::uint64_t namespaces = 0;
    /// argv[0], where it is not the path.
    std::optional<std::string> called{};
};

inline std::vector<pid_t> children_of(pid_t pid) {
    std::stringstream text(contents(proc_path(pid, "task/" + std::to_string(pid) + "/children")));
    std::vector<pid_t> pids;
    for (pid_t child = 0; text >> child;) {
        pids.push_back(child);
    }
    return pids;
}

inline void add_descendants(pid_t pid, std::vector<pid_t>& all) {
    for (const pid_t child : children_of(pid)) {
        all.push_back(child);
        add_descendants(child, all);
    }
}

/// To one process, ever: kill takes 0 and -1, which a failed test may hold instead of a pid, for "a whole
/// group" and "everybody on this machine".
inline void signal_one(pid_t pid, int signum) {
    ASSERT_GT(pid, 1) << "no process to be signalled";
    ::kill(pid, signum);
}

/// The letter of /proc/PID/stat; 'X' when there is no such process.
inline char state_of(pid_t pid) {
    const std::string text = contents(proc_path(pid, "stat"));
    const std::size_t name_end = text.rfind(')');
    return name_end == std::string::npos ? 'X' : text[name_end + 2];
}

/// Looks again until it is so, or the deadline passes: for what the kernel gives no descriptor to wait on.
template <class Condition>
bool becomes(Condition&& is_so, std::chrono::milliseconds limit = deadline) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        ::sched_yield();
    }
    return true;
}

/// A started program. Dropping it kills it, and whoever descends from it.
class Running {
public:
    Running(const std::string& path, const Words& words, const Birth& birth = {}) {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        std::string first = birth.called.value_or(path);
        std::vector<char*> argv{first.data()};
        for (const std::string& word : words) {
            argv.push_back(const_cast<char*>(word.c_str()));
        }
        argv.push_back(nullptr);
        std::fflush(nullptr);
        clone_args arguments{};
        arguments.flags = birth.namespaces;
        arguments.exit_signal = SIGCHLD;
        pid_ = birth.namespaces == 0
                   ? ::fork()
                   : static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
        if (pid_ == 0) {
            become(path, argv, birth);
        }
        EXPECT_GT(pid_, 0) << "errno " << errno;
        in_.out.reset();
        out_.in.reset();
        err_.in.reset();
        alive_.push_back(pid_);
        pidfd_ = pidfd_of(pid_);
    }
    Running(const Init& init, const Words& command, const Birth& birth = {})
        : Running(init.path, joined(init.options, command), birth) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { end_all(); }

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] linx::FdRef pidfd() const { return pidfd_.ref(); }
    void signal(int signum) const { signal_one(pid_, signum); }
    void queue(int signum, int value) const {
        ASSERT_GT(pid_, 0);
        ::sigqueue(pid_, signum, {.sival_int = value});
    }
    void write(const std::string& text) const { EXPECT_TRUE(write_all(in_.in.ref(), text)); }
    void close_stdin() { in_.in.reset(); }

    /// Its only child; 0 when it has none.
    [[nodiscard]] pid_t child() const {
        const std::vector<pid_t> all = children_of(pid_);
        return all.size() == 1 ? all.front() : 0;
    }
    /// Waits for a line of stdout, and answers with all up to its end; empty when it does not come in time.
    std::string said_up_to(const std::string& text, std::chrono::milliseconds limit = deadline) {
        return up_to(text, out(), said_, limit);
    }
    bool says(const std::string& text) { return !said_up_to(text).empty(); }
    std::string complained_up_to(const std::string& text) {
        return up_to(text, err(), complained_, deadline);
    }
    [[nodiscard]] bool ends_within(std::chrono::milliseconds limit) const {
        return readable_in_time(pidfd_.ref(), limit);
    }

    /// Waits for its end. Its streams are read while it runs, and afterwards what is left in them: whoever it
    /// has left behind may still hold them.
    Ended wait(std::chrono::milliseconds limit = deadline) {
        Ended ended;
        const auto end = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < end && !ends_within(std::chrono::milliseconds{0})) {
            pollfd entries[] = {{.fd = pidfd_.ref().number(), .events = POLLIN, .revents = 0},
                                {.fd = out_open_ ? out().number() : -1, .events = POLLIN, .revents = 0},
                                {.fd = err_open_ ? err().number() : -1, .events = POLLIN, .revents = 0}};
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
            (void)::poll(entries, 3, static_cast<int>(std::max<long>(left.count(), 0)));
            drain();
        }
        if (ends_within(std::chrono::milliseconds{0})) {
            reap(ended.status);
        }
        drain();
        ended.out = said_;
        ended.err = complained_;
        return ended;
    }
    /// Its exit code, or 1000 and the signal; -1 when it does not end in time.
    int outcome(std::chrono::milliseconds limit = deadline) {
        const int status = wait(limit).status;
        return status == -1 || WIFEXITED(status) ? (status == -1 ? -1 : WEXITSTATUS(status))
                                                 : 1000 + WTERMSIG(status);
    }

private:
    static Words joined(Words left, const Words& right) {
        left.insert(left.end(), right.begin(), right.end());
        return left;
    }
    [[noreturn]] void become(const std::string& path, std::vector<char*>& argv, const Birth& birth) const {
        ::dup2(in_.out.ref().number(), 0);
        ::dup2(out_.in.ref().number(), 1);
        ::dup2(err_.in.ref().number(), 2);
        birth.before_exec();
        ::execv(path.c_str(), argv.data());
        ::_exit(99);
    }
    static std::string up_to(const std::string& text, linx::FdRef fd, std::string& said,
                             std::chrono::milliseconds limit) {
        std::size_t at = said.find(text);
        while (at == std::string::npos) {
            if (!readable_in_time(fd, limit) || !read_some(fd, said)) {
                return {};
            }
            at = said.find(text);
        }
        std::string part = said.substr(0, at + text.size());
        said.erase(0, at + text.size());
        return part;
    }
    static bool read_some(linx::FdRef fd, std::string& into) {
        char buffer[65536];
        const ssize_t got = ::read(fd.number(), buffer, sizeof buffer);
        into.append(buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        return got > 0;
    }
    void drain() {
        while (out_open_ && readable_now(out())) {
            out_open_ = read_some(out(), said_);
        }
        while (err_open_ && readable_now(err())) {
            err_open_ = read_some(err(), complained_);
        }
    }
    [[nodiscard]] linx::FdRef out() const { return out_.out.ref(); }
    [[nodiscard]] linx::FdRef err() const { return err_.out.ref(); }
    void reap(int& status) {
        std::erase(alive_, pid_);
        ::waitpid(std::exchange(pid_, -1), &status, 0);
    }
    /// The test is a subreaper: what is orphaned comes to it.
    void end_all() {
        if (pid_ > 0) {
            std::vector<pid_t> descendants;
            add_descendants(pid_, descendants);
            signal_one(pid_, SIGKILL);
            int ignored = 0;
            reap(ignored);
            for (const pid_t pid : descendants) {
                signal_one(pid, SIGKILL);
            }
        }
        for (bool found = true; found;) {
            found = false;
            for (const pid_t pid : children_of(::getpid())) {
                if (std::ranges::find(alive_, pid) == alive_.end()) {
                    signal_one(pid, SIGKILL);
                    ::waitpid(pid, nullptr, 0);
                    found = true;
                }
            }
        }
    }

    static inline std::vector<pid_t> alive_;
    Pipe in_;
    Pipe out_;
    Pipe err_;
    pid_t pid_ = -1;
    linx::Fd pidfd_;
    std::string said_;
    std::string complained_;
    bool out_open_ = true;
    bool err_open_ = true;
};

inline Ended run(const Init& init, const Words& command, const Birth& birth = {}) {
    return Running{init, command, birth}.wait();
}
inline int outcome(const Init& init, const Words& command, const Birth& birth = {}) {
    return Running{init, command, birth}.outcome();
}

/// Nothing happens where something should: the peers' faults are often of that kind. Long enough for a
/// program that is only slow, and paid by the peers alone.
inline constexpr std::chrono::milliseconds hang{1500};

}  // namespace support
