/// An init as an ordinary user has it: in namespaces of its own, and without any.
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"

#include <csignal>

namespace {

using linx::Namespace;
using linx::Namespaces;
using support::Report;

class RootlessInit : public support::LeavesNothing {
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
    [[nodiscard]] static linx::ProcessSpec with_init(linx::ProcessSpec spec) {
        spec.init = true;
        spec.map_root = spec.namespaces.has_value();
        return spec;
    }
};

TEST_F(RootlessInit, is_process_1_of_its_own_pid_namespace) {
    const auto kinds = Namespaces{Namespace::user} | Namespaces{Namespace::pid};
    const Report report = support::report_of(with_init(support::reporting(kinds)));
    EXPECT_EQ(report["pid"], "2");
    EXPECT_EQ(report["ppid"], "1");
    EXPECT_EQ(report["uid"], "0 0 0");
    EXPECT_EQ(report["fds"], "3");
}

TEST_F(RootlessInit, needs_no_namespace) {
    const Report report = support::report_of(with_init(support::reporting()));
    EXPECT_EQ(report.number("uid"), ::geteuid());
    EXPECT_EQ(report["sigblk"], "0");
}

TEST_F(RootlessInit, passes_a_signal_on_and_tells_the_workloads_end) {
    for (const auto& kinds : {std::optional<Namespaces>{},
                              std::optional{Namespaces{Namespace::user} | Namespaces{Namespace::pid}}}) {
        auto held = linx::spawn(with_init(support::staying(kinds)), support::patience);
        ASSERT_TRUE(held) << held.error().message();
        auto process = std::move(*held).proceed(support::patience);
        ASSERT_TRUE(process) << process.error().message();
        ASSERT_TRUE(process->signal(SIGTERM));
        const auto status = process->wait(support::patience);
        ASSERT_TRUE(status) << status.error().message();
        ASSERT_TRUE(std::holds_alternative<linx::Signaled>(status->how));
        EXPECT_EQ(std::get<linx::Signaled>(status->how).signum, SIGTERM);
    }
}

TEST_F(RootlessInit, that_has_nothing_to_execute_fails_as_a_launch_without_one) {
    linx::ProcessSpec spec;
    spec.argv = {"/nonexistent/program"};
    const linx::Error without = support::error_of(spec);
    const linx::Error with = support::error_of(with_init(spec));
    EXPECT_EQ(with.stage, linx::Stage::execve);
    EXPECT_EQ(with.message(), without.message());
}

}  // namespace
