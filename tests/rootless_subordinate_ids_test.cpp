/// newuidmap and newgidmap: an ordinary user's maps of many ids, from its subordinate ids, and every way in
/// which they are refused. The range is told by LINX_SUBORDINATE_IDS=FIRST:COUNT, of uids and gids alike.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <chrono>
#include <csignal>

#include <fcntl.h>
#include <sys/resource.h>

namespace {

using linx::IdRange;
using linx::Namespace;
using linx::Namespaces;
using linx::Stage;
using support::Report;
using Lines = std::vector<std::string>;

class SubordinateIds : public support::LeavesNothing {
protected:
    void SetUp() override {
        const char* range = std::getenv("LINX_SUBORDINATE_IDS");
        if (::geteuid() == 0 || range == nullptr) {
            GTEST_SKIP() << "takes an ordinary user with subordinate ids, named by LINX_SUBORDINATE_IDS";
        }
        if (::access("/usr/bin/newuidmap", X_OK) != 0) {
            GTEST_SKIP() << "newuidmap is not installed here";
        }
        first_ = static_cast<std::uint32_t>(std::stoul(range));
        count_ = static_cast<std::uint32_t>(
            std::stoul(std::string(range).substr(std::string(range).find(':') + 1)));
        LeavesNothing::SetUp();
    }
    void TearDown() override {
        if (count_ > 0) {
            LeavesNothing::TearDown();
        }
    }
    /// Root inside is the user itself, all other ids are subordinate ones.
    [[nodiscard]] std::vector<IdRange> own_and_subordinate(std::uint32_t own) const {
        return {{.inside = 0, .outside = own, .count = 1},
                {.inside = 1, .outside = first_, .count = count_ - 1}};
    }
    [[nodiscard]] linx::ProcessSpec mapped(Namespaces kinds = {}) const {
        linx::ProcessSpec spec = support::reporting(kinds | Namespaces{Namespace::user});
        spec.uid_map = own_and_subordinate(::geteuid());
        spec.gid_map = own_and_subordinate(::getegid());
        return spec;
    }
    [[nodiscard]] linx::ProcessSpec subordinate_only(Namespaces kinds = {}) const {
        linx::ProcessSpec spec = support::reporting(kinds | Namespaces{Namespace::user});
        spec.uid_map = {{.inside = 0, .outside = first_, .count = count_}};
        spec.gid_map = spec.uid_map;
        return spec;
    }
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
};

TEST_F(SubordinateIds, are_mapped_beside_the_users_own) {
    const std::string own = std::to_string(::geteuid());
    linx::ProcessSpec spec = mapped(Namespaces::all());
    spec.uid = 1000;
    spec.gid = 1001;
    spec.groups = std::vector<gid_t>{7};
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        EXPECT_EQ(
            support::squeezed_lines(support::proc_path(held.host_pid(), "uid_map")),
            (Lines{"0 " + own + " 1", "1 " + std::to_string(first_) + " " + std::to_string(count_ - 1)}));
        EXPECT_EQ(support::contents(support::proc_path(held.host_pid(), "setgroups")), "allow\n");
    });
    EXPECT_EQ(report["uid"], "1000 1000 1000");
    EXPECT_EQ(report["gid"], "1001 1001 1001");
    EXPECT_EQ(report["groups"], "7");
}

TEST_F(SubordinateIds, alone_make_a_root_that_is_not_the_user) {
    const Report report =
        support::report_of(subordinate_only({Namespace::net, Namespace::mount}), [&](const linx::Held& held) {
            const std::string id = std::to_string(first_);
            EXPECT_EQ(support::status_field(held.host_pid(), "Uid"), id + " " + id + " " + id + " " + id);
        });
    EXPECT_EQ(report["uid"], "0 0 0");
    EXPECT_EQ(report["lo"], "up");
}

TEST_F(SubordinateIds, with_time_offsets) {
    linx::ProcessSpec spec = mapped(Namespaces::all());
    spec.time_offsets.monotonic = linx::TimeOffset{.seconds = 300, .nanoseconds = 0};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["uid"], "0 0 0");
    EXPECT_EQ(report.all("timens_offsets").front(), "monotonic 300 0");
}

TEST_F(SubordinateIds, one_map_by_the_helper_and_the_other_by_hand) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user});
    spec.uid_map = own_and_subordinate(::geteuid());
    spec.gid_map = {{.inside = 0, .outside = ::getegid(), .count = 1}};
    const Report report = support::report_of(spec, [](const linx::Held& held) {
        EXPECT_EQ(support::contents(support::proc_path(held.host_pid(), "setgroups")), "deny\n");
    });
    EXPECT_EQ(report["uid"], "0 0 0");
    EXPECT_EQ(report["gid"], "0 0 0");
}

TEST_F(SubordinateIds, that_are_somebody_elses_are_refused) {
    for (const bool uids : {true, false}) {
        linx::ProcessSpec spec = mapped();
        (uids ? spec.uid_map : spec.gid_map)[1].outside = first_ + count_;
        const linx::Error error = support::error_of(spec);
        EXPECT_EQ(error.stage, uids ? Stage::newuidmap : Stage::newgidmap) << error.message();
        EXPECT_EQ(error.errnum, EPERM);
        EXPECT_NE(error.detail.find("not allowed"), std::string::npos)
            << "what the helper said: " << error.detail;
        EXPECT_NE(error.hint.find(uids ? "/etc/subuid" : "/etc/subgid"), std::string::npos) << error.hint;
        EXPECT_EQ(support::children_left(), "none");
    }
}

TEST_F(SubordinateIds, one_too_many_is_refused) {
    linx::ProcessSpec spec = subordinate_only();
    spec.uid_map[0].count = count_ + 1;
    EXPECT_EQ(support::error_of(spec).stage, Stage::newuidmap);
}

TEST_F(SubordinateIds, are_mapped_without_ever_blocking) {
    linx::ProcessSpec spec = mapped(Namespaces::all());
    spec.stdout_to = linx::StdioNull{};
    auto launch = linx::start(spec);
    ASSERT_TRUE(launch) << launch.error().message();
    while (true) {
        ASSERT_TRUE(support::readable_in_time(launch->fd()));
        const auto began = std::chrono::steady_clock::now();
        auto next = launch->advance();
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{5});
        ASSERT_TRUE(next) << next.error().message();
        if (auto* held = std::get_if<linx::Held>(&*next)) {
            auto process = std::move(*held).proceed(support::patience);
            ASSERT_TRUE(process) << process.error().message();
            EXPECT_TRUE(process->wait(support::patience));
            break;
        }
    }
}

TEST_F(SubordinateIds, a_launch_dropped_while_a_helper_runs_leaves_nothing) {
    for (int advances = 0;; ++advances) {
        auto launch = linx::start(mapped());
        ASSERT_TRUE(launch) << launch.error().message();
        bool is_held = false;
        for (int i = 0; i < advances && !is_held; ++i) {
            ASSERT_TRUE(support::readable_in_time(launch->fd()));
            auto next = launch->advance();
            ASSERT_TRUE(next) << next.error().message();
            is_held = std::holds_alternative<linx::Held>(*next);
        }
        if (is_held) {
            EXPECT_GE(advances, 2) << "the helpers take some steps";
            break;
        }
        ASSERT_LT(advances, 1000);
    }
}

TEST_F(SubordinateIds, the_child_killed_while_a_helper_runs_is_an_error) {
    auto launch = linx::start(mapped());
    ASSERT_TRUE(launch) << launch.error().message();
    std::stringstream children(support::contents("/proc/thread-self/children"));
    pid_t child = 0;
    ASSERT_TRUE(children >> child);
    ::kill(child, SIGKILL);
    while (true) {
        ASSERT_TRUE(support::readable_in_time(launch->fd()));
        auto next = launch->advance();
        if (!next) {
            EXPECT_TRUE(next.error().stage == Stage::child_died || next.error().stage == Stage::newuidmap ||
                        next.error().stage == Stage::newgidmap)
                << next.error().message();
            break;
        }
        ASSERT_TRUE(std::holds_alternative<linx::Pending>(*next));
    }
}

TEST_F(SubordinateIds, no_descriptor_is_free_for_the_helpers) {
    support::in_a_child([this] {
        rlimit usual{};
        ::getrlimit(RLIMIT_NOFILE, &usual);
        const support::Belongings before = support::Belongings::now();
        int failures = 0;
        bool succeeded = false;
        for (rlim_t limit = 4; limit < 300 && !succeeded; ++limit) {
            rlimit low{.rlim_cur = limit, .rlim_max = usual.rlim_max};
            ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
            const auto held = linx::spawn(mapped(), support::patience);
            succeeded = held.has_value();
            if (!held) {
                ++failures;
                EXPECT_TRUE(held.error().errnum == EMFILE || held.error().stage == Stage::newuidmap ||
                            held.error().stage == Stage::newgidmap)
                    << limit << ": " << held.error().message();
            }
            ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
            if (!succeeded) {
                EXPECT_EQ(support::children_left(), "none") << limit;
                EXPECT_EQ(support::Belongings::now().descriptors, before.descriptors) << limit;
            }
        }
        EXPECT_TRUE(succeeded);
        EXPECT_GE(failures, 2);
    });
}

TEST_F(SubordinateIds, at_the_checkpoint_the_child_is_the_users_to_enter) {
    const auto held = linx::spawn(mapped({Namespace::net}), support::patience);
    ASSERT_TRUE(held) << held.error().message();
    EXPECT_NE(support::namespace_of(held->host_pid(), Namespace::net), "");
    support::in_a_child(
        [&held] { EXPECT_EQ(::setns(held->pidfd().number(), CLONE_NEWUSER | CLONE_NEWNET), 0) << errno; });
}

}  // namespace
