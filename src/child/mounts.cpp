#include "child/child.hpp"
#include "child/raw.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <sys/socket.h>

namespace linx::child {

namespace {

// <linux/mount.h> and <sys/mount.h> cannot both be included with glibc 2.36: the flags of mount(2)
// that are wanted here are the former's.
constexpr unsigned long make_private_recursively = MS_REC | MS_PRIVATE;
constexpr unsigned siocgifflags = 0x8913;
constexpr unsigned siocsifflags = 0x8914;

void close(long fd) noexcept {
    raw(SYS_close, fd);
}

/// The kernel's own words about a failed mount wait in the filesystem context ("e tmpfs: ...").
void note_message(Context& context, long filesystem) noexcept {
    const long got = raw(SYS_read, filesystem, context.report.text, sizeof(context.report.text));
    if (got > 0) {
        context.report.cause = Cause::filesystem_says;
        context.report.text_length = static_cast<std::uint32_t>(got);
    }
}

long configure(const Program& program, long filesystem, const MountFilesystem& step) noexcept {
    long answer = raw(SYS_fsconfig, filesystem, FSCONFIG_SET_STRING, "source", program.text(step.source), 0);
    const Option* options = program.list<Option>(step.options);
    for (std::uint32_t i = 0; answer >= 0 && i < step.options.count; ++i) {
        const bool is_flag = options[i].value.length == 0;
        answer = raw(SYS_fsconfig, filesystem, is_flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING,
                     program.text(options[i].key), is_flag ? nullptr : program.text(options[i].value), 0);
    }
    return answer < 0 ? answer : raw(SYS_fsconfig, filesystem, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
}

/// Attaches a detached mount to a directory. The path is resolved once, to a descriptor, and no
/// symbolic link may lead it elsewhere.
long attach(const Program& program, long mount, const MountFilesystem& step) noexcept {
    open_how how = {};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const long target = raw(SYS_openat2, AT_FDCWD, program.text(step.target), &how, sizeof(how));
    if (target < 0) {
        return target;
    }
    const long answer =
        raw(SYS_move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    close(target);
    return answer;
}

}  // namespace

long apply(Context&, const MakePrivate&) noexcept {
    return raw(SYS_mount, "none", "/", nullptr, make_private_recursively, nullptr);
}

long apply(Context& context, const MountFilesystem& step) noexcept {
    const Program& program = context.program;
    const long filesystem = raw(SYS_fsopen, program.text(step.type), FSOPEN_CLOEXEC);
    if (filesystem < 0) {
        return filesystem;
    }
    long answer = configure(program, filesystem, step);
    if (answer >= 0) {
        answer = raw(SYS_fsmount, filesystem, FSMOUNT_CLOEXEC, step.attributes);
    }
    if (answer < 0) {
        note_message(context, filesystem);
        close(filesystem);
        return answer;
    }
    const long mount = answer;
    answer = attach(program, mount, step);
    close(mount);
    close(filesystem);
    return answer;
}

/// Any socket can ask for an interface's flags; a unix one is there on every kernel.
long apply(Context&, const BringUpLoopback&) noexcept {
    const long any = raw(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0) {
        return any;
    }
    ifreq request = {};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    long answer = raw(SYS_ioctl, any, siocgifflags, &request);
    if (answer == 0) {
        request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
        answer = raw(SYS_ioctl, any, siocsifflags, &request);
    }
    close(any);
    return answer;
}

}  // namespace linx::child
