/// Which namespaces are joined before the user namespace and which after: a question of whose they are.
#pragma once

#include "program/draft.hpp"

#include <linx/result.hpp>

#include <vector>

namespace linx::launch {

/// Joining a namespace takes rights in the user namespace that owns it. What the joined user
/// namespace owns is joined after it, with the rights that it grants; all else before it, with the
/// launcher's. Reorders the setns steps among themselves; `table` holds their descriptors.
[[nodiscard]] Result<void> put_joins_in_order(std::vector<program::DraftStep>& steps,
                                              const std::vector<int>& table);

}  // namespace linx::launch
