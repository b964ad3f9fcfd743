/* `crowded N PROGRAM [ARG...]`: opens N descriptors that stay open across exec, and becomes PROGRAM. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static int raise_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return -1;
    }
    files.rlim_cur = files.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &files);
}

static int open_many(long count) {
    for (long i = 0; i < count; ++i) {
        if (open("/dev/null", O_RDONLY) < 0) {
            return -1;
        }
    }
    return 0;
}

int main(int argc, char** argv) {
    if (argc < 3) {
        fputs("usage: crowded N PROGRAM [ARG...]\n", stderr);
        return 125;
    }
    if (raise_limit() == 0 && open_many(strtol(argv[1], NULL, 10)) == 0) {
        execv(argv[2], argv + 2);
    }
    perror("crowded");
    return 125;
}
