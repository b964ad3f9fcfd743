/* The workload of the fault tier: says in one line what can only be seen from inside, then waits for the end
   of its stdin, during which the driver reads the rest from /proc. */
#define _GNU_SOURCE
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static int loopback_is_up(void) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo", sizeof "lo");
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int answer = ioctl(fd, SIOCGIFFLAGS, &request);
    close(fd);
    return answer == 0 && (request.ifr_flags & IFF_UP) != 0;
}

int main(int argc, char** argv) {
    struct utsname names;
    struct timespec boottime;
    char line[1024];
    char cwd[256] = "?";
    uname(&names);
    clock_gettime(CLOCK_BOOTTIME, &boottime);
    if (getcwd(cwd, sizeof cwd) == NULL) {
        return 1;
    }
    /* The clock offset of the scenarios is years: the machine's own uptime does not show in this. */
    const int length = snprintf(
        line, sizeof line, "host %s domain %s lo %d cwd %s boottime %ld arg0 %s argc %d\n", names.nodename,
        names.domainname, loopback_is_up(), cwd, (long)boottime.tv_sec / (365L * 24 * 3600), argv[0], argc);
    if (write(STDOUT_FILENO, line, (size_t)length) != length) {
        return 2;
    }
    char end;
    while (read(STDIN_FILENO, &end, 1) > 0) {
    }
    return 7;
}
