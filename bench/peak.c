/* Prints the peak resident memory, in KiB, of `peak PROGRAM [ARG...]`. A program of its own, static and tiny:
   the kernel carries the peak of the memory a process had before its exec over into its ru_maxrss, so a
   measurement from inside a big benchmark would show the benchmark. */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

int main(int argc, char** argv) {
    if (argc < 2) {
        return 125;
    }
    pid_t child = -1;
    if (posix_spawn(&child, argv[1], NULL, NULL, argv + 1, environ) != 0) {
        return 127;
    }
    int status = 0;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return 126;
    }
    char line[32];
    const int length = snprintf(line, sizeof line, "%ld\n", usage.ru_maxrss);
    return write(STDOUT_FILENO, line, (size_t)length) == length ? 0 : 125;
}
