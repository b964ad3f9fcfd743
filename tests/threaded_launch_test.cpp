/// Wall 4 of the child: launches from a program whose other threads hold libc's locks all the time. A child
/// that took one of them would hang, since nobody in it would ever let it go.
#include <linx/spawn.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

/// Far above any launch on a busy machine, far below the patience of a person.
constexpr linx::Patience patience{.timeout = 20s, .cancel = {}};
constexpr std::array namespaces{
    linx::Namespaces{},
    linx::Namespaces{linx::Namespace::uts, linx::Namespace::ipc},
    linx::Namespaces{linx::Namespace::user, linx::Namespace::pid, linx::Namespace::mount},
};

/// Which system calls this process was started without; see `Refused` below.
const char* refused_calls() {
    return std::getenv("LINX_TEST_REFUSED");
}

unsigned launches() {
    if (const char* const wanted = std::getenv("LINX_LAUNCHES")) {
        return static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
    }
    if (refused_calls() != nullptr) {
        return 48;
    }
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    return 120;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
    return 120;
#endif
#endif
    return 2000;
}

linx::ProcessSpec spec_for(unsigned number) {
    linx::ProcessSpec spec;
    spec.argv = {std::string{LINX_WORKLOADS} + "/returns", "7"};
    spec.namespaces = namespaces[number % namespaces.size()];
    spec.map_root = spec.namespaces->contains(linx::Namespace::user);
    // Ids, groups and limits: what glibc guards with a lock of its own.
    spec.uid = 0;
    spec.gid = 0;
    if (!spec.map_root) {
        spec.groups = std::vector<gid_t>{0};
    }
    spec.no_new_privs = true;
    return spec;
}

/// Threads that hold the locks of malloc, stdio and time zones, and make and close descriptors.
class Noise {
public:
    Noise() {
        // One arena: every thread contends for the same lock, the launching one too.
        mallopt(M_ARENA_MAX, 1);
        threads_.emplace_back([this] { allocate(); });
        threads_.emplace_back([this] { print(); });
        threads_.emplace_back([this] { open_and_close(); });
    }
    Noise(const Noise&) = delete;
    Noise& operator=(const Noise&) = delete;
    ~Noise() { over_ = true; }  // the threads end before the rest of it, since they are declared last

private:
    void allocate() const {
        for (std::size_t size = 1; !over_; size = size * 7 % 9973 + 1) {
            std::vector<std::string> strings(16, std::string(size, 'x'));
            strings.resize(8);
        }
    }
    void print() const {
        std::FILE* const nowhere = std::fopen("/dev/null", "we");
        for (std::time_t time = 0; !over_; ++time) {
            std::tm broken_down{};
            localtime_r(&time, &broken_down);
            std::fprintf(nowhere, "%d %s %f\n", broken_down.tm_year, std::strerror(broken_down.tm_min), 0.1);
            std::fflush(nullptr);
        }
        std::fclose(nowhere);
    }
    void open_and_close() const {
        while (!over_) {
            close(open("/dev/null", O_RDONLY | O_CLOEXEC));
        }
    }

    std::atomic<bool> over_{false};
    std::vector<std::jthread> threads_;
};

/// Launches and ends the child in the way of that number. The sentence says what went wrong; none, when
/// nothing.
std::string launch(unsigned number) {
    auto held = linx::spawn(spec_for(number), patience);
    if (!held) {
        return held.error().message();
    }
    switch (number / namespaces.size() % 4) {
        case 0: {
            const linx::Held dropped{std::move(*held)};
            return "";
        }
        case 1: {
            const auto aborted = std::move(*held).abort();
            return aborted ? "" : aborted.error().message();
        }
        default:
            break;
    }
    auto process = std::move(*held).proceed(patience);
    if (!process) {
        return process.error().message();
    }
    const auto status = process->wait(patience);
    if (!status) {
        return status.error().message();
    }
    return status->shell_code() == 7 ? "" : "exit code " + std::to_string(status->shell_code());
}

/// Under a filter a launch may be refused, by an Error; it may not hang, nor call a dead child alive.
bool is_clear_refusal(const std::string& wrong) {
    return refused_calls() != nullptr && wrong.find(std::strerror(ENOSYS)) != std::string::npos;
}

void launch_from_threads(unsigned threads) {
    std::atomic<unsigned> next{0};
    std::atomic<unsigned> failed{0};
    std::vector<std::jthread> launchers;
    for (unsigned i = 0; i < threads; ++i) {
        launchers.emplace_back([&] {
            for (unsigned number = next++; number < launches() && failed < 5; number = next++) {
                if (const std::string wrong = launch(number); !wrong.empty() && !is_clear_refusal(wrong)) {
                    ++failed;
                    ADD_FAILURE() << "launch " << number << ": " << wrong;
                }
            }
        });
    }
}

void expect_no_children() {
    siginfo_t info{};
    const int answer = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL);
    EXPECT_TRUE(answer == -1 && errno == ECHILD) << "a child is left: " << info.si_pid;
}

TEST(ThreadedLaunch, none_hangs_while_other_threads_hold_the_locks_of_libc) {
    {
        const Noise noise;
        launch_from_threads(1);
    }
    expect_no_children();
}

TEST(ThreadedLaunch, none_hangs_when_several_threads_launch_at_once) {
    {
        const Noise noise;
        launch_from_threads(3);
    }
    expect_no_children();
}

/// Waits for the process to end; a killed test is better than a hung one, so there is a deadline.
bool ends_in_time(int pidfd) {
    pollfd end{.fd = pidfd, .events = POLLIN, .revents = 0};
    return poll(&end, 1, 20'000) == 1;
}

TEST(ThreadedLaunch, an_exec_is_noticed_while_launches_of_other_threads_are_parked) {
    std::atomic<bool> over{false};
    std::jthread parking{[&] {
        // Each of these is born while the other thread's sockets are open, and is parked for a while.
        std::vector<linx::Held> parked;
        while (!over) {
            auto held = linx::spawn(spec_for(0), patience);
            if (!held) {
                ADD_FAILURE() << held.error().message();
                return;
            }
            parked.push_back(std::move(*held));
            if (parked.size() > 8) {
                parked.erase(parked.begin());
            }
        }
    }};
    for (unsigned i = 0; i < launches() / 10; ++i) {
        auto held = linx::spawn(spec_for(0), patience);
        ASSERT_TRUE(held) << held.error().message();
        const auto begin = std::chrono::steady_clock::now();
        auto process = std::move(*held).proceed(patience);
        ASSERT_TRUE(process) << process.error().message();
        // The parked ones of the other thread live longer than this.
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
        ASSERT_TRUE(process->wait(patience));
    }
    over = true;
}

/// Runs `launcher` in a process of its own, which tells of its children through a pipe and is killed after
/// that.
std::vector<int> pidfds_of_orphans(void (*launcher)(int tell)) {
    std::array<int, 2> pipe_ends{};
    EXPECT_EQ(0, pipe2(pipe_ends.data(), O_CLOEXEC));
    const pid_t child = fork();
    if (child == 0) {
        launcher(pipe_ends[1]);
        _exit(1);
    }
    close(pipe_ends[1]);
    std::vector<int> pidfds;
    std::array<pid_t, 3> pids{};
    EXPECT_EQ(static_cast<ssize_t>(sizeof pids), read(pipe_ends[0], pids.data(), sizeof pids));
    for (const pid_t pid : pids) {
        pidfds.push_back(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        EXPECT_GE(pidfds.back(), 0) << std::strerror(errno);
    }
    kill(child, SIGKILL);
    EXPECT_EQ(child, waitpid(child, nullptr, 0));
    close(pipe_ends[0]);
    return pidfds;
}

TEST(ThreadedLaunch, children_at_the_checkpoint_notice_that_their_launcher_was_killed) {
    const auto pidfds = pidfds_of_orphans([](int tell) {
        auto first = linx::spawn(spec_for(0), patience);
        // Born while the first one's socket was open, and parked in another pid namespace.
        auto second = linx::spawn(spec_for(2), patience);
        auto third = linx::spawn(spec_for(1), patience);
        if (!first || !second || !third) {
            return;
        }
        const std::array<pid_t, 3> pids{first->host_pid(), second->host_pid(), third->host_pid()};
        if (write(tell, pids.data(), sizeof pids) == static_cast<ssize_t>(sizeof pids)) {
            while (true) {
                pause();
            }
        }
    });
    for (const int pidfd : pidfds) {
        EXPECT_TRUE(ends_in_time(pidfd)) << "a child outlives its launcher";
        close(pidfd);
    }
}

TEST(ThreadedLaunch, a_launcher_killed_in_the_midst_of_launches_leaves_no_child) {
    ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
    const auto pidfds = pidfds_of_orphans([](int tell) {
        std::atomic<unsigned> launched{0};
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < 3; ++i) {
            threads.emplace_back([&] {
                while (true) {
                    launch(launched++);
                }
            });
        }
        while (launched < 40) {
            std::this_thread::yield();
        }
        const std::array<pid_t, 3> pids{getpid(), getpid(), getpid()};
        (void)!write(tell, pids.data(), sizeof pids);
        while (true) {
            pause();
        }
    });
    for (const int pidfd : pidfds) {
        close(pidfd);
    }
    // Every orphan is ours now. SIGALRM ends a wait that would not end.
    struct sigaction on_alarm{};
    on_alarm.sa_handler = [](int) {};
    ASSERT_EQ(0, sigaction(SIGALRM, &on_alarm, nullptr));
    alarm(20);
    while (waitpid(-1, nullptr, __WALL) > 0) {
    }
    EXPECT_EQ(ECHILD, errno) << "an orphan lives on";
    alarm(0);
    ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 0));
}

// What follows runs the second test again in a process which is told ENOSYS for newer system calls.

struct NamedCall {
    std::string_view name;
    unsigned number;
};
constexpr std::array newer_calls{
    NamedCall{"clone3", SYS_clone3},
    NamedCall{"close_range", SYS_close_range},
    NamedCall{"openat2", SYS_openat2},
    NamedCall{"pidfd_open", SYS_pidfd_open},
    NamedCall{"pidfd_send_signal", SYS_pidfd_send_signal},
    NamedCall{"pidfd_getfd", SYS_pidfd_getfd},
    NamedCall{"faccessat2", SYS_faccessat2},
    NamedCall{"execveat", SYS_execveat},
    NamedCall{"statx", SYS_statx},
    NamedCall{"epoll_pwait2", SYS_epoll_pwait2},
    NamedCall{"fsopen", SYS_fsopen},
    NamedCall{"mount_setattr", SYS_mount_setattr},
};

bool refuse(std::string_view names) {
    std::vector<sock_filter> filter{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const NamedCall& call : newer_calls) {
        if (names == "all" || names == call.name) {
            filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.number, 0, 1));
            filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
        }
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

/// Before the first test: a filter cannot be taken off again, so it needs a process of its own.
class Filter : public testing::Environment {
    void SetUp() override {
        if (refused_calls() != nullptr && !refuse(refused_calls())) {
            GTEST_FAIL() << "seccomp: " << std::strerror(errno);
        }
    }
};
[[maybe_unused]] const testing::Environment* const filter = testing::AddGlobalTestEnvironment(new Filter);

class Refused : public testing::TestWithParam<std::string_view> {};

TEST_P(Refused, call_makes_no_launch_hang) {
    if (refused_calls() != nullptr) {
        return;  // this is the inner process, run with a filter too wide
    }
    const std::string refused{GetParam()};
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        setenv("LINX_TEST_REFUSED", refused.c_str(), 1);
        char program[] = "/proc/self/exe";
        char tests[] = "--gtest_filter=ThreadedLaunch.none_hangs_when_several*";
        char brief[] = "--gtest_brief=1";
        char* const argv[] = {program, tests, brief, nullptr};
        // Its own count of tests is no part of ours.
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execv(program, argv);
        _exit(127);
    }
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    pollfd end{.fd = pidfd, .events = POLLIN, .revents = 0};
    EXPECT_EQ(1, poll(&end, 1, 120'000)) << "hangs without " << refused;
    close(pidfd);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "without " << refused << ": " << status;
}

std::vector<std::string_view> refused_sets() {
    std::vector<std::string_view> sets{"all"};
    for (const NamedCall& call : newer_calls) {
        sets.push_back(call.name);
    }
    return sets;
}

INSTANTIATE_TEST_SUITE_P(ThreadedLaunch, Refused, testing::ValuesIn(refused_sets()),
                         [](const auto& instance) { return std::string{instance.param}; });

}  // namespace
