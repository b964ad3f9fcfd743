#include "child/child.hpp"
#include "child/raw.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace linx::child {

namespace {

long receive(const Program& program, Command& command) noexcept {
    while (true) {
        const long got =
            raw(SYS_recvfrom, program.fds[checkpoint_slot], &command, sizeof(command), 0, nullptr, nullptr);
        if (got == 0) {
            // A launcher that lives and has lost its intermediate learns from this whom it has to reap.
            Record record;
            record.tell = Tell::aborted;
            (void)tell(program, record, -1);
            raw_exit(aborted_code);
        }
        if (got != -EINTR) {
            return got == static_cast<long>(sizeof(command)) ? 0 : (got < 0 ? got : -EPROTO);
        }
    }
}

long await(const Program& program, Order order) noexcept {
    Command command;
    const long answer = receive(program, command);
    return answer < 0 ? answer : (command.order == order ? 0 : -EPROTO);
}

}  // namespace

long tell(const Program& program, const Record& record, int fd) noexcept {
    iovec bytes = {const_cast<Record*>(&record), sizeof(record)};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    if (fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        __builtin_memcpy(CMSG_DATA(header), &fd, sizeof(int));
    }
    while (true) {
        const long sent = raw(SYS_sendmsg, program.fds[checkpoint_slot], &message, MSG_NOSIGNAL);
        if (sent != -EINTR) {
            return sent < 0 ? sent : 0;
        }
    }
}

long apply(Context& context, const AwaitMapped& step) noexcept {
    if (step.announce) {
        Record record;
        record.tell = Tell::waiting;
        const long answer = tell(context.program, record, -1);
        if (answer < 0) {
            return answer;
        }
    }
    return await(context.program, Order::mapped);
}

long apply(Context& context, const Checkpoint&) noexcept {
    Record record;
    record.tell = Tell::ready;
    record.pid = static_cast<std::int32_t>(raw(SYS_getpid));
    const long answer = tell(context.program, record, -1);
    return answer < 0 ? answer : await(context.program, Order::proceed);
}

/// The signal is sent when the launching *thread* ends. A launcher that died before the signal was
/// armed would be missed: the child has another parent by then. In a pid namespace that the launcher is not
/// in, getppid is 0 whether or not it lives: there its end of the socket tells, closed unless another
/// launch's child, which shares the launcher's table for a moment yet, keeps it open. (The order to go on may
/// be here already, so that the end of file at the checkpoint would come too late.)
long apply(Context& context, const ArmParentDeath& step) noexcept {
    const long answer = raw(SYS_prctl, PR_SET_PDEATHSIG, step.signum, 0, 0, 0);
    if (answer < 0 || step.signum == 0) {
        return answer;
    }
    const long parent = raw(SYS_getppid);
    if (parent > 0 && context.program.launcher > 0 && parent != context.program.launcher) {
        raw_exit(aborted_code);
    }
    pollfd socket = {context.program.fds[checkpoint_slot], 0, 0};
    timespec now = {};
    raw(SYS_ppoll, &socket, 1, &now, nullptr, 8);
    if (socket.revents & POLLHUP) {
        raw_exit(aborted_code);
    }
    return 0;
}

}  // namespace linx::child
