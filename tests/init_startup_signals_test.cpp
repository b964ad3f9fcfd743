/// A SIGTERM that comes while the init starts, at whatever moment, ends the command.
#include "support/init.hpp"

namespace {

using support::ours;
using support::Running;

/// Of so many starts, those that had not ended although SIGTERM was sent; each start is hit a little later.
int lost(const support::Init& init, int starts, std::chrono::milliseconds patience) {
    int count = 0;
    for (int start = 0; start < starts; ++start) {
        Running running{init, {support::workload("stays")}};
        const auto moment = std::chrono::steady_clock::now() + std::chrono::microseconds{2 * (start % 1000)};
        (void)support::becomes([&] { return std::chrono::steady_clock::now() >= moment; });
        running.signal(SIGTERM);
        count += running.ends_within(patience) ? 0 : 1;
    }
    return count;
}

TEST(InitStartupSignalsAnyUser, a_TERM_that_comes_at_once_is_not_lost) {
    EXPECT_EQ(lost(ours(), 2000, support::deadline), 0);
    // A race: what the peers lose is told, and is no verdict.
    for (const auto& init : {support::peer("tini", {"-s", "-g"}), support::peer("dumb-init"),
                             support::peer("catatonit", {"-g"})}) {
        if (init) {
            std::cout << init->name << " loses " << lost(*init, 200, std::chrono::milliseconds{100})
                      << " of 200\n";
        }
    }
}

}  // namespace
