/// Says "up" and then, of each signal that comes, `signal=15 code=0 from=PID value=0`, until SIGTERM, or the
/// one whose number is its argument: then it exits with 7. All signals are blocked meanwhile, so that none is
/// merged with its own end.
///   hears [SIGNUM]
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

int main(int argc, char** argv) {
    const int last = argc > 1 ? std::atoi(argv[1]) : SIGTERM;
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    if (::write(1, "up\n", 3) != 3) {
        return 1;
    }
    while (true) {
        siginfo_t info{};
        const int signum = ::sigwaitinfo(&all, &info);
        char line[96];
        const int length = std::snprintf(line, sizeof line, "signal=%d code=%d from=%d value=%d\n", signum,
                                         info.si_code, info.si_pid, info.si_value.sival_int);
        if (::write(1, line, static_cast<size_t>(length)) != length) {
            return 1;
        }
        if (signum == last) {
            return 7;
        }
    }
}
