/// What a wrapper of a kernel call answers: its value, or the errno; nothing about why it was called.
#pragma once

#include <cerrno>
#include <expected>

namespace linx::sys {

template <class T>
using Outcome = std::expected<T, int>;

/// The value of a call that answers -1 and sets errno.
inline Outcome<int> checked(int value) {
    if (value < 0) {
        return std::unexpected(errno);
    }
    return value;
}

}  // namespace linx::sys
