/// A launch while it is being compiled: steps in the order in which they were thought of, each with
/// the place it belongs to. The order in which they happen is decided in launch/plan.cpp alone.
#pragma once

#include "child/step.hpp"
#include "program/arena.hpp"

#include <linx/phase.hpp>
#include <linx/spec.hpp>
#include <linx/stage.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace linx::program {

/// Which process a step is done to. Its actor follows from this and the phase.
/// (An init is not cloned: it is what the child executes, and its steps come after the child's last.)
enum class Subject : std::uint8_t { none, scout, intermediate, child, init };

// What the launcher itself does, in the phases acquire, clone and map.

/// Open a namespace by its path; `slot` receives it. Checked to be a namespace of that kind.
struct OpenNamespacePath {
    child::Slot slot = 0;
    Namespace kind{};
    std::string path;
};
/// A descriptor of the caller's: checked to be open, never closed.
struct BorrowFd {
    child::Slot slot = 0;
    int number = -1;
    std::string field;
};
/// A descriptor that the plan has opened itself and owns.
struct OwnFd {
    child::Slot slot = 0;
    std::size_t owned = 0;
};
struct OpenNull {
    child::Slot slot = 0;
    int flags = 0;
};
/// The program linx-init, in memory: its image is a part of this library.
struct OpenInit {
    child::Slot slot = 0;
};
/// Clone: which process, with which flags.
struct Clone {
    std::uint64_t flags = 0;
    /// Index into the plan's own descriptors; none for the launcher's cgroup.
    std::optional<std::size_t> cgroup;
};
/// Write a file of `/proc/PID/`.
struct WriteProc {
    std::string file;
    std::string text;
};
struct RaiseLimit {
    Rlimit limit;
};
struct SetPriority {
    int nice = 0;
};
/// Run `newuidmap` or `newgidmap`; the pid is put before the arguments.
struct RunMapHelper {
    std::string name;
    std::vector<std::string> arguments;
};
/// Only for show: what happens as part of another step.
struct Mention {};

using LauncherAction = std::variant<Mention, OpenNamespacePath, BorrowFd, OwnFd, OpenNull, OpenInit, Clone,
                                    WriteProc, RaiseLimit, SetPriority, RunMapHelper>;

/// A step of any process.
struct DraftStep {
    Phase phase{};
    Subject subject{};
    Stage stage{};
    std::variant<child::Operation, LauncherAction> what;
    std::string detail;
};

/// Collects steps and what they refer to.
class Draft {
public:
    Arena arena;
    std::vector<DraftStep> steps;
    child::Slot slots = 1;  // slot 0 is the checkpoint socket
    /// Descriptors that stay open across exec beside those that the spec hands over, and their numbers there.
    std::vector<child::Move> moves;

    child::Slot new_slot() noexcept { return slots++; }

    void child_step(Phase phase, Subject subject, Stage stage, child::Operation operation,
                    std::string detail = {}) {
        steps.push_back({phase, subject, stage, operation, std::move(detail)});
    }
    void launcher_step(Phase phase, Subject subject, Stage stage, LauncherAction action,
                       std::string detail = {}) {
        steps.push_back({phase, subject, stage, std::move(action), std::move(detail)});
    }
};

}  // namespace linx::program
