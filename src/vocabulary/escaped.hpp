/// Text that comes from anywhere, made harmless for a terminal: the one place that decides what that is.
#pragma once

#include <string>
#include <string_view>

namespace linx {

/// The text with each byte as `\xNN` that is no part of well-formed UTF-8, or is part of a control character:
/// of ASCII's, DEL, and those from U+0080 to U+009F, which terminals obey as well.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace linx
