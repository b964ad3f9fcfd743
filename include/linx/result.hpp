/// A value or an Error, and the one macro that passes an error on.
#pragma once

#include <linx/error.hpp>

#include <expected>
#include <utility>

namespace linx {

template <class T>
using Result = std::expected<T, Error>;

/// A failed Result in one call: `return failed(Stage::clone3, EAGAIN, "…")`.
[[nodiscard]] inline std::unexpected<Error> failed(Stage stage, int errnum, std::string detail = {}) {
    return std::unexpected(Error{.stage = stage, .errnum = errnum, .detail = std::move(detail), .hint = {}});
}

namespace detail {
template <class T>
T take(std::expected<T, Error>&& result) {
    return std::move(*result);
}
inline void take(std::expected<void, Error>&& /*result*/) {}
}  // namespace detail

}  // namespace linx

/// The value of a Result, or return its Error from the function around it. Must not be used in
/// code that runs between clone and exec: there, nothing may return (see src/child/).
#define LINX_TRY(...)                                                   \
    __extension__({                                                     \
        auto linx_try_result = (__VA_ARGS__);                           \
        if (!linx_try_result) {                                         \
            return std::unexpected(std::move(linx_try_result).error()); \
        }                                                               \
        ::linx::detail::take(std::move(linx_try_result));               \
    })
