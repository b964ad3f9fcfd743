/// The linx command as its users have it: started with words, its streams read, its end awaited.
#pragma once

#include "support/deadline.hpp"

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

using Words = std::vector<std::string>;

/// How a program ended, and what it wrote.
struct Ended {
    int status = -1;  ///< as from waitpid; -1 when it did not end in time
    std::string out;
    std::string err;
    /// Its exit code; -1 after a signal.
    [[nodiscard]] int code() const { return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
};

/// A started linx. Dropping it kills it.
class LinxCommand {
public:
    /// `prepare` runs in the child just before exec, and may change whatever exec inherits.
    template <class Prepare>
    LinxCommand(const Words& words, Prepare prepare) {
        std::vector<char*> argv{const_cast<char*>(LINX_COMMAND)};
        for (const std::string& word : words) {
            argv.push_back(const_cast<char*>(word.c_str()));
        }
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(out_.in.ref().number(), 1);
            ::dup2(err_.in.ref().number(), 2);
            prepare();
            ::execv(LINX_COMMAND, argv.data());
            ::_exit(99);
        }
        out_.in.reset();
        err_.in.reset();
        pidfd_ = pidfd_of(pid_);
    }
    explicit LinxCommand(const Words& words) : LinxCommand(words, [] {}) {}
    LinxCommand(const LinxCommand&) = delete;
    LinxCommand& operator=(const LinxCommand&) = delete;
    ~LinxCommand() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] linx::FdRef out() const { return out_.out.ref(); }
    [[nodiscard]] linx::FdRef err() const { return err_.out.ref(); }
    void signal(int signum) const { ::kill(pid_, signum); }

    /// Waits for its end, then for the end of its streams: nothing that it started holds them any more.
    Ended wait() {
        Ended ended;
        if (readable_in_time(pidfd_.ref())) {
            ::waitpid(std::exchange(pid_, -1), &ended.status, 0);
        }
        ended.out = read_to_end(out());
        ended.err = read_to_end(err());
        return ended;
    }

private:
    Pipe out_;
    Pipe err_;
    pid_t pid_ = -1;
    linx::Fd pidfd_;
};

inline Ended linx_command(const Words& words) {
    return LinxCommand{words}.wait();
}

inline std::string workload(const char* name) {
    return std::string(LINX_WORKLOADS) + "/" + name;
}

}  // namespace support
