#include "launch/verdict.hpp"

#include "child/record.hpp"
#include "sys/small_file.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string>

#include <sys/wait.h>

namespace linx::launch {

namespace {

/// PF_FORKNOEXEC: set by fork, cleared by exec (`include/linux/sched.h`).
constexpr unsigned long forked_without_exec = 0x40;

/// The flags field of /proc/PID/stat: the seventh after the command, which may hold anything.
std::optional<unsigned long> process_flags(const Kin& kin) {
    const auto directory = kin.proc();
    if (!directory) {
        return std::nullopt;
    }
    const auto text = sys::read_small_file(*directory + "/stat");
    std::size_t at = text ? text->rfind(')') : std::string::npos;
    for (int field = 0; field < 7 && at != std::string::npos; ++field) {
        at = text->find(' ', at + 1);
    }
    if (at == std::string::npos) {
        return std::nullopt;
    }
    unsigned long flags = 0;
    const auto [end, error] = std::from_chars(text->data() + at + 1, text->data() + text->size(), flags);
    return error == std::errc{} ? std::optional(flags) : std::nullopt;
}

std::string how_it_ended(const sys::Waited& waited) {
    const int status = waited.info.si_status;
    if (waited.info.si_code == CLD_EXITED) {
        return "exit code " + std::to_string(status);
    }
    const char* name = ::sigabbrev_np(status);
    return "killed by " + (name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(status));
}

/// A child of ours that ends by itself without having executed ends with one of these.
bool is_our_own_code(int code) {
    return code == child::failed_code || code == child::aborted_code;
}

}  // namespace

bool has_executed(const Kin& kin) {
    const auto waited = sys::waitid(kin.pidfd(), WEXITED | WNOHANG | WNOWAIT);
    const bool ended = !waited || waited->has_value();
    const bool by_itself = waited && waited->has_value() && (*waited)->info.si_code == CLD_EXITED;
    if (by_itself && !is_our_own_code((*waited)->info.si_status)) {
        return true;
    }
    if (const auto flags = process_flags(kin)) {
        return (*flags & forked_without_exec) == 0;
    }
    return !ended;
}

Error death_of(const Kin& kin) {
    Error error{.stage = Stage::child_died, .errnum = ESRCH, .detail = {}, .hint = {}};
    kin.give_time_to_end();
    const auto waited = sys::waitid(kin.pidfd(), WEXITED | WNOHANG | WNOWAIT);
    if (!waited) {
        error.errnum = waited.error();
        error.hint =
            waited.error() == ECHILD ? "somebody else in this program has reaped it (waitpid(-1)?)" : "";
    } else if (*waited) {
        error.detail = how_it_ended(**waited);
    }
    return error;
}

}  // namespace linx::launch
