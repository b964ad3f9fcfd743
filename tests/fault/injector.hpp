/// Runs a driver under ptrace and makes one chosen system call of the launch fail, or kills the launcher or
/// the caller just there. (`strace -e inject` counts calls per process from its start, so that it could not
/// tell a launch from the rest of its launcher; here a fault is exact, and nothing but the kernel is needed.)
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace fault {

/// What a call of several trades is asked to do, as far as its errors depend on it: the command of fcntl,
/// WNOHANG or 0 for wait4 and waitid, one of these for prlimit64; 0 for any other.
using Operation = unsigned long;
inline constexpr Operation gets_own = 0, sets_own = 1, gets_others = 2, sets_others = 3;

/// A system call of a launch: who makes it (0 the launcher, then the processes of the launch in the order of
/// their birth), which, and the how many-th of its kind it is there.
struct Call {
    unsigned actor = 0;
    long number = 0;
    unsigned occurrence = 0;
    Operation operation = 0;
    /// With the operation: which wait comes first may depend on who is faster, and its errors on which it is.
    [[nodiscard]] bool operator==(const Call&) const noexcept = default;
};

enum class Act : unsigned char {
    fail,           ///< the call is not made and answers with the error
    fail_after,     ///< the call is made, and its answer replaced: close(2) frees the number whatever it says
    kill_launcher,  ///< SIGKILL for the launcher, before the call
    kill_caller,    ///< SIGKILL for whoever makes the call, before it
};

struct Fault {
    Call at;
    Act act{};
    int errnum = 0;
};

/// What came of one run of a driver.
struct Played {
    /// The call was made, so the fault happened.
    bool reached = false;
    /// Where the processes were that had not ended by the deadline; empty when all had.
    std::string hung;
    /// The driver's wait status.
    int status = 0;
    /// What it printed.
    std::string output;
    /// The calls of the launch, in the order in which they were made.
    std::vector<Call> calls;
};

/// Runs the program to the end of the last process that it has started. Must be called by a process that has
/// no other children. Throws std::system_error when ptrace itself fails.
[[nodiscard]] Played play(const std::vector<std::string>& argv, const std::optional<Fault>& fault,
                          std::chrono::milliseconds deadline);

}  // namespace fault
