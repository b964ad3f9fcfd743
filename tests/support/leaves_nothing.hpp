/// The fixture of the kernel tiers: whatever a test does, afterwards the launcher has the descriptors,
/// children, mounts, namespaces and signals that it had before.
#pragma once

#include "support/proc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace support {

/// The tests run in a mount namespace of their own, so that nobody else's mounts disturb them, with
/// shared propagation as on most machines: a mount of a workload that escapes is seen. An ordinary
/// user stays where it is.
class OwnMounts : public testing::Environment {
public:
    void SetUp() override {
        if (::geteuid() == 0 && ::unshare(CLONE_NEWNS) == 0) {
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
            ::mount("none", "/", nullptr, MS_REC | MS_SHARED, nullptr);
        }
    }
};
inline testing::Environment* const own_mounts = testing::AddGlobalTestEnvironment(new OwnMounts);

/// What must be the same before and after.
struct Belongings {
    std::vector<std::string> descriptors;
    std::vector<std::string> namespaces;
    std::string mounts;
    std::vector<std::string> signals;
    std::string directory;

    [[nodiscard]] static Belongings now() {
        Belongings all;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
            const std::string target = link_target(entry.path());
            if (!target.ends_with("/fd")) {  // the one that reads this very directory
                all.descriptors.push_back(entry.path().filename().string() + " " + target);
            }
        }
        std::ranges::sort(all.descriptors);
        for (const linx::Namespace kind : linx::every_namespace) {
            all.namespaces.push_back(namespace_of(::getpid(), kind));
        }
        all.mounts = contents("/proc/self/mountinfo");
        for (const char* field : {"SigBlk", "SigIgn", "SigCgt", "Umask", "Uid", "Gid"}) {
            all.signals.push_back(std::string(field) + " " + status_field(::getpid(), field));
        }
        all.directory = link_target("/proc/self/cwd");
        return all;
    }
};

/// "none", or what the first child is that nobody has reaped.
inline std::string children_left() {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
        return errno == ECHILD ? "none" : "waitid failed";
    }
    return info.si_pid == 0 ? "a living one" : "the zombie " + std::to_string(info.si_pid);
}

class LeavesNothing : public testing::Test {
protected:
    void SetUp() override {
        // Whoever is orphaned by a launch comes to us, and is seen.
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        ASSERT_EQ(children_left(), "none") << "before the test";
        before_ = Belongings::now();
    }
    void TearDown() override {
        expect_nothing_left();
        end_what_is_left();
    }

    /// May be called in the middle of a test, too.
    void expect_nothing_left() const {
        const Belongings after = Belongings::now();
        EXPECT_EQ(children_left(), "none");
        EXPECT_EQ(after.descriptors, before_.descriptors);
        EXPECT_EQ(after.namespaces, before_.namespaces);
        EXPECT_EQ(after.mounts, before_.mounts);
        EXPECT_EQ(after.signals, before_.signals);
        EXPECT_EQ(after.directory, before_.directory);
    }

private:
    /// So that the next test does not fail for the sins of this one.
    static void end_what_is_left() {
        std::stringstream pids(contents("/proc/thread-self/children"));
        for (pid_t pid = 0; pids >> pid;) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
    }
    Belongings before_;
};

}  // namespace support
