/// What went wrong: which step, which errno, on what, and, where it is known, why and what to do.
#pragma once

#include <linx/stage.hpp>

#include <string>

namespace linx {

/// A failure. Every fallible function of linx answers with one of these, never with an exception.
struct Error {
    Stage stage{};
    /// The kernel's error number (`errno(3)`); EINVAL for a specification that cannot be meant.
    int errnum = 0;
    /// On what: a path, a pid, a name; for Stage::spec the field and the rule it breaks.
    std::string detail{};
    /// Why, and what to do about it, where linx could find that out. One line, or empty.
    std::string hint{};

    /// The sentence a person reads: `join net (/proc/71/ns/net): Operation not permitted`, and a
    /// second line with the hint where there is one. No trailing newline.
    [[nodiscard]] std::string message() const;
};

/// The kernel's short description of an error number, `"Operation not permitted"`; thread-safe.
[[nodiscard]] std::string describe_errno(int errnum);

/// The symbol of an error number, `"EPERM"`; `"E123"` for one that has no symbol here.
[[nodiscard]] std::string errno_symbol(int errnum);

}  // namespace linx
