/// Reading and writing pipes and sockets that never make the caller wait; one function, one call.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <cstddef>
#include <span>

namespace linx::sys {

/// Sets close-on-exec and O_NONBLOCK (`fcntl(2)`).
[[nodiscard]] Outcome<void> set_private_and_nonblocking(FdRef fd);
/// How many bytes were read; 0 is end of file, EAGAIN means not now. EINTR is tried again.
[[nodiscard]] Outcome<std::size_t> read_some(FdRef fd, std::span<unsigned char> room);
/// How many bytes were written; EAGAIN means not now. EINTR is tried again.
[[nodiscard]] Outcome<std::size_t> write_some(FdRef fd, std::span<const char> bytes);

}  // namespace linx::sys
