#include "stage.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fault {
namespace {

bool say(const char* what) {
    std::fprintf(stderr, "driver: %s: %s\n", what, std::strerror(errno));
    return false;
}

bool write_file(const std::string& path, const std::string& text) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_CREAT, 0644);
    const bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(fd);
    return written;
}

/// The container's own part: its parent has written the maps when the pipe ends.
[[noreturn]] void live_in_container(std::uint64_t flags, int mapped, int ready) {
    char byte = 0;
    if (read(mapped, &byte, 1) != 0) {
        _exit(1);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if ((flags & CLONE_NEWUTS) != 0) {
        sethostname("container", 9);
    }
    if ((flags & CLONE_NEWNS) != 0 && (flags & CLONE_NEWPID) != 0) {
        mount("proc", "/proc", "proc", 0, nullptr);
    }
    if (write(ready, "r", 1) != 1) {
        _exit(1);
    }
    while (true) {
        pause();
    }
}

}  // namespace

bool set_up_stage(const char* driver, const char* witness) {
    const std::filesystem::path stage{folder};
    if (access((stage / "witness").c_str(), F_OK) == 0) {
        return true;
    }
    if (unshare(CLONE_NEWNS) != 0) {
        return say("a private mount namespace");
    }
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "mode=755") != 0) {
        return say("a stage in /mnt");
    }
    std::error_code error;
    std::filesystem::copy_file(driver, stage / "driver", error);
    std::filesystem::copy_file(witness, stage / "witness", error);
    chmod((stage / "driver").c_str(), 0755);
    chmod((stage / "witness").c_str(), 0755);
    // Subordinate ids for the ordinary user, whatever this machine has given out.
    const std::string ids = std::to_string(ordinary_user) + ":100000:65536\n";
    if (error || !write_file(stage / "subordinate", ids)) {
        return say("the files of the stage");
    }
    for (const char* const target : {"/etc/subuid", "/etc/subgid"}) {
        if (access(target, F_OK) == 0) {
            mount((stage / "subordinate").c_str(), target, nullptr, MS_BIND, nullptr);
        }
    }
    return true;
}

void become(uid_t user, char** argv) {
    if (setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0) {
        say("drop to an ordinary user");
        _exit(3);
    }
    const std::string driver = std::string{folder} + "/driver";
    execv(driver.c_str(), argv);
    say("execute the driver again");
    _exit(3);
}

Container::Container(std::uint64_t clone_flags) {
    int mapped[2];
    int ready[2];
    if (pipe2(mapped, O_CLOEXEC) != 0 || pipe2(ready, O_CLOEXEC) != 0) {
        return;
    }
    clone_args args{};
    args.flags = clone_flags;
    args.exit_signal = SIGCHLD;
    pid_ = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
    if (pid_ == 0) {
        close(mapped[1]);
        live_in_container(clone_flags, mapped[0], ready[1]);
    }
    if ((clone_flags & CLONE_NEWUSER) != 0) {
        const std::string proc = "/proc/" + std::to_string(pid_);
        write_file(proc + "/uid_map", "0 0 4294967295");
        write_file(proc + "/gid_map", "0 0 4294967295");
    }
    close(mapped[0]);
    close(mapped[1]);
    close(ready[1]);
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) {
        say("a container to enter");
    }
    close(ready[0]);
}

Container::~Container() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

}  // namespace fault
