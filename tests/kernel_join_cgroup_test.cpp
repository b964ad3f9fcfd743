/// An enter is born in the cgroup of its target (v2), unless that is not wanted, or frozen.
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <fcntl.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using support::Report;
using support::Stranger;

/// Where a v2 hierarchy is mounted on this machine; empty when none is.
std::string unified_hierarchy() {
    std::stringstream lines(support::contents("/proc/self/mountinfo"));
    for (std::string line; std::getline(lines, line);) {
        if (line.find(" - cgroup2 ") != std::string::npos) {
            std::stringstream words(line);
            std::string word;
            for (int i = 0; i < 5; ++i) {
                words >> word;
            }
            return word;
        }
    }
    return {};
}

/// The line of /proc/PID/cgroup for the v2 hierarchy.
std::string unified_cgroup(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        if (line.starts_with("0::")) {
            return line.substr(3);
        }
    }
    return {};
}

class EnterCgroup : public support::LeavesNothing {
protected:
    void SetUp() override {
        LeavesNothing::SetUp();
        const std::string root = unified_hierarchy();
        if (root.empty()) {
            GTEST_SKIP() << "no cgroup v2 hierarchy is mounted";
        }
        name_ = "/linx-test-" + std::to_string(::getpid());
        path_ = root + name_;
        ASSERT_TRUE(std::filesystem::create_directory(path_)) << path_;
    }
    void TearDown() override {
        if (!path_.empty()) {
            EXPECT_EQ(support::contents(path_ + "/cgroup.procs"), "") << "somebody is left in the cgroup";
            EXPECT_EQ(::rmdir(path_.c_str()), 0);
        }
        LeavesNothing::TearDown();
    }
    void move(pid_t pid) const {
        ASSERT_TRUE(support::put_contents(path_ + "/cgroup.procs", std::to_string(pid)));
    }
    void freeze(bool on) const {
        ASSERT_TRUE(support::put_contents(path_ + "/cgroup.freeze", on ? "1" : "0"));
        const std::string wanted = on ? "frozen 1" : "frozen 0";
        const linx::Fd events{::open((path_ + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC)};
        while (support::contents(path_ + "/cgroup.events").find(wanted) == std::string::npos) {
            pollfd entry{.fd = events.ref().number(), .events = POLLPRI, .revents = 0};
            char buffer[256];
            ::pread(events.ref().number(), buffer, sizeof buffer, 0);
            ASSERT_GT(::poll(&entry, 1, 30'000), 0) << "not " << wanted << " in time";
        }
    }
    std::string name_;
    std::string path_;
};

TEST_F(EnterCgroup, is_born_in_the_cgroup_of_its_target) {
    const Stranger target{{Namespace::net}};
    move(target.pid());
    const std::string own = unified_cgroup(support::squeezed_lines("/proc/self/cgroup"));
    const Report report = support::report_from_inside(target.pid(), {}, [&](const linx::Held& held) {
        const std::string members = support::contents(path_ + "/cgroup.procs");
        EXPECT_NE(members.find(std::to_string(held.host_pid()) + "\n"), std::string::npos) << members;
    });
    EXPECT_EQ(unified_cgroup(report.all("cgroup")), name_);
    EXPECT_EQ(unified_cgroup(support::squeezed_lines("/proc/self/cgroup")), own) << "the launcher has moved";
}

TEST_F(EnterCgroup, through_an_intermediate_too) {
    const Stranger target{Namespaces::all().without({Namespace::user, Namespace::cgroup})};
    move(target.pid());
    EXPECT_EQ(unified_cgroup(support::report_from_inside(target.pid()).all("cgroup")), name_);
}

TEST_F(EnterCgroup, and_in_the_targets_cgroup_namespace_sees_itself_at_its_root) {
    const Stranger target{{.fresh = {}, .inside = [this] {
                               return support::put_contents(path_ + "/cgroup.procs",
                                                            std::to_string(::getpid())) &&
                                      ::unshare(CLONE_NEWCGROUP) == 0;
                           }}};
    EXPECT_EQ(unified_cgroup(support::report_from_inside(target.pid()).all("cgroup")), "/");
}

TEST_F(EnterCgroup, stays_in_the_launchers_when_that_is_wanted) {
    const Stranger target{{Namespace::net}};
    move(target.pid());
    linx::ProcessSpec spec;
    spec.target_cgroup = false;
    const Report report = support::report_from_inside(target.pid(), spec);
    EXPECT_EQ(unified_cgroup(report.all("cgroup")),
              unified_cgroup(support::squeezed_lines("/proc/self/cgroup")));
}

TEST_F(EnterCgroup, a_frozen_cgroup_is_refused_before_anything_is_born_in_it) {
    const Stranger target{{Namespace::net, Namespace::pid}};
    move(target.pid());
    freeze(true);
    const linx::Error error = support::error_of(support::reporting(), target.pid());
    EXPECT_EQ(error.stage, linx::Stage::open_cgroup);
    EXPECT_EQ(error.errnum, EBUSY);
    EXPECT_NE(error.hint.find("thaw"), std::string::npos) << error.hint;
    EXPECT_EQ(support::contents(path_ + "/cgroup.procs"), std::to_string(target.pid()) + "\n");
    linx::ProcessSpec outside = support::reporting();
    outside.target_cgroup = false;
    EXPECT_TRUE(support::report_from_inside(target.pid(), outside).is_complete());
    freeze(false);
}

TEST_F(EnterCgroup, a_child_frozen_at_the_checkpoint_is_still_ended_by_dropping_it) {
    // cgroup.freeze (v2) lets SIGKILL through; the destructor must not hang on it.
    const Stranger target{{Namespace::net}};
    move(target.pid());
    auto held = linx::enter(target.pid(), support::staying(), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    freeze(true);
    EXPECT_TRUE(std::move(*held).abort());
    EXPECT_EQ(support::contents(path_ + "/cgroup.procs"), std::to_string(target.pid()) + "\n");
    freeze(false);
}

TEST_F(EnterCgroup, a_cgroup_that_goes_away_while_the_plan_waits_is_an_error_of_the_clone) {
    Stranger target{{Namespace::net}};
    move(target.pid());
    auto plan = linx::plan_enter(target.pid(), support::reporting());
    ASSERT_TRUE(plan) << plan.error().message();
    target.end();
    ASSERT_EQ(::rmdir(path_.c_str()), 0);
    const auto held = linx::spawn(std::move(*plan), support::patience);
    path_.clear();
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().stage, linx::Stage::clone3) << held.error().message();
    EXPECT_TRUE(held.error().errnum == ENODEV || held.error().errnum == ENOENT) << held.error().message();
}

}  // namespace
