/// Many launches in an epoll loop of one's own: nothing here ever blocks but epoll_wait.
///
///   event_loop        as root or as any user
#include <linx/spawn.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <variant>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace {

/// One workload on its way: a launch, then a child that proceeds to exec, then a running process.
class Job {
public:
    explicit Job(linx::Launch launch) : stage_(std::move(launch)) {}

    /// What to poll for the next step.
    [[nodiscard]] linx::FdRef fd() const {
        if (const auto* launch = std::get_if<linx::Launch>(&stage_)) {
            return launch->fd();
        }
        if (const auto* proceeding = std::get_if<linx::Proceeding>(&stage_)) {
            return proceeding->fd();
        }
        return std::get<linx::Process>(stage_).pidfd();
    }

    /// Called when `fd()` is readable. The exit status once it has ended.
    linx::Result<std::optional<linx::ExitStatus>> advance() {
        if (auto* launch = std::get_if<linx::Launch>(&stage_)) {
            auto next = LINX_TRY(launch->advance());
            if (auto* held = std::get_if<linx::Held>(&next)) {
                std::printf("parked as pid %d\n", held->host_pid());
                stage_ = LINX_TRY(std::move(*held).start_proceed());
            }
            return std::nullopt;
        }
        if (auto* proceeding = std::get_if<linx::Proceeding>(&stage_)) {
            auto next = LINX_TRY(proceeding->advance());
            if (auto* process = std::get_if<linx::Process>(&next)) {
                stage_ = std::move(*process);
            }
            return std::nullopt;
        }
        return std::get<linx::Process>(stage_).try_wait();
    }

private:
    std::variant<linx::Launch, linx::Proceeding, linx::Process> stage_;
};

bool watch(int epoll_fd, const Job& job, std::size_t index) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
    return ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, job.fd().number(), &event) == 0;
}

}  // namespace

int main() {
    const linx::Fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    std::vector<std::optional<Job>> jobs;

    for (int number = 0; number < 4; ++number) {
        auto launch = linx::start({.argv = {"sh", "-c", "exit " + std::to_string(number)},
                                   .namespaces = linx::Namespaces::all(),
                                   .map_root = true});
        if (!launch) {
            std::fprintf(stderr, "event_loop: %s\n", launch.error().message().c_str());
            return 1;
        }
        jobs.emplace_back(std::move(*launch));
        if (!watch(epoll.ref().number(), *jobs.back(), jobs.size() - 1)) {
            std::perror("event_loop: epoll_ctl");
            return 1;
        }
    }

    int sum = 0;
    for (std::size_t left = jobs.size(); left > 0;) {
        epoll_event event{};
        if (::epoll_wait(epoll.ref().number(), &event, 1, 10'000) != 1) {
            std::fprintf(stderr, "event_loop: nothing happened for ten seconds\n");
            return 1;
        }
        auto& job = jobs[event.data.u64];
        const linx::FdRef watched = job->fd();
        const auto ended = job->advance();
        if (!ended) {
            std::fprintf(stderr, "event_loop: %s\n", ended.error().message().c_str());
            return 1;
        }
        if (*ended) {
            std::printf("job %d ended with %d\n", static_cast<int>(event.data.u64), (*ended)->shell_code());
            sum += (*ended)->shell_code();
            job.reset();  // closes the pidfd, which leaves the epoll set with it
            --left;
        } else if (job->fd() != watched && !watch(epoll.ref().number(), *job, event.data.u64)) {
            std::perror("event_loop: epoll_ctl");
            return 1;
        }
    }
    std::printf("all ended; the sum of their codes is %d\n", sum);
    return sum == 6 ? 0 : 1;
}
