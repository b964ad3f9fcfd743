/* The floor's launch: what any launcher has to ask of the kernel, written in the straightest way. */
#define _GNU_SOURCE
#include "floor_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static int write_map(pid_t child, const char* file, unsigned outside) {
    char path[64];
    char line[32];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, file);
    const int length = snprintf(line, sizeof line, "0 %u 1", outside);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    const ssize_t written = write(fd, line, (size_t)length);
    close(fd);
    return written == length ? 0 : -1;
}

static int write_maps(pid_t child) {
    /* Only root of the outer namespace may keep setgroups; for anybody else it must go first. */
    if (geteuid() != 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/setgroups", (int)child);
        const int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, "deny", 4) != 4) {
            return -1;
        }
        close(fd);
    }
    return write_map(child, "uid_map", geteuid()) == 0 && write_map(child, "gid_map", getegid()) == 0 ? 0
                                                                                                      : -1;
}

int floor_launch_and_wait(const struct floor_launch* launch) {
    int mapped[2] = {-1, -1};
    if (launch->maps && pipe2(mapped, O_CLOEXEC) != 0) {
        return -1;
    }
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = launch->namespaces;
    args.exit_signal = SIGCHLD;
    const pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (child == 0) {
        char byte = 0;
        if (launch->maps && read(mapped[0], &byte, 1) != 1) {
            _exit(125);
        }
        execve(launch->argv[0], launch->argv, environ);
        _exit(127);
    }
    int result = child < 0 ? -1 : 0;
    if (launch->maps) {
        if (result == 0 && (write_maps(child) != 0 || write(mapped[1], "m", 1) != 1)) {
            result = -1;
        }
        close(mapped[0]);
        close(mapped[1]);
    }
    if (child > 0) {
        siginfo_t info;
        memset(&info, 0, sizeof info);
        if (waitid(P_PID, (id_t)child, &info, WEXITED) != 0) {
            return -1;
        }
        return result == 0 ? info.si_status : -1;
    }
    return result;
}
