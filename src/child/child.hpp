/// The child: a program's steps, applied one after the other until it executes or fails.
#pragma once

#include "child/record.hpp"
#include "child/step.hpp"

#include <cstdint>

namespace linx::child {

/// Where the child is in its program. Lives on the child's stack.
struct Context {
    const Program& program;
    /// What a step that fails wants to say beside its errno.
    Record report;
};

/// Runs the program; ends with exec or exit, and never returns into the launcher's code.
[[noreturn]] void run(const Program& program) noexcept;

/// Sends a record to the launcher, with a descriptor beside it when `fd` is not negative. 0 or -errno.
[[nodiscard]] long tell(const Program& program, const Record& record, int fd) noexcept;

// One applier for each step: 0, or -errno.
[[nodiscard]] long apply(Context&, const CloseOthers&) noexcept;
[[nodiscard]] long apply(Context&, const ArmParentDeath&) noexcept;
[[nodiscard]] long apply(Context&, const SetDumpable&) noexcept;
[[nodiscard]] long apply(Context&, const AwaitMapped&) noexcept;
[[nodiscard]] long apply(Context&, const JoinNamespaces&) noexcept;
[[nodiscard]] long apply(Context&, const EnterRoot&) noexcept;
[[nodiscard]] long apply(Context&, const Unshare&) noexcept;
[[nodiscard]] long apply(Context&, const CloneWorkload&) noexcept;
[[nodiscard]] long apply(Context&, const OpenFile&) noexcept;
[[nodiscard]] long apply(Context&, const ConnectUnix&) noexcept;
[[nodiscard]] long apply(Context&, const LeaveKeyring&) noexcept;
[[nodiscard]] long apply(Context&, const LeadGroup&) noexcept;
[[nodiscard]] long apply(Context&, const LeadSession&) noexcept;
[[nodiscard]] long apply(Context&, const MakePrivate&) noexcept;
[[nodiscard]] long apply(Context&, const MountFilesystem&) noexcept;
[[nodiscard]] long apply(Context&, const BringUpLoopback&) noexcept;
[[nodiscard]] long apply(Context&, const SetHostname&) noexcept;
[[nodiscard]] long apply(Context&, const SetDomainname&) noexcept;
[[nodiscard]] long apply(Context&, const Checkpoint&) noexcept;
[[nodiscard]] long apply(Context&, const PlaceDescriptors&) noexcept;
[[nodiscard]] long apply(Context&, const ChangeDirectory&) noexcept;
[[nodiscard]] long apply(Context&, const VerifyDirectory&) noexcept;
[[nodiscard]] long apply(Context&, const SetUmask&) noexcept;
[[nodiscard]] long apply(Context&, const SetLimit&) noexcept;
[[nodiscard]] long apply(Context&, const SetGroups&) noexcept;
[[nodiscard]] long apply(Context&, const SetGid&) noexcept;
[[nodiscard]] long apply(Context&, const SetUid&) noexcept;
[[nodiscard]] long apply(Context&, const NoNewPrivileges&) noexcept;
[[nodiscard]] long apply(Context&, const ResetSignals&) noexcept;
[[nodiscard]] long apply(Context&, const TakeForeground&) noexcept;
[[nodiscard]] long apply(Context&, const SealDescriptors&) noexcept;
[[nodiscard]] long apply(Context&, const Execute&) noexcept;
[[nodiscard]] long apply(Context&, const ExecuteDescriptor&) noexcept;

}  // namespace linx::child
