/// The commands as main calls them: each takes the words after its name and answers linx's exit code.
#pragma once

#include <span>

namespace linx::cli {

using Arguments = std::span<const char* const>;

[[nodiscard]] int run(Arguments words);
[[nodiscard]] int enter(Arguments words);
[[nodiscard]] int plan(Arguments words);
[[nodiscard]] int init(Arguments words);
[[nodiscard]] int inspect(Arguments words);
[[nodiscard]] int doctor(Arguments words);
[[nodiscard]] int completions(Arguments words);
[[nodiscard]] int help(Arguments words);

}  // namespace linx::cli
