#include "isolate/init.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace linx::isolate {

namespace {

using program::Draft;
using program::Subject;

std::string hexadecimal(std::uint64_t bits) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    return {digits.data(), end.ptr};
}

/// The lowest number above 2 under which nothing else is found.
int free_number(const ProcessSpec& spec, const Draft& draft) {
    int number = 3;
    const auto is_taken = [&] {
        return std::ranges::count(spec.fds, number, &HandedFd::number) > 0 ||
               std::ranges::count(draft.moves, number, &child::Move::to) > 0;
    };
    while (is_taken()) {
        ++number;
    }
    return number;
}

/// A descriptor that the init finds open, and that its child does not inherit.
std::string keep(const ProcessSpec& spec, child::Slot slot, Draft& draft) {
    const int number = free_number(spec, draft);
    draft.moves.push_back({slot, number});
    return std::to_string(number);
}

}  // namespace

void add_init(const ProcessSpec& spec, const Workload& workload, Command& command, Draft& draft) {
    command.init = {"linx-init", "--report-fd", keep(spec, child::checkpoint_slot, draft), "--child-mask",
                    hexadecimal(workload.blocked_signals)};
    if (spec.leads == Leads::nothing) {
        // The workload stays in the launcher's process group, as it does without an init.
        command.init.emplace_back("--no-pgrp");
    }
    if (workload.program) {
        command.init.insert(command.init.end(), {"--exec-fd", keep(spec, *workload.program, draft)});
    } else if (spec.arg0) {
        command.init.insert(command.init.end(), {"--arg0", *spec.arg0});
        command.argv[0] = spec.argv[0];
    }
    command.init.emplace_back("--");
    const child::Slot image = draft.new_slot();
    draft.launcher_step(Phase::acquire, Subject::none, Stage::open_init, program::OpenInit{image});
    draft.child_step(Phase::exec, Subject::child, Stage::exec_init, child::ExecuteDescriptor{image});
}

}  // namespace linx::isolate
