/// Processes to be joined: made with raw system calls and without linx, so that a test of joining does not
/// lean on what it tests.
#pragma once

#include "support/deadline.hpp"
#include "support/proc.hpp"

#include <linx/namespaces.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// A process in fresh namespaces that waits until it is killed.
class Stranger {
public:
    struct Shape {
        linx::Namespaces fresh;
        /// Written to uid_map and gid_map of a fresh user namespace.
        std::string map = "0 0 65536";
        /// Runs inside, with the namespaces made and mapped; false means that something went wrong.
        std::function<bool()> inside;
    };

    explicit Stranger(const Shape& shape) {
        Pipe mapped;
        Pipe up;
        clone_args arguments{};
        arguments.flags = shape.fresh.clone_flags();
        arguments.exit_signal = SIGCHLD;
        std::fflush(nullptr);
        pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            mapped.in.reset();
            const bool good = read_bytes(mapped.out.ref(), 1) == "m" && (!shape.inside || shape.inside()) &&
                              write_all(up.in.ref(), "u");
            while (good) {
                ::pause();
            }
            ::_exit(1);
        }
        if (pid_ < 0) {
            ADD_FAILURE() << "no stranger: errno " << errno;
            return;
        }
        if (shape.fresh.contains(linx::Namespace::user)) {
            EXPECT_TRUE(::geteuid() == 0 || put_contents(proc_path(pid_, "setgroups"), "deny"));
            EXPECT_TRUE(put_contents(proc_path(pid_, "uid_map"), shape.map));
            EXPECT_TRUE(put_contents(proc_path(pid_, "gid_map"), shape.map));
        }
        write_all(mapped.in.ref(), "m");
        up.in.reset();
        EXPECT_EQ(read_bytes(up.out.ref(), 1), "u") << "the stranger did not come up";
    }
    explicit Stranger(const linx::Namespaces& fresh) : Stranger(Shape{.fresh = fresh, .inside = {}}) {}
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;
    ~Stranger() { end(); }

    [[nodiscard]] pid_t pid() const { return pid_; }
    void kill() const { ::kill(pid_, SIGKILL); }
    /// Kills it and leaves a zombie.
    void become_zombie() const {
        kill();
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    }
    void end() {
        if (pid_ > 0) {
            kill();
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

private:
    pid_t pid_ = -1;
};

/// A directory that goes away with everything in it.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string path = "/tmp/linx-test.XXXXXX";
        EXPECT_NE(::mkdtemp(path.data()), nullptr);
        ::chmod(path.c_str(), 0755);
        path_ = path;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace support
