#include "injector.hpp"

#include "marker.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(__x86_64__)
#error "the injector knows the registers of x86-64 alone"
#endif

namespace fault {
namespace {

constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
constexpr int syscall_stop = SIGTRAP | 0x80;

volatile std::sig_atomic_t rings = 0;

[[noreturn]] void fail_with(const char* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

/// Interrupts waitpid when the time is over, and again and again, so that no ring can be slept through.
class Alarm {
public:
    explicit Alarm(std::chrono::milliseconds time) {
        rings = 0;
        struct sigaction action{};
        action.sa_handler = [](int) { rings = rings + 1; };
        sigaction(SIGALRM, &action, nullptr);
        const itimerval timer{.it_interval = {.tv_sec = 0, .tv_usec = 100'000},
                              .it_value = {.tv_sec = time.count() / 1000,
                                           .tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000)}};
        setitimer(ITIMER_REAL, &timer, nullptr);
    }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    ~Alarm() {
        const itimerval never{};
        setitimer(ITIMER_REAL, &never, nullptr);
    }
    [[nodiscard]] static bool rang() { return rings != 0; }
};

Operation operation_of(const __ptrace_syscall_info& info) {
    const auto& arguments = info.entry.args;
    switch (info.entry.nr) {
        case SYS_fcntl:
        case SYS_epoll_ctl:
            return arguments[1];
        case SYS_waitid:
            return arguments[3] & (WNOHANG | WNOWAIT);
        case SYS_wait4:
            return arguments[2] & WNOHANG;
        case SYS_prlimit64:
            return (arguments[0] != 0 ? gets_others : gets_own) | (arguments[2] != 0 ? sets_own : gets_own);
        default:
            return 0;
    }
}

/// False for a waitid which found that nobody had ended: nobody else can have reaped the child then.
bool reaped_if_it_waited(pid_t pid, std::uint64_t answer) {
    if (answer == 0) {
        return true;
    }
    const long word = ptrace(PTRACE_PEEKDATA, pid, answer + offsetof(siginfo_t, si_pid), nullptr);
    return static_cast<pid_t>(word) != 0;
}

/// A process under trace.
struct Task {
    unsigned actor = 0;
    /// Its calls belong to the launch. Not those of the launcher outside its marks, nor of an executed
    /// program.
    bool counts = false;
    std::map<long, unsigned> calls{};
    long last_call = -1;
    std::optional<Act> pending{};
    /// Where a waitid answers, to see whether it reaped anybody.
    std::uint64_t wait_answer = 0;
};

class Play {
public:
    Play(const std::optional<Fault>& fault, Played& played) : fault_(fault), played_(played) {}

    void begin(const std::vector<std::string>& argv, int output);
    void to_the_end(std::chrono::milliseconds deadline);

private:
    void stopped(pid_t pid, int status);
    void created(pid_t parent);
    void at_syscall(pid_t pid, Task& task);
    void entering(pid_t pid, Task& task, const __ptrace_syscall_info& info);
    void act_at(pid_t pid, Task& task, const __ptrace_syscall_info& info);
    void resume(pid_t pid, int signum = 0);
    void take_others();
    void take(pid_t pid, int status);
    void give_up();

    const std::optional<Fault>& fault_;
    Played& played_;
    pid_t launcher_ = -1;
    unsigned actors_ = 0;
    std::map<pid_t, Task> tasks_;
    /// Stopped before their parent has told of them.
    std::set<pid_t> early_;
};

void Play::begin(const std::vector<std::string>& argv, int output) {
    std::vector<char*> words;
    for (const std::string& word : argv) {
        words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    int go[2];
    if (pipe2(go, O_CLOEXEC) != 0) {
        fail_with("pipe2");
    }
    launcher_ = fork();
    if (launcher_ == 0) {
        char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
        char* environment[] = {path, nullptr};
        char byte = 0;
        const int nothing = open("/dev/null", O_RDONLY);
        if (read(go[0], &byte, 1) != 1 || nothing < 0) {
            _exit(125);
        }
        dup2(nothing, 0), dup2(output, 1), dup2(output, 2);
        syscall(SYS_close_range, 3, ~0U, 0);
        execve(words[0], words.data(), environment);
        _exit(127);
    }
    if (launcher_ < 0 || ptrace(PTRACE_SEIZE, launcher_, nullptr, options) != 0 ||
        ptrace(PTRACE_INTERRUPT, launcher_, nullptr, nullptr) != 0 || write(go[1], "g", 1) != 1) {
        fail_with("seize the driver");
    }
    close(go[0]), close(go[1]);
    tasks_[launcher_] = Task{};
}

void Play::resume(pid_t pid, int signum) {
    const auto task = tasks_.find(pid);
    // The launcher's marks are system calls too.
    const bool watched = task != tasks_.end() && (task->second.counts || pid == launcher_);
    // ESRCH: it was killed meanwhile; waitpid will tell.
    ptrace(watched ? PTRACE_SYSCALL : PTRACE_CONT, pid, nullptr, signum);
}

void Play::created(pid_t parent) {
    unsigned long message = 0;
    if (ptrace(PTRACE_GETEVENTMSG, parent, nullptr, &message) != 0) {
        return;
    }
    const auto child = static_cast<pid_t>(message);
    const bool counts = tasks_[parent].counts;
    tasks_[child] = Task{.actor = counts ? ++actors_ : 0, .counts = counts};
    if (early_.erase(child) > 0) {
        resume(child);
    }
}

void Play::act_at(pid_t pid, Task& task, const __ptrace_syscall_info& info) {
    played_.reached = true;
    switch (fault_->act) {
        case Act::fail: {
            // No such call: the kernel makes none, and the answer is put in its place when it returns.
            ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, orig_rax), -1L);
            task.pending = fault_->act;
            break;
        }
        case Act::fail_after:
            task.pending = fault_->act;
            task.wait_answer = fault_->at.number == SYS_waitid ? info.entry.args[2] : 0;
            break;
        case Act::kill_launcher:
            kill(launcher_, SIGKILL);
            break;
        case Act::kill_caller:
            kill(pid, SIGKILL);
            break;
    }
}

void Play::entering(pid_t pid, Task& task, const __ptrace_syscall_info& info) {
    const auto number = static_cast<long>(info.entry.nr);
    task.last_call = number;
    if (number == SYS_prctl && info.entry.args[0] == static_cast<unsigned long>(marker)) {
        task.counts = info.entry.args[1] == static_cast<unsigned long>(Mark::begin);
        return;
    }
    if (!task.counts) {
        return;
    }
    const Call call{.actor = task.actor,
                    .number = number,
                    .occurrence = ++task.calls[number],
                    .operation = operation_of(info)};
    played_.calls.push_back(call);
    if (fault_ && call == fault_->at) {
        act_at(pid, task, info);
    } else if (number == SYS_waitid || number == SYS_wait4) {
        // A pidfd tells of a death before the tracer has taken notice, and only then is the child the
        // launcher's to wait for: without this a WNOHANG would find nothing, which happens under a tracer
        // alone.
        take_others();
    }
}

void Play::at_syscall(pid_t pid, Task& task) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) {
        return;
    }
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        entering(pid, task, info);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task.pending) {
        const bool took_effect = info.exit.is_error == 0 && reaped_if_it_waited(pid, task.wait_answer);
        if (*task.pending == Act::fail || took_effect) {
            ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, rax), static_cast<long>(-fault_->errnum));
        }
        task.pending.reset();
    }
}

void Play::stopped(pid_t pid, int status) {
    const int signum = WSTOPSIG(status);
    const int event = status >> 16;
    const auto found = tasks_.find(pid);
    if (found == tasks_.end()) {
        early_.insert(pid);
        return;
    }
    switch (event) {
        case PTRACE_EVENT_CLONE:
        case PTRACE_EVENT_FORK:
        case PTRACE_EVENT_VFORK:
            created(pid);
            resume(pid);
            return;
        case PTRACE_EVENT_EXEC:
            found->second.counts = false;
            resume(pid);
            return;
        case PTRACE_EVENT_STOP:
            if (signum == SIGTRAP) {
                resume(pid);
            } else {
                ptrace(PTRACE_LISTEN, pid, nullptr, nullptr);
            }
            return;
        default:
            break;
    }
    if (signum == syscall_stop) {
        at_syscall(pid, found->second);
        resume(pid);
    } else {
        resume(pid, signum);
    }
}

void Play::take(pid_t pid, int status) {
    if (WIFSTOPPED(status)) {
        stopped(pid, status);
        return;
    }
    if (pid == launcher_) {
        played_.status = status;
    }
    tasks_.erase(pid);
    early_.erase(pid);
}

void Play::take_others() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0;) {
        take(pid, status);
    }
}

void Play::give_up() {
    for (const auto& [pid, task] : tasks_) {
        played_.hung += (played_.hung.empty() ? "" : ", ") + ("actor " + std::to_string(task.actor)) +
                        " in call " + std::to_string(task.last_call) +
                        (task.counts ? "" : " (outside the launch)");
        kill(pid, SIGKILL);
    }
    for (const pid_t pid : early_) {
        kill(pid, SIGKILL);
    }
}

void Play::to_the_end(std::chrono::milliseconds deadline) {
    const Alarm alarm{deadline};
    while (true) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, __WALL);
        if (pid > 0) {
            take(pid, status);
        } else if (errno == ECHILD) {
            return;
        } else if (errno != EINTR) {
            fail_with("waitpid");
        }
        if (Alarm::rang() && played_.hung.empty()) {
            give_up();
        }
    }
}

}  // namespace

Played play(const std::vector<std::string>& argv, const std::optional<Fault>& fault,
            std::chrono::milliseconds deadline) {
    Played played;
    const int output = memfd_create("driver's output", MFD_CLOEXEC);
    if (output < 0) {
        fail_with("memfd_create");
    }
    Play run{fault, played};
    run.begin(argv, output);
    run.to_the_end(deadline);
    char buffer[4096];
    lseek(output, 0, SEEK_SET);
    for (ssize_t length = 0; (length = read(output, buffer, sizeof buffer)) > 0;) {
        played.output.append(buffer, static_cast<std::size_t>(length));
    }
    close(output);
    return played;
}

}  // namespace fault
