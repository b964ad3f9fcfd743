#include "launch/mapping.hpp"

#include "sys/small_file.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/resource.h>

namespace linx::launch {

namespace {

using program::DraftStep;
using program::LauncherAction;
using program::Subject;

Result<bool> raise_hard_limit(pid_t pid, const Rlimit& wanted, const std::string& detail) {
    rlimit64 limit = {};
    const auto resource = static_cast<__rlimit_resource>(wanted.resource);
    if (::prlimit64(pid, resource, nullptr, &limit) < 0) {
        return failed(Stage::prlimit, errno, detail);
    }
    limit.rlim_max = wanted.hard;
    if (::prlimit64(pid, resource, &limit, nullptr) < 0) {
        return failed(Stage::prlimit, errno, detail);
    }
    return true;
}

}  // namespace

bool Mapping::has_steps(const std::vector<DraftStep>& steps, Subject subject) {
    return std::ranges::any_of(steps, [subject](const DraftStep& step) {
        return step.phase == Phase::map && step.subject == subject;
    });
}

Result<bool> Mapping::advance() {
    for (; next_ < steps_->size(); ++next_) {
        const DraftStep& step = (*steps_)[next_];
        if (step.phase != Phase::map || step.subject != subject_) {
            continue;
        }
        if (!LINX_TRY(perform(step, std::get<LauncherAction>(step.what)))) {
            return false;
        }
    }
    return true;
}

std::optional<FdRef> Mapping::fd() const {
    return helper_ ? std::optional(helper_->fd()) : std::nullopt;
}

Result<bool> Mapping::perform(const DraftStep& step, const LauncherAction& action) {
    if (const auto* file = std::get_if<program::WriteProc>(&action)) {
        return write(step, *file);
    }
    if (const auto* limit = std::get_if<program::RaiseLimit>(&action)) {
        return raise_hard_limit(kin_->pid(), limit->limit, step.detail);
    }
    if (const auto* priority = std::get_if<program::SetPriority>(&action)) {
        const bool set = ::setpriority(PRIO_PROCESS, static_cast<id_t>(kin_->pid()), priority->nice) == 0;
        return set ? Result<bool>{true} : failed(step.stage, errno, step.detail);
    }
    return run_helper(step.stage, std::get<program::RunMapHelper>(action));
}

/// The number is asked of the pidfd each time: under another it would be a stranger's file.
Result<bool> Mapping::write(const DraftStep& step, const program::WriteProc& file) const {
    const auto directory = kin_->proc();
    if (!directory) {
        return std::unexpected(Error{.stage = step.stage,
                                     .errnum = directory.error(),
                                     .detail = step.detail,
                                     .hint =
                                         "the /proc here does not show the child: none is mounted, or one "
                                         "of another pid namespace"});
    }
    const auto written = sys::write_small_file(*directory + "/" + file.file, file.text);
    return written ? Result<bool>{true} : failed(step.stage, written.error(), step.detail);
}

Result<bool> Mapping::run_helper(Stage stage, const program::RunMapHelper& what) {
    if (!helper_) {
        const auto number = sys::pid_of(kin_->pidfd());
        if (!number) {
            return failed(stage, number.error(), what.name);
        }
        helper_ = LINX_TRY(MapHelper::start(stage, what, *number));
    }
    const bool done = LINX_TRY(helper_->advance());
    if (done) {
        helper_.reset();
    }
    return done;
}

}  // namespace linx::launch
