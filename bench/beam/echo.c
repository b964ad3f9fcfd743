/* The least a Port program can do: what comes on descriptor 3 goes back on 4 as it is, frames included. */
#include <unistd.h>

int main(void) {
    char bytes[4096];
    for (;;) {
        const ssize_t got = read(3, bytes, sizeof bytes);
        if (got <= 0) {
            return 0;
        }
        for (ssize_t done = 0; done < got;) {
            const ssize_t written = write(4, bytes + done, (size_t)(got - done));
            if (written < 0) {
                return 1;
            }
            done += written;
        }
    }
}
