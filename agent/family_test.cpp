#include "agent/family.hpp"

#include <linx/spawn.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linx::agent {
namespace {

constexpr std::chrono::seconds long_enough{20};
const Patience patient{.timeout = long_enough};

/// The test as the agent: the orphans of what it launches come to it.
class FamilyOf : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0); }
    void TearDown() override {
        workload_.reset();
        for (const pid_t pid : sys::children_of(::getpid()).value_or(std::vector<pid_t>{})) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
        ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    }

    /// Starts `begets` in a session of its own; afterwards its descendants are known by their manner.
    void beget(const std::vector<std::string>& words) {
        int ends[2] = {-1, -1};
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        const Fd reader{ends[0]};
        Fd writer{ends[1]};
        ProcessSpec spec;
        spec.argv = {LINX_WORKLOADS "/begets"};
        spec.argv.insert(spec.argv.end(), words.begin(), words.end());
        spec.stdout_to = StdioFd{writer.ref()};
        spec.leads = Leads::session;
        auto held = spawn(spec, patient);
        ASSERT_TRUE(held) << held.error().message();
        auto process = std::move(*held).proceed(patient);
        ASSERT_TRUE(process) << process.error().message();
        workload_.emplace(std::move(*process));
        writer.reset();
        std::string text;
        pollfd entry{.fd = reader.ref().number(), .events = POLLIN, .revents = 0};
        while (text.find("end=1\n") == std::string::npos) {
            char buffer[512];
            ASSERT_EQ(::poll(&entry, 1, 20'000), 1) << text;
            const ssize_t got = ::read(reader.ref().number(), buffer, sizeof buffer);
            ASSERT_GT(got, 0) << text;
            text.append(buffer, static_cast<std::size_t>(got));
        }
        std::stringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            const std::size_t equals = line.find('=');
            pids_[line.substr(0, equals)] = std::stoi(line.substr(equals + 1));
        }
    }
    void end_workload() {
        ASSERT_TRUE(workload_->signal(SIGKILL));
        ASSERT_TRUE(workload_->wait(patient));
    }
    [[nodiscard]] pid_t workload() const { return workload_->host_pid(); }
    [[nodiscard]] pid_t pid(const std::string& manner) const { return pids_.at(manner); }

    /// As the agent does: its children, but for the workload.
    [[nodiscard]] const std::vector<pid_t>& orphans() {
        orphans_ = sys::children_of(::getpid()).value_or(std::vector<pid_t>{});
        std::erase(orphans_, workload());
        return orphans_;
    }
    void kill(Family& family) {
        family.kill([this](bool /*anew*/) -> const std::vector<pid_t>& { return orphans(); });
    }
    /// Does it end, and is it a child of ours that can be reaped, or else gone?
    static bool ends(pid_t pid) {
        const auto deadline = std::chrono::steady_clock::now() + long_enough;
        while (std::chrono::steady_clock::now() < deadline) {
            const auto status = sys::status_of_process(pid);
            if (!status || status->is_zombie) {
                return true;
            }
            ::sched_yield();
        }
        return false;
    }
    static bool lives(pid_t pid) {
        const auto status = sys::status_of_process(pid);
        return status && !status->is_zombie;
    }

    std::optional<Process> workload_;

private:
    std::map<std::string, pid_t> pids_;
    std::vector<pid_t> orphans_;
};

TEST_F(FamilyOf, a_workload_that_lives_is_all_that_hangs_below_it_and_itself) {
    beget({"child", "session", "deep"});
    Family family(workload(), false);
    kill(family);
    EXPECT_TRUE(ends(pid("child")));
    EXPECT_TRUE(ends(pid("session")));
    EXPECT_TRUE(ends(pid("deep")));
    EXPECT_TRUE(ends(workload()));
}

TEST_F(FamilyOf, a_workload_that_is_gone_is_what_is_still_in_its_session) {
    beget({"child", "orphan", "deep"});
    end_workload();
    Family family(workload(), false);
    kill(family);
    EXPECT_TRUE(ends(pid("child")));
    EXPECT_TRUE(ends(pid("orphan")));
    EXPECT_TRUE(ends(pid("deep")));
}

TEST_F(FamilyOf, what_was_seen_below_the_workload_is_found_when_that_is_gone) {
    beget({"session"});
    Family family(workload(), false);
    family.look(orphans());
    EXPECT_FALSE(family.empty());
    end_workload();
    EXPECT_TRUE(lives(pid("session")));
    kill(family);
    EXPECT_TRUE(ends(pid("session")));
}

TEST_F(FamilyOf, a_daemon_in_another_session_is_nobodys_unless_all_orphans_are) {
    beget({"daemon"});
    Family family(workload(), false);
    kill(family);
    EXPECT_TRUE(family.empty());
    EXPECT_TRUE(lives(pid("daemon")));
    Family all(workload(), true);
    kill(all);
    EXPECT_TRUE(ends(pid("daemon")));
}

TEST_F(FamilyOf, a_workload_knows_nothing_of_a_strangers_family) {
    beget({"child", "session", "orphan"});
    const std::set<pid_t> strangers{pid("child"), pid("session"), pid("orphan"), workload()};
    auto stranger = std::move(workload_);
    beget({"child"});
    Family family(workload(), false);
    kill(family);
    EXPECT_TRUE(ends(pid("child")));
    for (const pid_t pid : strangers) {
        EXPECT_TRUE(lives(pid));
    }
}

TEST_F(FamilyOf, descendants_that_ignore_sigterm_die_too) {
    beget({"deaf", "child", "orphan"});
    Family family(workload(), false);
    kill(family);
    EXPECT_TRUE(ends(pid("child")));
    EXPECT_TRUE(ends(pid("orphan")));
}

/// It is another process each time one looks, and its parent is gone.
TEST_F(FamilyOf, a_descendant_that_runs_away_by_forking_is_caught) {
    for (const bool workload_has_ended : {false, true}) {
        beget({"runner"});
        const pid_t group = workload();
        if (workload_has_ended) {
            ASSERT_TRUE(workload_->signal(SIGKILL));
            EXPECT_TRUE(ends(group));
        }
        Family family(group, false);
        kill(family);
        ASSERT_TRUE(workload_->wait(patient));
        // Whoever is in the group is a zombie now, and a child of ours: when they are reaped, it is empty.
        const auto deadline = std::chrono::steady_clock::now() + long_enough;
        while (::kill(-group, 0) == 0 && std::chrono::steady_clock::now() < deadline) {
            ::waitpid(-group, nullptr, WNOHANG);
        }
        EXPECT_EQ(::kill(-group, 0), -1) << "somebody of the group lives";
    }
}

TEST_F(FamilyOf, a_workload_without_descendants_is_empty) {
    beget({});
    Family family(workload(), false);
    kill(family);
    EXPECT_TRUE(family.empty());
    EXPECT_TRUE(ends(workload()));
}

TEST_F(FamilyOf, the_test_itself_never_includes_the_one_who_looks) {
    beget({"orphan"});
    end_workload();
    Family everything(::getpid(), true);
    everything.kill([this](bool /*anew*/) -> const std::vector<pid_t>& { return orphans(); });
    EXPECT_TRUE(ends(pid("orphan")));
}

}  // namespace
}  // namespace linx::agent
