#include "launch/map_helper.hpp"

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace linx::launch {

namespace {

/// Where a program that is trusted with other people's ids may lie. PATH is not asked.
constexpr std::array directories{"/usr/bin/", "/bin/", "/usr/local/bin/", "/run/wrappers/bin/", "/usr/sbin/"};

std::optional<std::string> find(const std::string& name) {
    for (const char* directory : directories) {
        std::string path = directory + name;
        if (::access(path.c_str(), X_OK) == 0) {
            return path;
        }
    }
    return std::nullopt;
}

ProcessSpec spec_of(const std::string& path, const program::RunMapHelper& what, pid_t child,
                    FdRef complaints) {
    ProcessSpec spec;
    spec.argv = {path, std::to_string(child)};
    spec.argv.insert(spec.argv.end(), what.arguments.begin(), what.arguments.end());
    spec.environment.base = EnvironmentBase::empty;
    spec.stdin_from = StdioNull{};
    spec.stdout_to = StdioNull{};
    spec.stderr_to = StdioFd{complaints};
    return spec;
}

}  // namespace

Result<MapHelper> MapHelper::start(Stage stage, const program::RunMapHelper& what, pid_t child) {
    const auto path = find(what.name);
    if (!path) {
        return failed(stage, ENOENT, what.name);
    }
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) < 0) {
        return failed(stage, errno, "a pipe for its messages");
    }
    Fd ours{pipe[0]};
    Fd theirs{pipe[1]};
    Launch launch = LINX_TRY(linx::start(spec_of(*path, what, child, theirs.ref())));
    return MapHelper{stage, Progress{std::move(launch)}, std::move(ours), std::move(theirs)};
}

bool MapHelper::involves(pid_t pid) const noexcept {
    if (const auto* process = std::get_if<Process>(&progress_)) {
        return process->host_pid() == pid;
    }
    const auto* launch = std::get_if<Launch>(&progress_);
    return launch != nullptr ? launch->involves(pid) : std::get<Proceeding>(progress_).involves(pid);
}

FdRef MapHelper::fd() const noexcept {
    if (const auto* launch = std::get_if<Launch>(&progress_)) {
        return launch->fd();
    }
    if (const auto* proceeding = std::get_if<Proceeding>(&progress_)) {
        return proceeding->fd();
    }
    return std::get_if<Process>(&progress_)->pidfd();
}

Result<bool> MapHelper::advance() {
    auto done = step();
    if (!done && done.error().stage != stage_) {
        // The launch of the helper failed: told under the helper's own stage, with the step beside.
        return std::unexpected(Error{.stage = stage_,
                                     .errnum = done.error().errnum,
                                     .detail = done.error().message(),
                                     .hint = "the helper could not be launched"});
    }
    return done;
}

Result<bool> MapHelper::step() {
    if (auto* launch = std::get_if<Launch>(&progress_)) {
        auto next = LINX_TRY(launch->advance());
        auto* held = std::get_if<Held>(&next);
        if (held == nullptr) {
            return false;
        }
        theirs_.reset();
        progress_ = LINX_TRY(std::move(*held).start_proceed());
    }
    if (auto* proceeding = std::get_if<Proceeding>(&progress_)) {
        auto next = LINX_TRY(proceeding->advance());
        auto* process = std::get_if<Process>(&next);
        if (process == nullptr) {
            return false;
        }
        progress_ = std::move(*process);
    }
    const auto ended = LINX_TRY(std::get<Process>(progress_).try_wait());
    if (!ended) {
        return false;
    }
    const auto* exited = std::get_if<Exited>(&ended->how);
    if (exited != nullptr && exited->code == 0) {
        return true;
    }
    return refused(*ended);
}

std::unexpected<Error> MapHelper::refused(const ExitStatus& status) const {
    std::array<char, 512> text{};
    const ssize_t got = ::read(complaints_.ref().number(), text.data(), text.size());
    std::string detail(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    detail = detail.substr(0, detail.find('\n'));
    if (detail.empty()) {
        detail = "exit code " + std::to_string(status.shell_code());
    }
    return failed(stage_, EPERM, std::move(detail));
}

}  // namespace linx::launch
