/// The stage on which a driver plays: a private mount namespace with a place that every user can reach, and
/// sometimes a container to be entered.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace fault {

inline constexpr uid_t ordinary_user = 65534;
/// The first of users that nobody else is, one for each driver (plus its pid): its processes can be counted.
inline constexpr uid_t lonely_user = 1'000'000;

/// Where the driver and the witness are copied to.
inline constexpr const char* folder = "/mnt";

/// Makes the private mount namespace, unless this process is already on the stage; needs root. False, with a
/// word on stderr, when it cannot.
bool set_up_stage(const char* driver, const char* witness);
/// Drops to the user and executes the driver again, so that it is dumpable as a user's programs are.
[[noreturn]] void become(uid_t user, char** argv);

/// A process parked in fresh namespaces.
class Container {
public:
    explicit Container(std::uint64_t clone_flags);
    Container(const Container&) = delete;
    Container& operator=(const Container&) = delete;
    ~Container();
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

private:
    pid_t pid_ = -1;
};

}  // namespace fault
