/// Prints what a workload can see of itself as lines `key=value` on its stdout, and `end=1` at last. It asks
/// the kernel where it can, so that it works in a root without /proc.
///   reports [sees=PATH] [stdin] [stay]
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

extern char** environ;

namespace {

void tell_ids() {
    uid_t uid[3];
    gid_t gid[3];
    ::getresuid(&uid[0], &uid[1], &uid[2]);
    ::getresgid(&gid[0], &gid[1], &gid[2]);
    std::printf("uid=%u %u %u\ngid=%u %u %u\ngroups=", uid[0], uid[1], uid[2], gid[0], gid[1], gid[2]);
    gid_t groups[256];
    const int count = ::getgroups(256, groups);
    for (int i = 0; i < count; ++i) {
        std::printf("%s%u", i == 0 ? "" : ",", groups[i]);
    }
    std::printf("\npid=%d\nppid=%d\npgid=%d\nsid=%d\n", ::getpid(), ::getppid(), ::getpgid(0), ::getsid(0));
}

void tell_namespaces() {
    for (const char* kind : {"user", "mnt", "pid", "net", "uts", "ipc", "cgroup", "time"}) {
        char path[64];
        char target[64] = {};
        std::snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
        if (::readlink(path, target, sizeof target - 1) > 0) {
            std::printf("ns.%s=%s\n", kind, target);
        }
    }
}

/// The lines of a small file of /proc/self, under its name.
void tell_file(const char* name) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/%s", name);
    std::FILE* file = std::fopen(path, "re");
    char line[512];
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
        std::printf("%s=", name);
        const char* gap = "";
        for (char* word = std::strtok(line, " \t\n"); word != nullptr; word = std::strtok(nullptr, " \t\n")) {
            std::printf("%s%s", gap, word);
            gap = " ";
        }
        std::printf("\n");
    }
    if (file != nullptr) {
        std::fclose(file);
    }
}

void tell_place() {
    char path[4096] = {};
    ::syscall(SYS_getcwd, path, sizeof path);
    struct stat root{};
    ::stat("/", &root);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    std::printf("cwd=%s\nroot=%llu\numask=%o\n", path, static_cast<unsigned long long>(root.st_ino), mask);
    utsname names{};
    ::uname(&names);
    std::printf("hostname=%s\ndomainname=%s\n", names.nodename, names.domainname);
    const int any = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    if (::ioctl(any, SIOCGIFFLAGS, &request) == 0) {
        std::printf("lo=%s\n", (request.ifr_flags & IFF_UP) != 0 ? "up" : "down");
    }
    ::close(any);
}

void tell_limits() {
    struct Row {
        const char* name;
        __rlimit_resource resource;
    };
    for (const Row row : {Row{"nofile", RLIMIT_NOFILE}, Row{"core", RLIMIT_CORE}, Row{"cpu", RLIMIT_CPU},
                          Row{"stack", RLIMIT_STACK}, Row{"memlock", RLIMIT_MEMLOCK}}) {
        rlimit limit{};
        ::getrlimit(row.resource, &limit);
        std::printf("rlimit.%s=%lld %lld\n", row.name, static_cast<long long>(limit.rlim_cur),
                    static_cast<long long>(limit.rlim_max));
    }
    std::printf("nice=%d\n", ::getpriority(PRIO_PROCESS, 0));
}

void tell_signals() {
    unsigned long long blocked = 0;
    ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &blocked, 8);
    std::printf("sigblk=%llx\n", blocked);
    unsigned long long words[8] = {};
    std::printf("sigign=");
    const char* gap = "";
    for (int signum = 1; signum <= 64; ++signum) {
        if (::syscall(SYS_rt_sigaction, signum, nullptr, words, 8) == 0 && words[0] == 1) {
            std::printf("%s%d", gap, signum);
            gap = ",";
        }
    }
    int death = 0;
    ::prctl(PR_GET_PDEATHSIG, &death);
    std::printf("\npdeathsig=%d\nno_new_privs=%d\ndumpable=%d\n", death,
                ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), ::prctl(PR_GET_DUMPABLE));
}

void tell_clocks() {
    for (const clockid_t clock : {CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
        timespec now{};
        ::clock_gettime(clock, &now);
        std::printf("clock.%s=%lld\n", clock == CLOCK_MONOTONIC ? "monotonic" : "boottime",
                    static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec);
    }
}

bool tell_descriptor(int fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags < 0) {
        return false;
    }
    char path[64];
    char target[512] = {};
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const ssize_t length = ::readlink(path, target, sizeof target - 1);
    std::printf("fd.%d=%s%s\n", fd, length < 0 ? "?" : target,
                (flags & FD_CLOEXEC) != 0 ? " close-on-exec" : "");
    return true;
}

/// `fd.7=` and what it is; `fds=` how many. From /proc, or by probing the first numbers.
void tell_descriptors() {
    int count = 0;
    DIR* directory = ::opendir("/proc/self/fd");
    if (directory != nullptr) {
        while (const dirent* entry = ::readdir(directory)) {
            const bool is_number = entry->d_name[0] != '.';
            const int fd = is_number ? std::atoi(entry->d_name) : -1;
            count += is_number && fd != ::dirfd(directory) && tell_descriptor(fd) ? 1 : 0;
        }
        ::closedir(directory);
    } else {
        for (int fd = 0; fd < 4096; ++fd) {
            count += tell_descriptor(fd) ? 1 : 0;
        }
    }
    std::printf("fds=%d\n", count);
}

void tell_stdin() {
    char text[512] = {};
    const ssize_t got = ::read(0, text, sizeof text - 1);
    for (ssize_t i = 0; i < got; ++i) {
        text[i] = text[i] == '\n' ? '|' : text[i];
    }
    if (got < 0) {
        std::printf("stdin.error=%d\n", errno);
    } else {
        std::printf("stdin=%s\n", text);
    }
}

}  // namespace

int main(int argc, char** argv) {
    tell_ids();
    tell_namespaces();
    for (const char* file : {"uid_map", "gid_map", "setgroups", "cgroup", "timens_offsets"}) {
        tell_file(file);
    }
    tell_place();
    tell_limits();
    tell_signals();
    tell_clocks();
    tell_descriptors();
    for (char** variable = environ; *variable != nullptr; ++variable) {
        std::printf("env=%s\n", *variable);
    }
    std::printf("argc=%d\n", argc);
    bool stays = false;
    for (int i = 0; i < argc; ++i) {
        std::printf("argv.%d=%s\n", i, argv[i]);
        if (std::strncmp(argv[i], "sees=", 5) == 0) {
            std::printf("%s=%s\n", argv[i], ::access(argv[i] + 5, F_OK) == 0 ? "yes" : "no");
        }
        if (i > 0 && std::strcmp(argv[i], "stdin") == 0) {
            tell_stdin();
        }
        stays = stays || (i > 0 && std::strcmp(argv[i], "stay") == 0);
    }
    std::printf("end=1\n");
    std::fflush(stdout);
    while (stays) {
        ::pause();
    }
    return 0;
}
