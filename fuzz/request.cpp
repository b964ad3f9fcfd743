/// Fuzzes the requests of the BEAM: any frame is understood or refused with a reason. What is to be launched
/// is planned as well, as the agent would.
#include "agent/request.hpp"
#include "fuzz/guarded_bytes.hpp"
#include "fuzz/plan_claims.hpp"

#include <cstdint>

namespace {

using namespace linx::agent;

constexpr std::int64_t largest_number = (std::int64_t{1} << 59) - 1;

bool is_number(std::int64_t value) {
    return value >= 0 && value <= largest_number;
}

void require_good_order(const LaunchOrder& order) {
    LINX_REQUIRE(!order.spec.argv.empty());
    LINX_REQUIRE(!order.checkpoint_timeout || order.checkpoint_timeout->count() >= 0);
    const auto* const kill = std::get_if<KillAfter>(&order.orphan_policy);
    LINX_REQUIRE(kill == nullptr || kill->grace.count() >= 0);
    // A plan pins pids: those of the machine that the fuzzer runs on are no part of the input.
    if (!order.spec.join.empty()) {
        return;
    }
    if (const auto planned = linx::plan(order.spec)) {
        fuzz::require_good_spec(order.spec);
        fuzz::require_good_plan(*planned);
    } else {
        fuzz::require_good_error(planned.error());
    }
}

struct Claims {
    void operator()(const Spawn& spawn) const { require_good_order(spawn.order); }
    void operator()(const Enter& enter) const {
        LINX_REQUIRE(enter.target > 0);
        LINX_REQUIRE(!enter.order.spec.argv.empty());
    }
    void operator()(const Signal& signal) const { LINX_REQUIRE(signal.number >= 0 && signal.number <= 64); }
    void operator()(const Kill& kill) const { LINX_REQUIRE(kill.grace.count() >= 0); }
    void operator()(const Proceed& /*command*/) const {}
    void operator()(const Abort& /*command*/) const {}
    void operator()(const Orphan& /*command*/) const {}
    void operator()(const Ping& /*command*/) const {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const fuzz::GuardedBytes frame({bytes, size});
    const auto request = read_request(frame.view());
    if (!request) {
        const Misunderstood& what = request.error();
        LINX_REQUIRE(!what.id || is_number(*what.id));
        LINX_REQUIRE(!what.ref || is_number(*what.ref));
        LINX_REQUIRE(what.error.stage == linx::Stage::protocol || what.error.stage == linx::Stage::spec);
        LINX_REQUIRE(!what.error.detail.empty());
        fuzz::require_good_error(what.error);
        return 0;
    }
    LINX_REQUIRE(is_number(request->id) && is_number(request->ref));
    LINX_REQUIRE(std::holds_alternative<Ping>(request->command) == (request->id == 0));
    std::visit(Claims{}, request->command);
    return 0;
}
