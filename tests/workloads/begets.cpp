/// Starts descendants, each in its own manner, prints `MANNER=PID` for each when it is where it is to be, and
/// `end=1` at last; they wait until they are killed, and so does it.
///   begets [deaf] [child | deep | orphan | session | daemon | runner]... [ends]
/// deaf: it and its descendants ignore SIGTERM. ends: it exits with 3 at last.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

namespace {

void write_line(const char* manner) {
    char line[64];
    const int length = std::snprintf(line, sizeof line, "%s=%d\n", manner, ::getpid());
    if (::write(1, line, static_cast<size_t>(length)) != length) {
        ::_exit(1);
    }
}

/// Says who it is, says that it has said so, and waits.
[[noreturn]] void settle(const char* manner, int ready) {
    write_line(manner);
    ::close(ready);
    while (true) {
        ::pause();
    }
}

/// The parent ends: the rest goes on in a child that nobody waits for.
void leave_parent() {
    if (::fork() != 0) {
        ::_exit(0);
    }
}

/// Always another process, and never for long.
[[noreturn]] void run(const char* manner, int ready) {
    write_line(manner);
    ::close(ready);
    while (true) {
        leave_parent();
    }
}

[[noreturn]] void become(const char* manner, int ready) {
    const auto is = [manner](const char* word) { return std::strcmp(manner, word) == 0; };
    if (is("deep")) {
        for (int depth = 0; depth < 50; ++depth) {
            if (::fork() != 0) {
                ::close(ready);
                while (true) {
                    ::pause();
                }
            }
        }
    }
    if (is("session") || is("daemon")) {
        ::setsid();
    }
    if (is("orphan") || is("daemon") || is("runner")) {
        leave_parent();
    }
    if (is("runner")) {
        run(manner, ready);
    }
    settle(manner, ready);
}

/// Comes back when the descendant has settled: nobody holds the other end of the pipe any more.
void beget(const char* manner) {
    int ends[2];
    if (::pipe(ends) != 0) {
        ::_exit(1);
    }
    if (::fork() == 0) {
        ::close(ends[0]);
        become(manner, ends[1]);
    }
    ::close(ends[1]);
    char nothing;
    if (::read(ends[0], &nothing, 1) != 0) {
        ::_exit(1);
    }
    ::close(ends[0]);
}

}  // namespace

int main(int argc, char** argv) {
    bool ends = false;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "deaf") == 0) {
            std::signal(SIGTERM, SIG_IGN);
        } else if (std::strcmp(argv[i], "ends") == 0) {
            ends = true;
        } else {
            beget(argv[i]);
        }
    }
    if (::write(1, "end=1\n", 6) != 6) {
        return 1;
    }
    while (!ends) {
        ::pause();
    }
    return 3;
}
