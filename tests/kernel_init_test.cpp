/// A launch with an init: whose end is told, and who gets the signals.
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"

#include <csignal>

namespace {

using linx::Namespace;
using Init = support::LeavesNothing;

linx::Result<linx::Process> running(linx::ProcessSpec spec) {
    spec.init = true;
    spec.leads = linx::Leads::session;
    auto held = linx::spawn(spec, support::patience);
    if (!held) {
        return std::unexpected(held.error());
    }
    return std::move(*held).proceed(support::patience);
}

TEST_F(Init, passes_a_signal_to_a_workload_that_would_be_shielded_as_pid_1) {
    linx::ProcessSpec spec = support::staying();
    spec.namespaces = linx::Namespaces{Namespace::pid};
    auto process = running(spec);
    ASSERT_TRUE(process) << process.error().message();
    ASSERT_TRUE(process->signal(SIGTERM));
    const auto status = process->wait(support::patience);
    ASSERT_TRUE(status) << status.error().message();
    ASSERT_TRUE(std::holds_alternative<linx::Signaled>(status->how));
    EXPECT_EQ(std::get<linx::Signaled>(status->how).signum, SIGTERM);
}

}  // namespace
