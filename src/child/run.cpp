#include "child/child.hpp"
#include "child/raw.hpp"

namespace linx::child {

namespace {

/// Applies the alternative that the operation holds. The index is compared with each in turn:
/// `std::visit` would bring an exception along.
template <std::size_t index = 0>
long apply_held(Context& context, const Operation& operation) noexcept {
    if constexpr (index == std::variant_size_v<Operation>) {
        return 0;
    } else if (const auto* held = std::get_if<index>(&operation)) {
        return apply(context, *held);
    } else {
        return apply_held<index + 1>(context, operation);
    }
}

}  // namespace

void run(const Program& program) noexcept {
    Context context{.program = program, .report = {}};
    for (std::uint32_t i = 0; i < program.step_count; ++i) {
        const long answer = apply_held(context, program.steps[i].operation);
        if (answer < 0) {
            context.report.tell = Tell::failed;
            context.report.step = i;
            context.report.errnum = static_cast<std::int32_t>(-answer);
            (void)tell(program, context.report, -1);
            raw_exit(failed_code);
        }
    }
    raw_exit(0);
}

}  // namespace linx::child
