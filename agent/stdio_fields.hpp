/// Reading the key `stdio`.
#pragma once

#include "etf/reader.hpp"

#include <linx/result.hpp>
#include <linx/spec.hpp>

namespace linx::agent {

[[nodiscard]] Result<void> read_stdio(ProcessSpec& spec, etf::Reader& reader);

}  // namespace linx::agent
