/// The stages of a launch: every step that can fail has one name, listed here and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace linx {

/// One line per stage: the name, which is also the word on the wire, in the docs and in Elixir, and
/// the words in which a sentence about its failure begins. Kernel calls keep the kernel's spelling.
#define LINX_STAGES(X)                                                             \
    /* before anything is created */                                               \
    X(spec, "the specification")                                                   \
    X(memory, "allocate memory")                                                   \
    X(sigchld, "check the disposition of SIGCHLD")                                 \
    /* acquire: the launcher, before the clone */                                  \
    X(pidfd_open, "pin the target process")                                        \
    X(target, "look at the target process")                                        \
    X(open_ns_user, "open the user namespace")                                     \
    X(open_ns_mount, "open the mount namespace")                                   \
    X(open_ns_pid, "open the pid namespace")                                       \
    X(open_ns_net, "open the net namespace")                                       \
    X(open_ns_uts, "open the uts namespace")                                       \
    X(open_ns_ipc, "open the ipc namespace")                                       \
    X(open_ns_cgroup, "open the cgroup namespace")                                 \
    X(open_ns_time, "open the time namespace")                                     \
    X(open_root, "open the root directory of the target")                          \
    X(open_cgroup, "open the cgroup of the target")                                \
    X(open_stdin, "open the file for stdin")                                       \
    X(open_stdout, "open the file for stdout")                                     \
    X(open_stderr, "open the file for stderr")                                     \
    X(connect_stdin, "connect stdin to a socket")                                  \
    X(connect_stdout, "connect stdout to a socket")                                \
    X(connect_stderr, "connect stderr to a socket")                                \
    X(duplicate_fd, "duplicate a file descriptor")                                 \
    X(open_init, "load the program of the init")                                   \
    X(socketpair, "make the checkpoint socket")                                    \
    X(epoll, "watch the launch")                                                   \
    /* clone */                                                                    \
    X(sigprocmask, "block all signals for the clone")                              \
    X(clone3, "clone the child")                                                   \
    X(clone_scout, "clone the process that opens files")                           \
    X(clone_intermediate, "clone the intermediate process")                        \
    /* birth */                                                                    \
    X(close_range, "close inherited file descriptors")                             \
    X(parent_death_signal, "arm the parent-death signal")                          \
    X(set_dumpable, "say whether other processes may look inside")                 \
    X(session_keyring, "leave the launcher's session keyring")                     \
    X(await_mapped, "wait for the launcher")                                       \
    /* map: the launcher, the child waits */                                       \
    X(setgroups_deny, "deny setgroups in the user namespace")                      \
    X(uid_map, "write the uid map")                                                \
    X(gid_map, "write the gid map")                                                \
    X(newuidmap, "run newuidmap")                                                  \
    X(newgidmap, "run newgidmap")                                                  \
    X(timens_offsets, "write the time offsets")                                    \
    X(prlimit, "raise a hard resource limit")                                      \
    X(setpriority, "set the nice value")                                           \
    /* prepare */                                                                  \
    X(setpgid, "lead a process group")                                             \
    X(setsid, "lead a session")                                                    \
    X(setns, "join the namespaces of the target")                                  \
    X(setns_user, "join user")                                                     \
    X(setns_mount, "join mount")                                                   \
    X(setns_pid, "join pid")                                                       \
    X(setns_net, "join net")                                                       \
    X(setns_uts, "join uts")                                                       \
    X(setns_ipc, "join ipc")                                                       \
    X(setns_cgroup, "join cgroup")                                                 \
    X(setns_time, "join time")                                                     \
    X(chroot, "change to the root of the target")                                  \
    X(unshare, "unshare namespaces")                                               \
    X(clone_workload, "clone the workload from the intermediate process")          \
    X(mount_propagation, "detach the mount namespace from the host's propagation") \
    X(mount, "mount")                                                              \
    X(loopback, "bring up the loopback interface")                                 \
    X(sethostname, "set the host name")                                            \
    X(setdomainname, "set the NIS domain name")                                    \
    X(checkpoint, "wait at the checkpoint")                                        \
    /* seal */                                                                     \
    X(stdio, "arrange the file descriptors")                                       \
    X(chdir, "change the working directory")                                       \
    X(verify_cwd, "verify that the working directory is inside the root")          \
    X(umask, "set the umask")                                                      \
    X(setrlimit, "set a resource limit")                                           \
    X(setgroups, "set the supplementary groups")                                   \
    X(setresgid, "set the gid")                                                    \
    X(setresuid, "set the uid")                                                    \
    X(no_new_privs, "set no_new_privs")                                            \
    X(signals, "reset the signals")                                                \
    X(foreground, "take the foreground of the terminal")                           \
    X(seal_fds, "mark what is not handed over close-on-exec")                      \
    /* exec and after */                                                           \
    X(exec_init, "execute the init")                                               \
    X(execve, "execute")                                                           \
    X(proceed, "pass the checkpoint")                                              \
    X(abort, "abort at the checkpoint")                                            \
    X(child_died, "the child ended before it executed its program")                \
    X(signal, "send a signal")                                                     \
    X(wait, "wait for the process")                                                \
    /* the agent and the BEAM */                                                   \
    X(agent_start, "start the agent")                                              \
    X(agent_died, "the agent ended")                                               \
    X(protocol, "understand a frame")                                              \
    X(session, "find the session")                                                 \
    X(at_checkpoint, "run the function given as at_checkpoint")                    \
    X(node, "reach the node")

/// The name of a step, as it appears in an Error. Sorted by when it happens.
enum class Stage : std::uint16_t {
#define LINX_STAGE_ENUMERATOR(name, words) name,
    LINX_STAGES(LINX_STAGE_ENUMERATOR)
#undef LINX_STAGE_ENUMERATOR
};

/// The stage's own name, `"setns_net"` for `Stage::setns_net`.
[[nodiscard]] std::string_view name(Stage stage) noexcept;

/// What the stage does, in the words of a sentence: `"join net"`.
[[nodiscard]] std::string_view words(Stage stage) noexcept;

/// The stage with that name, if there is one.
[[nodiscard]] std::optional<Stage> stage_named(std::string_view name) noexcept;

}  // namespace linx
