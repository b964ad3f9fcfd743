/// What is to be launched: one aggregate of plain fields. Nothing here does anything.
#pragma once

#include <linx/fd.hpp>
#include <linx/namespaces.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sys/types.h>

namespace linx {

/// One line of a uid or gid map (`user_namespaces(7)`): `count` ids from `inside` on, seen from
/// within, are those from `outside` on, seen from the launcher's user namespace.
struct IdRange {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 1;
    [[nodiscard]] bool operator==(const IdRange&) const noexcept = default;
};

/// What is added to a clock inside a fresh time namespace (`time_namespaces(7)`); may be negative.
struct TimeOffset {
    std::int64_t seconds = 0;
    /// 0 to 999,999,999.
    std::uint32_t nanoseconds = 0;
    [[nodiscard]] bool operator==(const TimeOffset&) const noexcept = default;
};

struct TimeOffsets {
    std::optional<TimeOffset> monotonic{};
    std::optional<TimeOffset> boottime{};
};

/// A namespace named by a path to its file: `/run/netns/blue`, `/proc/71/ns/net`.
struct NamespacePath {
    std::string path{};
};

/// The namespace that the process with this pid is in. It is pinned by a pidfd when planned.
struct NamespaceOfPid {
    pid_t pid = 0;
};

/// The namespace behind a descriptor: a pidfd, or an open namespace file. Borrowed until the launch is over.
struct NamespaceOfFd {
    FdRef fd{-1};
};

/// An existing namespace to join.
struct Join {
    Namespace kind{};
    std::variant<NamespacePath, NamespaceOfPid, NamespaceOfFd> from{};
};

/// Where an environment begins.
enum class EnvironmentBase : std::uint8_t {
    caller,   ///< the launcher's own environment, as it is when planned
    minimal,  ///< the launcher's PATH and TERM only
    empty,    ///< nothing
};

/// The workload's environment: a base, then changes in order. A change without a value unsets.
struct Environment {
    /// Default: `caller` for a spawn, `minimal` for an enter.
    std::optional<EnvironmentBase> base{};
    std::vector<std::pair<std::string, std::optional<std::string>>> changes{};
};

/// A resource limit (`getrlimit(2)`): one of RLIMIT_*, in the kernel's units, RLIM_INFINITY for none.
struct Rlimit {
    int resource = 0;
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

/// The launcher's own descriptor of that number, if it is open.
struct StdioInherit {};
/// `/dev/null`, of the host.
struct StdioNull {};
/// A file, opened by the launcher's side before the clone with these flags of `open(2)`.
struct StdioFile {
    std::string path{};
    int flags = 0;
    mode_t mode = 0666;
};
/// A stream socket that listens at this path (`unix(7)`), connected to by the launcher's side before the
/// clone. At most 107 bytes.
struct StdioConnectUnix {
    std::string path{};
};
/// A descriptor of the launcher's. Borrowed until the launch is over.
struct StdioFd {
    FdRef fd{-1};
};
/// The same as stdout (for stderr).
struct StdioAsStdout {};

using Stdio = std::variant<StdioInherit, StdioNull, StdioFile, StdioConnectUnix, StdioFd, StdioAsStdout>;

/// A descriptor to hand over: the workload finds `source` open under `number`.
struct HandedFd {
    FdRef source{-1};
    int number = -1;
};

/// What the workload leads (`setpgid(2)`, `setsid(2)`). With an init, the init leads it: the workload then
/// leads a process group of its own in it, unless it is to lead nothing.
enum class Leads : std::uint8_t {
    nothing,        ///< it stays in the launcher's process group
    process_group,  ///< a process group of its own, in the launcher's session
    session,        ///< a session of its own, without a controlling terminal
};

/// A filesystem to mount in the fresh mount namespace (`fsopen(2)`).
struct Mount {
    /// `"proc"`, `"tmpfs"`, `"sysfs"`, `"mqueue"`, ...
    std::string type{};
    /// An absolute path to a directory, without symbolic links in it.
    std::string target{};
    /// What `/proc/self/mountinfo` shows as its source; the type when empty.
    std::string source{};
    /// `"size=1m"`, or a flag such as `"ro"`.
    std::vector<std::string> options{};
    /// MOUNT_ATTR_* (`mount_setattr(2)`), such as MOUNT_ATTR_NOSUID.
    std::uint64_t attributes = 0;
};

/// A workload and everything it starts with. Fill in what matters, leave the rest.
/// (Each field has an initializer: -Wextra has nothing to say about those that are left out.)
struct ProcessSpec {
    /// The program and its arguments; required, unless `program` is given. A name without `/` is
    /// looked up in the PATH of the workload's own environment, inside its own root, as `execvp(3)` does.
    std::vector<std::string> argv{};
    /// What the workload finds as its `argv[0]`, when that is not the program's name.
    std::optional<std::string> arg0{};
    /// The program as an open file (`execveat(2)` with AT_EMPTY_PATH), in place of a path. Borrowed.
    std::optional<FdRef> program{};
    Environment environment{};
    /// Default: the launcher's own; `/` for an enter that joins a mount namespace.
    std::optional<std::string> cwd{};
    std::optional<mode_t> umask{};

    /// Fresh namespaces. For an enter: which of the target's to join; when not set, all that differ.
    std::optional<Namespaces> namespaces{};
    /// Namespaces to join one by one; a kind may be fresh or joined, not both.
    std::vector<Join> join{};
    /// Id maps for the fresh user namespace, both or none. None: the launcher's caller may write them at
    /// the checkpoint.
    std::vector<IdRange> uid_map{};
    std::vector<IdRange> gid_map{};
    /// The one-line map: root inside is the launcher's user outside. Not together with the maps above.
    bool map_root = false;
    TimeOffsets time_offsets{};
    std::optional<std::string> hostname{};
    std::optional<std::string> domainname{};
    /// Bring up `lo` in a fresh net namespace.
    bool loopback = true;
    /// Mounted in this order, in the fresh mount namespace.
    std::vector<Mount> mounts{};
    /// For an enter: be born in the target's cgroup (v2) when it is not the launcher's own.
    bool target_cgroup = true;

    /// Ids inside. Default: 0:0 in a fresh user namespace whose maps have 0 and in a joined one, else the
    /// launcher's.
    std::optional<uid_t> uid{};
    std::optional<gid_t> gid{};
    std::optional<std::vector<gid_t>> groups{};
    bool no_new_privs = false;

    std::vector<Rlimit> rlimits{};
    /// -20 to 19.
    std::optional<int> nice{};

    Stdio stdin_from = StdioInherit{};
    Stdio stdout_to = StdioInherit{};
    Stdio stderr_to = StdioInherit{};
    /// Everything above 2 is closed but these.
    std::vector<HandedFd> fds{};

    /// An init between the launcher and the workload: linx-init, run from memory, so that nothing of it has
    /// to be in the workload's root. As pid 1 of a fresh pid namespace it is what the kernel expects there:
    /// it reaps, and signals reach the workload, from which the kernel would keep those that it has no
    /// handler for. Elsewhere it is a subreaper. The process that is launched, signalled and waited for is
    /// the init; it forwards signals, and the end that is told is the workload's. It runs as the user and
    /// under the limits of the workload.
    bool init = false;

    Leads leads = Leads::nothing;
    /// A terminal whose foreground the workload's process group takes just before exec. Borrowed.
    std::optional<FdRef> foreground_of{};
    /// Sent to the workload when the launching *thread* ends (PR_SET_PDEATHSIG). Off unless set.
    std::optional<int> parent_death_signal{};
    /// The workload starts with all dispositions at their default and an empty mask, but for these.
    std::vector<int> ignored_signals{};
    std::vector<int> blocked_signals{};
};

}  // namespace linx
