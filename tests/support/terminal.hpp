/// A terminal with a program in it, typed at and read by a test.
#pragma once

#include "support/deadline.hpp"

#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <pty.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

inline constexpr char ctrl_c = 3;
inline constexpr char ctrl_d = 4;
inline constexpr char ctrl_z = 26;

/// The program leads a session with the terminal as its controlling one, as in a terminal window.
class Terminal {
public:
    explicit Terminal(const std::vector<std::string>& words) {
        std::vector<char*> argv;
        for (const std::string& word : words) {
            argv.push_back(const_cast<char*>(word.c_str()));
        }
        argv.push_back(nullptr);
        int master = -1;
        pid_ = ::forkpty(&master, nullptr, nullptr, nullptr);
        if (pid_ == 0) {
            ::setenv("PS1", "", 1);
            ::setenv("TERM", "dumb", 1);
            ::execvp(argv[0], argv.data());
            ::_exit(99);
        }
        master_ = linx::Fd{master};
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() {
        master_.reset();  // hangs up
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    void type(const std::string& text) const { (void)write_all(master_.ref(), text); }
    void type(char key) const { type(std::string(1, key)); }

    /// All that was shown up to that text, and the text; empty when it did not come in time.
    std::string shown_up_to(const std::string& text) {
        std::size_t at = screen_.find(text);
        while (at == std::string::npos) {
            char buffer[4096];
            if (!readable_in_time(master_.ref())) {
                return {};
            }
            const ssize_t got = ::read(master_.ref().number(), buffer, sizeof buffer);
            if (got <= 0) {
                return {};
            }
            screen_.append(buffer, static_cast<std::size_t>(got));
            at = screen_.find(text);
        }
        std::string shown = screen_.substr(0, at + text.size());
        screen_.erase(0, at + text.size());
        return shown;
    }
    bool shows(const std::string& text) { return !shown_up_to(text).empty(); }
    /// Waits until another process group than that of the program itself, a shell, has the foreground.
    [[nodiscard]] bool is_lent() const { return foreground_becomes(false); }
    /// Waits until the program itself has it again.
    [[nodiscard]] bool is_back() const { return foreground_becomes(true); }
    /// What came and was not expected yet.
    [[nodiscard]] const std::string& rest() const { return screen_; }

    /// The wait status of the program when it has ended; -1 when it did not in time.
    int wait() {
        const linx::Fd pidfd = pidfd_of(pid_);
        int status = -1;
        if (readable_in_time(pidfd.ref())) {
            ::waitpid(std::exchange(pid_, -1), &status, 0);
        }
        return status;
    }

private:
    [[nodiscard]] bool foreground_becomes(bool own) const {
        const auto end = std::chrono::steady_clock::now() + deadline;
        while ((::tcgetpgrp(master_.ref().number()) == pid_) != own) {
            if (std::chrono::steady_clock::now() > end) {
                return false;
            }
            ::sched_yield();
        }
        return true;
    }

    pid_t pid_ = -1;
    linx::Fd master_;
    std::string screen_;
};

}  // namespace support
