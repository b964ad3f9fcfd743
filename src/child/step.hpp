/// The steps: everything that can happen between clone and exec, as plain data. Strings and lists
/// are offsets into the program's arena and descriptors are slots, so that a step means the same
/// wherever its bytes are copied to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <variant>

namespace linx::child {

/// A string in the arena; a NUL follows it.
struct Text {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
};
/// An array in the arena, aligned for its element.
struct List {
    std::uint32_t offset = 0;
    std::uint32_t count = 0;
};
/// An index into the program's descriptor table. Slot 0 is the child's end of the checkpoint socket.
using Slot = std::uint32_t;
inline constexpr Slot checkpoint_slot = 0;

/// Closes every descriptor above 2 that no slot holds.
struct CloseOthers {};
/// Arms the parent-death signal (0: disarms), then checks that the launcher still lives.
struct ArmParentDeath {
    std::int32_t signum;
};
struct SetDumpable {
    std::uint32_t value;
};
/// Waits for the launcher's *mapped*; says first that it waits when the launcher cannot know.
struct AwaitMapped {
    bool announce;
};
/// `setns`; an empty slot means that the namespace turned out to be shared already.
struct JoinNamespaces {
    Slot slot;
    std::uint32_t flags;
};
/// Makes the directory in the slot the root and the working directory.
struct EnterRoot {
    Slot slot;
};
struct Unshare {
    std::uint64_t flags;
};
/// The intermediate clones the workload (CLONE_PARENT), hands its pidfd over and ends; the workload
/// goes on with the next step.
struct CloneWorkload {
    std::uint64_t flags;
};
/// Opens a file and sends it to the launcher; the scout's only trade.
struct OpenFile {
    Text path;
    std::int32_t flags;
    std::uint32_t mode;
    Slot slot;
};
/// Connects to a unix stream socket and sends the connection to the launcher; the scout's other trade.
struct ConnectUnix {
    Text path;
    Slot slot;
};
/// A session keyring of its own, empty, in place of the launcher's.
struct LeaveKeyring {};
struct LeadGroup {};
struct LeadSession {};
struct MakePrivate {};
struct MountFilesystem {
    Text type;
    Text source;
    Text target;
    List options;  ///< of Option
    std::uint64_t attributes;
};
/// `key=value`, or a flag when the value is empty.
struct Option {
    Text key;
    Text value;
};
struct BringUpLoopback {};
struct SetHostname {
    Text name;
};
struct SetDomainname {
    Text name;
};
/// Says *ready* and waits for *proceed*.
struct Checkpoint {};
/// Puts every descriptor to the number under which the workload finds it, in any permutation.
struct PlaceDescriptors {
    List moves;  ///< of Move
};
struct Move {
    Slot from;
    std::int32_t to;
};
struct ChangeDirectory {
    Text path;
};
struct VerifyDirectory {};
struct SetUmask {
    std::uint32_t mask;
};
struct SetLimit {
    std::uint32_t resource;
    std::uint64_t soft;
    std::uint64_t hard;
};
struct SetGroups {
    List gids;  ///< of std::uint32_t
    /// EPERM is no failure: in a joined user namespace that denies setgroups, nobody can drop groups.
    bool if_allowed;
};
struct SetGid {
    std::uint32_t gid;
};
struct SetUid {
    std::uint32_t uid;
};
struct NoNewPrivileges {};
/// Bit n - 1 stands for signal n, as in the kernel's sigset_t.
struct ResetSignals {
    std::uint64_t ignored;
    std::uint64_t blocked;
};
struct TakeForeground {
    Slot slot;
};
/// Marks every descriptor above 2 close-on-exec but those handed over.
struct SealDescriptors {
    List kept;  ///< of std::int32_t, sorted
};
/// Tries each candidate in order, by execvp's rules.
struct Execute {
    List candidates;  ///< of Text
    bool searched;    ///< the candidates come from PATH: go on after ENOENT, EACCES, ...
};
struct ExecuteDescriptor {
    Slot slot;
};

using Operation =
    std::variant<CloseOthers, ArmParentDeath, SetDumpable, AwaitMapped, JoinNamespaces, EnterRoot, Unshare,
                 CloneWorkload, OpenFile, ConnectUnix, LeaveKeyring, LeadGroup, LeadSession, MakePrivate,
                 MountFilesystem, BringUpLoopback, SetHostname, SetDomainname, Checkpoint, PlaceDescriptors,
                 ChangeDirectory, VerifyDirectory, SetUmask, SetLimit, SetGroups, SetGid, SetUid,
                 NoNewPrivileges, ResetSignals, TakeForeground, SealDescriptors, Execute, ExecuteDescriptor>;

struct Step {
    Operation operation;
};
static_assert(std::is_trivially_copyable_v<Step>, "the child walks plain data");

/// What a child is born with. All of it is laid out before the clone and stays where it is.
struct Program {
    const Step* steps = nullptr;
    std::uint32_t step_count = 0;
    const char* arena = nullptr;
    /// The descriptor table; -1 is an empty slot. Written by the child when it moves one away.
    int* fds = nullptr;
    std::uint32_t fd_count = 0;
    /// The numbers in the table, sorted: what CloseOthers keeps.
    const int* kept = nullptr;
    std::uint32_t kept_count = 0;
    /// For Execute. One free element precedes argv[0], for the shell that runs a text file.
    char** argv = nullptr;
    char** envp = nullptr;
    /// The launcher's pid, for ArmParentDeath; 0 where it does not matter.
    std::int32_t launcher = 0;

    [[nodiscard]] const char* text(Text which) const noexcept { return arena + which.offset; }
    template <class T>
    [[nodiscard]] const T* list(List which) const noexcept {
        return static_cast<const T*>(static_cast<const void*>(arena + which.offset));
    }
};

}  // namespace linx::child
