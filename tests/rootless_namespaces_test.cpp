/// What an ordinary user gets through a user namespace of its own, without any helper: every namespace, root
/// inside, work at the checkpoint, and joining what it owns.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <fcntl.h>
#include <sys/resource.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using linx::Stage;
using support::Report;
using support::Stranger;
using Lines = std::vector<std::string>;

std::string three(unsigned id) {
    const std::string text = std::to_string(id);
    return text + " " + text + " " + text;
}

class Rootless : public support::LeavesNothing {
protected:
    void SetUp() override {
        if (::geteuid() == 0) {
            GTEST_SKIP() << "these are the tests of an ordinary user";
        }
        LeavesNothing::SetUp();
    }
    void TearDown() override {
        if (::geteuid() != 0) {
            LeavesNothing::TearDown();
        }
    }
    [[nodiscard]] static linx::ProcessSpec root_inside(Namespaces kinds = {}) {
        linx::ProcessSpec spec = support::reporting(kinds | Namespaces{Namespace::user});
        spec.map_root = true;
        return spec;
    }
    /// `0 OWN 1`, for a stranger.
    [[nodiscard]] static std::string own_map() { return "0 " + std::to_string(::geteuid()) + " 1"; }
};

class RootlessFresh : public Rootless, public testing::WithParamInterface<Namespaces> {};

TEST_P(RootlessFresh, namespaces_with_root_inside) {
    linx::ProcessSpec spec = root_inside(GetParam());
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), ::getpid()), *spec.namespaces);
        EXPECT_EQ(support::squeezed_lines(support::proc_path(held.host_pid(), "uid_map")), Lines{own_map()});
        EXPECT_EQ(support::contents(support::proc_path(held.host_pid(), "setgroups")), "deny\n");
        EXPECT_EQ(support::proc_owner(held.host_pid()), ::geteuid()) << "its own user may look into it";
        EXPECT_EQ(held.child_pid() == 1, GetParam().contains(Namespace::pid));
    });
    EXPECT_EQ(report["uid"], three(0));
    EXPECT_EQ(report["gid"], three(0));
    for (const Namespace kind : linx::every_namespace) {
        EXPECT_EQ(report.namespace_of(kind) == support::namespace_of(::getpid(), kind),
                  !spec.namespaces->contains(kind));
    }
}

INSTANTIATE_TEST_SUITE_P(Each, RootlessFresh,
                         testing::Values(Namespaces{}, Namespaces{Namespace::mount},
                                         Namespaces{Namespace::pid}, Namespaces{Namespace::net},
                                         Namespaces{Namespace::uts}, Namespaces{Namespace::ipc},
                                         Namespaces{Namespace::cgroup}, Namespaces{Namespace::time},
                                         Namespaces::all()),
                         [](const auto& info) {
                             if (info.param == Namespaces::all()) {
                                 return std::string("all");
                             }
                             return info.param.empty() ? std::string("user_alone") : info.param.to_string();
                         });

TEST_F(Rootless, a_furnished_house_of_eight_namespaces) {
    linx::ProcessSpec spec = root_inside(Namespaces::all());
    spec.hostname = "inside";
    spec.mounts = {{.type = "proc", .target = "/proc", .source = "", .options = {}, .attributes = 0}};
    spec.time_offsets.boottime = linx::TimeOffset{.seconds = 5000, .nanoseconds = 0};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["pid"], "1");
    EXPECT_EQ(report["hostname"], "inside");
    EXPECT_EQ(report["lo"], "up");
    EXPECT_EQ(report.all("timens_offsets"), (Lines{"monotonic 0 0", "boottime 5000 0"}));
}

TEST_F(Rootless, without_a_user_namespace_the_hint_is_to_add_one) {
    const linx::Error error = support::error_of(support::reporting(Namespaces{Namespace::net}));
    EXPECT_EQ(error.stage, Stage::clone3);
    EXPECT_EQ(error.errnum, EPERM);
    EXPECT_NE(error.hint.find("add `user`"), std::string::npos) << error.hint;
}

TEST_F(Rootless, in_a_user_namespace_that_does_not_map_it_the_map_is_the_cause) {
    support::in_a_child([] {
        ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);
        ASSERT_EQ(support::contents("/proc/self/uid_map"), "");
        const linx::Error error = support::error_of(root_inside());
        EXPECT_EQ(error.stage, Stage::clone3);
        EXPECT_EQ(error.errnum, EPERM);
        EXPECT_NE(error.hint.find("lacks its uid and gid"), std::string::npos) << error.hint;
    });
}

TEST_F(Rootless, its_own_id_can_keep_its_number) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user});
    spec.uid_map = {{.inside = ::geteuid(), .outside = ::geteuid(), .count = 1}};
    spec.gid_map = {{.inside = ::getegid(), .outside = ::getegid(), .count = 1}};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["uid"], three(::geteuid()));
    EXPECT_EQ(report["gid"], three(::getegid()));
}

TEST_F(Rootless, groups_cannot_be_changed_where_setgroups_is_denied) {
    linx::ProcessSpec spec = root_inside();
    spec.groups = std::vector<gid_t>{0};
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::setgroups);
    EXPECT_EQ(error.errnum, EPERM);
    EXPECT_FALSE(error.hint.empty());
}

TEST_F(Rootless, the_map_can_be_written_at_the_checkpoint_by_the_user) {
    const linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::user, Namespace::uts});
    const Report report = support::report_of(spec, [](const linx::Held& held) {
        EXPECT_TRUE(support::put_contents(support::proc_path(held.host_pid(), "uid_map"), own_map()));
        EXPECT_TRUE(support::put_contents(support::proc_path(held.host_pid(), "setgroups"), "deny"));
        EXPECT_TRUE(support::put_contents(support::proc_path(held.host_pid(), "gid_map"), own_map()));
    });
    EXPECT_EQ(report["uid"], three(0));
}

TEST_F(Rootless, the_user_can_work_in_the_namespaces_of_the_child_at_the_checkpoint) {
    linx::ProcessSpec spec = root_inside({Namespace::uts, Namespace::net});
    const Report report = support::report_of(spec, [](const linx::Held& held) {
        support::in_a_child([&held] {
            ASSERT_EQ(::setns(held.pidfd().number(), CLONE_NEWUSER | CLONE_NEWUTS), 0);
            EXPECT_EQ(::sethostname("from-outside", 12), 0);
        });
    });
    EXPECT_EQ(report["hostname"], "from-outside");
}

TEST_F(Rootless, enters_what_it_owns_and_is_not_to_be_looked_into_meanwhile) {
    const Stranger target{{.fresh = Namespaces::all(), .map = own_map(), .inside = {}}};
    const Report report = support::report_from_inside(target.pid(), {}, [&](const linx::Held& held) {
        EXPECT_EQ(support::proc_owner(held.host_pid()), 0U);
        EXPECT_EQ(support::namespace_of(held.host_pid(), Namespace::net), "");
        EXPECT_EQ(support::status_field(held.host_pid(), "PPid"), std::to_string(::getpid()));
    });
    for (const Namespace kind : linx::every_namespace) {
        EXPECT_EQ(report.namespace_of(kind), support::namespace_of(target.pid(), kind)) << linx::name(kind);
    }
    EXPECT_EQ(report["uid"], three(0));
    EXPECT_EQ(report["gid"], three(0));
}

TEST_F(Rootless, joins_a_net_namespace_before_it_has_the_rights_of_its_owner_and_after) {
    const Stranger owner{{.fresh = {Namespace::user, Namespace::net}, .map = own_map(), .inside = {}}};
    linx::ProcessSpec spec = support::reporting();
    spec.join.emplace_back(Namespace::net, linx::NamespacePath{support::proc_path(owner.pid(), "ns/net")});
    const linx::Error alone = support::error_of(spec);
    EXPECT_EQ(alone.stage, Stage::setns_net);
    EXPECT_EQ(alone.errnum, EPERM);
    EXPECT_NE(alone.hint.find("join `user` as well"), std::string::npos) << alone.hint;

    spec.join.emplace_back(Namespace::user, linx::NamespacePath{support::proc_path(owner.pid(), "ns/user")});
    spec.namespaces = Namespaces{Namespace::uts};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report.namespace_of(Namespace::net), support::namespace_of(owner.pid(), Namespace::net));
    EXPECT_EQ(report.namespace_of(Namespace::user), support::namespace_of(owner.pid(), Namespace::user));
    EXPECT_NE(report.namespace_of(Namespace::uts), support::namespace_of(::getpid(), Namespace::uts));
}

TEST_F(Rootless, a_process_of_another_user_cannot_be_entered) {
    const linx::Error error = support::error_of(support::reporting(), pid_t{1});
    EXPECT_EQ(error.errnum, EACCES) << error.message();
    EXPECT_TRUE(linx::name(error.stage).starts_with("open_ns_")) << error.message();
    EXPECT_NE(error.hint.find("right to trace"), std::string::npos) << error.message();
}

TEST_F(Rootless, an_undumpable_launcher_can_launch_all_the_same) {
    support::in_a_child([] {
        ::prctl(PR_SET_DUMPABLE, 0);
        for (const bool offsets : {false, true}) {
            linx::ProcessSpec spec = root_inside({Namespace::time, Namespace::net});
            if (offsets) {
                spec.time_offsets.boottime = linx::TimeOffset{.seconds = 5, .nanoseconds = 0};
            }
            EXPECT_EQ(support::report_of(spec)["uid"], three(0));
        }
    });
}

TEST_F(Rootless, nothing_that_takes_rights_is_done_without_them) {
    linx::ProcessSpec spec = support::reporting();
    spec.uid = 1;
    const linx::Error ids = support::error_of(spec);
    EXPECT_EQ(ids.stage, Stage::setresuid);
    EXPECT_EQ(ids.errnum, EPERM);
    EXPECT_NE(ids.hint.find("CAP_SETUID"), std::string::npos);

    spec = support::reporting();
    spec.nice = -10;
    const linx::Error nice = support::error_of(spec);
    EXPECT_EQ(nice.stage, Stage::setpriority);
    EXPECT_EQ(nice.errnum, EACCES);
    EXPECT_NE(nice.hint.find("CAP_SYS_NICE"), std::string::npos);

    spec = support::reporting();
    rlimit core{};
    ::getrlimit(RLIMIT_NOFILE, &core);
    spec.rlimits = {{.resource = RLIMIT_NOFILE, .soft = 10, .hard = core.rlim_max + 1}};
    const linx::Error limit = support::error_of(spec);
    EXPECT_EQ(limit.stage, Stage::prlimit);
    EXPECT_EQ(limit.errnum, EPERM);
}

TEST_F(Rootless, the_limit_of_processes_is_reached) {
    support::in_a_child([] {
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        ASSERT_EQ(::setrlimit(RLIMIT_NPROC, &none), 0);
        for (const linx::ProcessSpec& spec : {support::reporting(), root_inside(Namespaces::all())}) {
            const linx::Error error = support::error_of(spec);
            EXPECT_EQ(error.stage, Stage::clone3);
            EXPECT_EQ(error.errnum, EAGAIN) << error.message();
            EXPECT_NE(error.hint.find("RLIMIT_NPROC"), std::string::npos) << error.message();
        }
    });
}

}  // namespace
