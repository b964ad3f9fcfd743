#include "child/child.hpp"
#include "child/clone.hpp"
#include "child/raw.hpp"

#include <cerrno>

#include <linux/sched.h>
#include <sys/prctl.h>

namespace linx::child {

long apply(Context&, const SetDumpable& step) noexcept {
    return raw(SYS_prctl, PR_SET_DUMPABLE, step.value, 0, 0, 0);
}

/// What has been joined is let go at once: no descriptor of the host's is held while inside.
long apply(Context& context, const JoinNamespaces& step) noexcept {
    int& fd = context.program.fds[step.slot];
    if (fd < 0) {
        return 0;
    }
    const long answer = raw(SYS_setns, fd, step.flags);
    raw(SYS_close, fd);
    fd = -1;
    return answer;
}

long apply(Context& context, const EnterRoot& step) noexcept {
    int& root = context.program.fds[step.slot];
    long answer = raw(SYS_fchdir, root);
    if (answer == 0) {
        answer = raw(SYS_chroot, ".");
    }
    raw(SYS_close, root);
    root = -1;
    return answer == 0 ? raw(SYS_chdir, "/") : answer;
}

long apply(Context&, const Unshare& step) noexcept {
    return raw(SYS_unshare, step.flags);
}

/// The story of the intermediate: joining a pid namespace, and unsharing a time namespace, count for
/// children only. So a short-lived process does either, and clones the workload as its own sibling
/// (CLONE_PARENT): the launcher is the workload's parent, reaps it and gets its SIGCHLD, and has
/// itself never changed namespace. The pid is told as the intermediate sees it, which is as the
/// launcher does: its own pid namespace has not changed.
long apply(Context& context, const CloneWorkload& step) noexcept {
    const CloneAnswer answer = clone_here({.flags = step.flags | CLONE_PARENT, .cgroup = -1});
    if (answer.pid <= 0) {
        return answer.pid;
    }
    Record record;
    record.tell = Tell::cloned;
    record.pid = static_cast<std::int32_t>(answer.pid);
    // The pid alone will do when the pidfd cannot be sent: it is the launcher's child, which keeps
    // its number until the launcher reaps it.
    if (tell(context.program, record, answer.pidfd) < 0 && tell(context.program, record, -1) < 0) {
        // Nobody knows of the workload, so nobody else will end it.
        raw(SYS_pidfd_send_signal, answer.pidfd, 9, nullptr, 0);
    }
    raw_exit(0);
}

long apply(Context&, const LeadGroup&) noexcept {
    return raw(SYS_setpgid, 0, 0);
}

long apply(Context&, const LeadSession&) noexcept {
    const long answer = raw(SYS_setsid);
    return answer < 0 ? answer : 0;
}

long apply(Context& context, const SetHostname& step) noexcept {
    return raw(SYS_sethostname, context.program.text(step.name), step.name.length);
}

long apply(Context& context, const SetDomainname& step) noexcept {
    return raw(SYS_setdomainname, context.program.text(step.name), step.name.length);
}

}  // namespace linx::child
