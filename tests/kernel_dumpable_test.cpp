/// Who may look into the child while it waits: nobody when it has joined something (CVE-2016-9962), its
/// own user when all its namespaces are fresh.
#include "support/in_a_child.hpp"
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <sys/ptrace.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using support::Stranger;

constexpr uid_t ordinary = 65534;

/// Becomes an ordinary user for good; for a child of a test.
void become(uid_t id) {
    ASSERT_EQ(::setgroups(0, nullptr), 0);
    ASSERT_EQ(::setresgid(id, id, id), 0);
    ASSERT_EQ(::setresuid(id, id, id), 0);
    ::prctl(PR_SET_DUMPABLE, 1);  // the change of ids has taken it away
}

/// Tries to attach to the process as the calling user: 0 or errno.
int attach(pid_t pid) {
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0) {
        ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
        return 0;
    }
    return errno;
}

using Dumpable = support::LeavesNothing;

TEST_F(Dumpable, a_child_in_fresh_namespaces_is_its_users_own_to_look_into) {
    for (const bool offsets : {false, true}) {
        support::in_a_child([offsets] {
            become(ordinary);
            linx::ProcessSpec spec = support::staying(
                Namespaces{Namespace::user, Namespace::net, Namespace::pid, Namespace::time});
            spec.map_root = true;
            if (offsets) {
                spec.time_offsets.boottime = linx::TimeOffset{.seconds = 100, .nanoseconds = 0};
            }
            auto held = linx::spawn(spec, support::patience);
            ASSERT_TRUE(held) << held.error().message();
            EXPECT_EQ(support::proc_owner(held->host_pid()), ordinary);
            EXPECT_NE(support::namespace_of(held->host_pid(), Namespace::net), "");
            // What `nsenter` would do: into the user namespace, which grants the rights to the rest.
            support::in_a_child([&held] {
                const int flags = CLONE_NEWUSER | CLONE_NEWNET;
                EXPECT_EQ(::setns(held->pidfd().number(), flags), 0) << std::strerror(errno);
                EXPECT_EQ(support::differences(::getpid(), held->host_pid()).contains(Namespace::net), false);
            });
        });
    }
}

TEST_F(Dumpable, with_a_map_of_many_ids_too) {
    // Root inside is 100000 outside: the child has changed its ids, which made it undumpable for a moment.
    linx::ProcessSpec spec = support::staying(Namespaces{Namespace::user, Namespace::net});
    spec.uid_map = {{.inside = 0, .outside = 100000, .count = 65536}};
    spec.gid_map = spec.uid_map;
    auto held = linx::spawn(spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    EXPECT_EQ(support::proc_owner(held->host_pid()), 100000U);
}

TEST_F(Dumpable, a_child_that_joins_is_not_for_an_ordinary_user_to_look_into) {
    support::in_a_child([] {
        become(ordinary);
        const Stranger target{
            {.fresh = {Namespace::user, Namespace::net, Namespace::pid}, .map = "0 65534 1", .inside = {}}};
        for (const Namespaces kinds : {Namespaces{Namespace::user, Namespace::net},
                                       Namespaces{Namespace::user, Namespace::net, Namespace::pid}}) {
            linx::ProcessSpec spec = support::staying(kinds);
            spec.argv = {support::workload("stays")};
            auto held = linx::enter(target.pid(), spec, support::patience);
            ASSERT_TRUE(held) << held.error().message();
            EXPECT_EQ(support::proc_owner(held->host_pid()), 0U) << "its files are not root's";
            EXPECT_EQ(attach(held->host_pid()), EPERM);
            EXPECT_EQ(support::namespace_of(held->host_pid(), Namespace::net), "");
            // After exec it is a process like any other.
            auto process = std::move(*held).proceed(support::patience);
            ASSERT_TRUE(process) << process.error().message();
            EXPECT_EQ(support::proc_owner(process->host_pid()), ordinary);
        }
    });
}

TEST_F(Dumpable, not_even_from_inside_by_the_targets_own_processes) {
    // Somebody hostile in the target, root in its user namespace, cannot get at the child that enters.
    support::Pipe ask;
    support::Pipe answer;
    Stranger target{{.fresh = {Namespace::user, Namespace::net}, .map = "0 100000 65536", .inside = [&] {
                         ::setresgid(0, 0, 0);
                         ::setresuid(0, 0, 0);
                         if (::fork() == 0) {
                             ::prctl(PR_SET_PDEATHSIG, SIGKILL);
                             const std::string pid = support::read_bytes(ask.out.ref(), 10);
                             support::write_all(answer.in.ref(),
                                                std::to_string(attach(std::stoi(pid))) + "\n");
                             ::_exit(0);
                         }
                         return true;
                     }}};
    linx::ProcessSpec spec = support::staying();
    auto held = linx::enter(target.pid(), spec, support::patience);
    ASSERT_TRUE(held) << held.error().message();
    std::string pid = std::to_string(held->host_pid());
    pid.insert(0, 10 - pid.size(), '0');
    support::write_all(ask.in.ref(), pid);
    EXPECT_EQ(support::read_bytes(answer.out.ref(), 2), std::to_string(EPERM) + "\n");
    EXPECT_TRUE(std::move(*held).abort());
    target.end();
    EXPECT_GT(::waitpid(-1, nullptr, 0), 0) << "the hostile process, which we inherit";
}

TEST_F(Dumpable, the_workload_itself_is_dumpable) {
    const Stranger target{{Namespace::net}};
    EXPECT_EQ(support::report_from_inside(target.pid())["dumpable"], "1");
    EXPECT_EQ(support::report_of(support::reporting(Namespaces{Namespace::net}))["dumpable"], "1");
}

}  // namespace
