#include <linx/error.hpp>

#include "vocabulary/escaped.hpp"

#include <array>
#include <cstring>

namespace linx {

namespace {

// strerror_r comes in two shapes: GNU's answers a pointer, POSIX's a number.
[[maybe_unused]] const char* text_of(const char* answer, const char* /*buffer*/) {
    return answer;
}
[[maybe_unused]] const char* text_of(int /*answer*/, const char* buffer) {
    return buffer;
}

}  // namespace

std::string describe_errno(int errnum) {
    std::array<char, 128> buffer{};
    return text_of(::strerror_r(errnum, buffer.data(), buffer.size()), buffer.data());
}

std::string errno_symbol(int errnum) {
#ifdef __GLIBC__
    if (const char* name = ::strerrorname_np(errnum)) {
        return name;
    }
#endif
    return "E" + std::to_string(errnum);
}

/// The one place in which the sentence is composed. A broken spec speaks for itself. Names come from
/// anywhere: a terminal must not take orders from them.
std::string Error::message() const {
    std::string text;
    if (stage == Stage::spec) {
        text = escaped(detail);
    } else {
        text = words(stage);
        if (!detail.empty()) {
            text += " (" + escaped(detail) + ")";
        }
        text += ": " + describe_errno(errnum);
    }
    return hint.empty() ? text : text + "\n" + escaped(hint);
}

}  // namespace linx
