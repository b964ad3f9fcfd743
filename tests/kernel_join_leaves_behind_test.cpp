/// What root does not bring along into an ordinary user's namespace, whose user may trace the workload.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/proc.hpp"

#include <linx/spawn.hpp>

#include <array>
#include <csignal>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx {
namespace {

constexpr uid_t ordinary = 65534;

bool put(const char* path, const std::string& text) {
    const Fd file{::open(path, O_WRONLY | O_CLOEXEC)};
    return ::write(file.ref().number(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// An ordinary user's process in a user namespace of its own, which denies setgroups.
pid_t start_ordinary_container(int ready) {
    const pid_t pid = ::fork();
    if (pid != 0) {
        return pid;
    }
    const bool dropped = ::setgroups(0, nullptr) == 0 && ::setresgid(ordinary, ordinary, ordinary) == 0 &&
                         ::setresuid(ordinary, ordinary, ordinary) == 0 && ::unshare(CLONE_NEWUSER) == 0;
    const char answer = dropped ? 'y' : 'n';
    (void)::write(ready, &answer, 1);
    while (true) {
        ::pause();
    }
}

std::string line_of(pid_t pid, const std::string& key) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(key)) {
            return line.substr(key.size());
        }
    }
    return "no such line";
}

TEST(JoinLeavesBehind, the_groups_of_root_where_the_joined_namespace_denies_setgroups) {
    support::in_a_child([] {
        const std::array<gid_t, 2> groups{6, 42};
        ASSERT_EQ(::setgroups(groups.size(), groups.data()), 0);
        std::array<int, 2> ready{};
        ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
        const pid_t target = start_ordinary_container(ready[1]);
        char answer = '?';
        ASSERT_EQ(::read(ready[0], &answer, 1), 1);
        ASSERT_EQ(answer, 'y');
        const std::string proc = "/proc/" + std::to_string(target) + "/";
        ASSERT_TRUE(put((proc + "setgroups").c_str(), "deny"));
        ASSERT_TRUE(put((proc + "uid_map").c_str(), "0 65534 1"));
        ASSERT_TRUE(put((proc + "gid_map").c_str(), "0 65534 1"));

        auto held = enter(target, {.argv = {"/bin/sleep", "60"}, .target_cgroup = false});
        ASSERT_TRUE(held) << held.error().message();
        EXPECT_EQ(line_of(held->host_pid(), "Groups:"), "\t ") << "left outside before anything is inside";
        auto process = std::move(*held).proceed();
        ASSERT_TRUE(process) << process.error().message();
        EXPECT_EQ(line_of(process->host_pid(), "Groups:"), "\t ");
        EXPECT_EQ(line_of(process->host_pid(), "Uid:"), "\t65534\t65534\t65534\t65534");
        ::kill(target, SIGKILL);
        ::waitpid(target, nullptr, 0);
    });
}

}  // namespace
}  // namespace linx
