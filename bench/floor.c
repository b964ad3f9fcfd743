/* The floor as a whole process: `floor NAMESPACE... -- PROGRAM [ARG...]` does the clone3, the execve and the
   wait, and nothing else; `linx run` is measured against it. */
#define _GNU_SOURCE
#include "floor_launch.h"

#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

static uint64_t flag_named(const char* name) {
    static const struct {
        const char* name;
        uint64_t flag;
    } table[] = {
        {"user", CLONE_NEWUSER}, {"mount", CLONE_NEWNS}, {"pid", CLONE_NEWPID},       {"net", CLONE_NEWNET},
        {"uts", CLONE_NEWUTS},   {"ipc", CLONE_NEWIPC},  {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].flag;
        }
    }
    return 0;
}

int main(int argc, char** argv) {
    struct floor_launch launch = {.namespaces = 0, .maps = false, .argv = NULL};
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; ++i) {
        const uint64_t flag = flag_named(argv[i]);
        if (flag == 0) {
            fprintf(stderr, "floor: no such namespace: %s\n", argv[i]);
            return 125;
        }
        launch.namespaces |= flag;
    }
    if (i + 1 >= argc) {
        fputs("usage: floor NAMESPACE... -- PROGRAM [ARG...]\n", stderr);
        return 125;
    }
    launch.argv = argv + i + 1;
    const int code = floor_launch_and_wait(&launch);
    if (code < 0) {
        perror("floor");
        return 125;
    }
    return code;
}
