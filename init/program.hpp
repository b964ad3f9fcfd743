/// The program behind the entry point.
#pragma once

#include <cstdint>

namespace linx::init {

/// `born_with` is the signal mask of before; all signals are blocked now. Answers the exit code.
int program(int argc, char** argv, char** envp, std::uint64_t born_with);

}  // namespace linx::init
