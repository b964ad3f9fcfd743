/// Says "up" on its stdout and waits until it is killed.
#include <unistd.h>

int main() {
    if (::write(1, "up\n", 3) != 3) {
        return 1;
    }
    while (true) {
        ::pause();
    }
}
