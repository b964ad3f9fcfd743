/* A workload that does nothing and needs next to no memory, so that ten thousand of them fit on a machine. */
#include <unistd.h>

int main(void) {
    for (;;) {
        pause();
    }
}
