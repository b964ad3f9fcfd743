/// Limits that are reached in the middle of a launch: each a clear error, and nothing left.
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

using Scarcity = support::LeavesNothing;

/// Into a user namespace of our own, with root mapped: limits set there bind only what is made there.
void enter_own_user_namespace() {
    ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);
    ASSERT_TRUE(support::put_contents("/proc/self/uid_map", "0 0 1"));
    ASSERT_TRUE(support::put_contents("/proc/self/setgroups", "deny"));
    ASSERT_TRUE(support::put_contents("/proc/self/gid_map", "0 0 1"));
}

class NamespaceLimit : public support::LeavesNothing, public testing::WithParamInterface<Namespace> {};

TEST_P(NamespaceLimit, of_zero_is_named_by_the_hint) {
    support::in_a_child([] {
        enter_own_user_namespace();
        const std::string limit = "max_" + std::string(linx::proc_name(GetParam())) + "_namespaces";
        ASSERT_TRUE(support::put_contents("/proc/sys/user/" + limit, "0"));
        for (const bool through_intermediate : {false, true}) {
            linx::ProcessSpec spec = support::reporting(Namespaces{GetParam()});
            spec.map_root = GetParam() == Namespace::user;
            const support::Stranger target{Namespaces{}};
            if (through_intermediate) {
                if (GetParam() == Namespace::time) {
                    spec.time_offsets.boottime = linx::TimeOffset{.seconds = 1, .nanoseconds = 0};
                } else {
                    spec.namespaces->insert(Namespace::time);
                    spec.time_offsets.boottime = linx::TimeOffset{.seconds = 1, .nanoseconds = 0};
                }
            }
            const linx::Error error = support::error_of(spec);
            EXPECT_TRUE(error.stage == Stage::clone3 || error.stage == Stage::clone_workload ||
                        error.stage == Stage::unshare)
                << error.message();
            EXPECT_EQ(error.errnum, ENOSPC) << error.message();
            EXPECT_NE(error.hint.find("user." + limit + " is 0"), std::string::npos) << error.message();
        }
        EXPECT_EQ(support::children_left(), "none");
    });
}

INSTANTIATE_TEST_SUITE_P(Each, NamespaceLimit, testing::ValuesIn(linx::every_namespace),
                         [](const auto& info) { return std::string(linx::name(info.param)); });

/// Lowers the limit of descriptors step by step, so that the launch finds none at each of its points.
template <class Launch>
void expect_clear_errors_without_descriptors(Launch&& launch) {
    const support::Belongings before = support::Belongings::now();
    int highest = 0;
    for (const std::string& descriptor : before.descriptors) {
        highest = std::max(highest, std::stoi(descriptor));
    }
    // The numbers that are free below the highest would make the steps uneven.
    std::vector<linx::Fd> filling;
    while (true) {
        linx::Fd fd{::fcntl(0, F_DUPFD_CLOEXEC, 3)};
        const bool beyond = fd.ref().number() > highest;
        filling.push_back(std::move(fd));
        if (beyond) {
            break;
        }
    }
    highest = filling.back().ref().number();
    const support::Belongings filled = support::Belongings::now();
    int failures = 0;
    bool succeeded = false;
    for (int room = 0; room < 40 && !succeeded; ++room) {
        rlimit usual{};
        ::getrlimit(RLIMIT_NOFILE, &usual);
        rlimit low = usual;
        low.rlim_cur = static_cast<rlim_t>(highest + 1 + room);
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
        const linx::Result<void> answer = launch();
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
        succeeded = answer.has_value();
        if (!succeeded) {
            ++failures;
            EXPECT_EQ(answer.error().errnum, EMFILE)
                << "with " << room << " free: " << answer.error().message();
            EXPECT_NE(answer.error().stage, Stage::child_died)
                << "with " << room << " free: " << answer.error().message();
        }
        EXPECT_EQ(support::children_left(), "none") << "with " << room << " free";
        EXPECT_EQ(support::Belongings::now().descriptors, filled.descriptors) << "with " << room << " free";
    }
    EXPECT_TRUE(succeeded);
    EXPECT_GE(failures, 2);
}

linx::Result<void> run_to_the_end(linx::Result<linx::Held> held) {
    auto process = std::move(LINX_TRY(std::move(held))).proceed(support::patience);
    auto running = LINX_TRY(std::move(process));
    LINX_TRY(running.wait(support::patience));
    return {};
}

linx::ProcessSpec returning(const std::optional<Namespaces>& fresh = {}) {
    linx::ProcessSpec spec;
    spec.argv = {support::workload("returns")};
    spec.namespaces = fresh;
    return spec;
}

TEST_F(Scarcity, no_descriptor_is_free_for_a_launch) {
    support::in_a_child([] {
        expect_clear_errors_without_descriptors([] {
            linx::ProcessSpec spec = returning(Namespaces::all());
            spec.map_root = true;
            return run_to_the_end(linx::spawn(spec, support::patience));
        });
    });
}

TEST_F(Scarcity, no_descriptor_is_free_for_a_launch_with_files) {
    support::in_a_child([] {
        const support::TemporaryDirectory directory;
        expect_clear_errors_without_descriptors([&directory] {
            linx::ProcessSpec spec = returning();
            spec.stdin_from = linx::StdioNull{};
            spec.stdout_to = linx::StdioFile{.path = directory / "out", .flags = O_WRONLY | O_CREAT};
            spec.stderr_to = linx::StdioFile{.path = directory / "err", .flags = O_WRONLY | O_CREAT};
            return run_to_the_end(linx::spawn(spec, support::patience));
        });
    });
}

TEST_F(Scarcity, no_descriptor_is_free_for_a_launch_through_an_intermediate) {
    support::in_a_child([] {
        expect_clear_errors_without_descriptors([] {
            linx::ProcessSpec spec = returning(Namespaces{Namespace::time, Namespace::pid, Namespace::user});
            spec.map_root = true;
            spec.time_offsets.boottime = linx::TimeOffset{.seconds = 1, .nanoseconds = 0};
            return run_to_the_end(linx::spawn(spec, support::patience));
        });
    });
}

TEST_F(Scarcity, no_descriptor_is_free_for_an_enter) {
    support::in_a_child([] {
        const support::Stranger target{Namespaces::all()};
        support::in_a_child([&target] {
            expect_clear_errors_without_descriptors([&target] {
                return run_to_the_end(linx::enter(target.pid(), returning(), support::patience));
            });
        });
    });
}

TEST_F(Scarcity, no_descriptor_is_free_for_a_join_by_path) {
    support::in_a_child([] {
        const support::Stranger target{{Namespace::net, Namespace::pid}};
        support::in_a_child([&target] {
            expect_clear_errors_without_descriptors([&target] {
                linx::ProcessSpec spec = returning();
                spec.join.emplace_back(Namespace::net,
                                       linx::NamespacePath{support::proc_path(target.pid(), "ns/net")});
                spec.join.emplace_back(Namespace::pid,
                                       linx::NamespacePath{support::proc_path(target.pid(), "ns/pid")});
                return run_to_the_end(linx::spawn(spec, support::patience));
            });
        });
    });
}

TEST_F(Scarcity, no_descriptor_is_free_for_a_driven_launch) {
    support::in_a_child([] {
        expect_clear_errors_without_descriptors([]() -> linx::Result<void> {
            auto launch = LINX_TRY(linx::start(returning()));
            while (true) {
                auto next = LINX_TRY(launch.advance());
                if (auto* held = std::get_if<linx::Held>(&next)) {
                    return run_to_the_end(std::move(*held));
                }
                EXPECT_TRUE(support::readable_in_time(launch.fd()));
            }
        });
    });
}

TEST_F(Scarcity, the_limit_of_processes_is_reached) {
    support::in_a_child([] {
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        const uid_t lonely = 54321;  // nobody else's; root is not bound by the limit
        ASSERT_EQ(::setresgid(lonely, lonely, lonely), 0);
        ASSERT_EQ(::setresuid(lonely, lonely, lonely), 0);
        ::prctl(PR_SET_DUMPABLE, 1);
        ASSERT_EQ(::setrlimit(RLIMIT_NPROC, &none), 0);
        linx::ProcessSpec mapped = returning(Namespaces::all());
        mapped.map_root = true;
        linx::ProcessSpec with_file = returning();
        with_file.stdin_from = linx::StdioFile{.path = "/dev/null", .flags = O_RDONLY};
        for (const linx::ProcessSpec& spec : {returning(), mapped, with_file}) {
            const linx::Error error = support::error_of(spec);
            EXPECT_EQ(error.errnum, EAGAIN) << error.message();
            EXPECT_TRUE(error.stage == Stage::clone3 || error.stage == Stage::clone_scout) << error.message();
            EXPECT_NE(error.hint.find("RLIMIT_NPROC"), std::string::npos) << error.message();
            EXPECT_EQ(support::children_left(), "none");
        }
    });
}

TEST_F(Scarcity, arguments_that_are_too_large_are_an_error_of_execve) {
    linx::ProcessSpec spec = returning();
    spec.argv.emplace_back(std::size_t{1} << 18, 'x');  // MAX_ARG_STRLEN is 128 KiB
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, Stage::execve);
    EXPECT_EQ(error.errnum, E2BIG);
    EXPECT_FALSE(error.hint.empty());
}

}  // namespace
