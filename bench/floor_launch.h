/* The floor under every launch: clone3, execve and wait, and nothing that linx adds to them. */
#ifndef LINX_BENCH_FLOOR_LAUNCH_H
#define LINX_BENCH_FLOOR_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct floor_launch {
    uint64_t namespaces; /* CLONE_NEW* */
    bool maps;           /* write one-line id maps while the child waits on a pipe */
    char* const* argv;   /* argv[0] is the path */
};

/* The program's exit code; -1 when a call of the launch failed, with errno set. */
int floor_launch_and_wait(const struct floor_launch* launch);

#ifdef __cplusplus
}
#endif

#endif
