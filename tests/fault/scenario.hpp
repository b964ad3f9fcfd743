/// The launches that are made to fail, each by its name.
#pragma once

#include "stage.hpp"

#include <linx/spawn.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace fault {

enum class Ending : std::uint8_t { run, abort, drop };

struct Scenario {
    std::string_view name;
    /// Who launches; 0 is root.
    uid_t user = 0;
    /// Namespaces of a container that is there before; 0: none is needed.
    std::uint64_t container = 0;
    /// Enter that container, rather than spawn.
    bool enters = false;
    /// An init is launched, and the workload is its child.
    bool has_init = false;
    Ending ending = Ending::run;
    /// Completes a spec that already has the witness as its program and its stdin and stdout.
    void (*complete)(linx::ProcessSpec& spec, pid_t container) = nullptr;
};

[[nodiscard]] const std::vector<Scenario>& scenarios();

}  // namespace fault
