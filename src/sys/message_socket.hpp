/// A pair of sockets that carries whole records, and a descriptor beside each.
#pragma once

#include "sys/outcome.hpp"

#include <linx/fd.hpp>

#include <cstddef>
#include <span>

#include <sys/types.h>

namespace linx::sys {

struct SocketPair {
    Fd ours;
    Fd theirs;
};
/// `socketpair(2)`: AF_UNIX, SOCK_SEQPACKET, close-on-exec; both numbers above 2. An end that took the
/// number of a closed stdin would be taken for it by the child, which keeps 0 to 2.
[[nodiscard]] Outcome<SocketPair> message_socket_pair();

struct Received {
    std::size_t length = 0;  ///< 0: end of file
    Fd fd;                   ///< open when one came beside the record
    pid_t sender = 0;        ///< where credentials are received, else 0
};
/// From now on every record tells the pid of its sender, as the kernel knows it (SO_PASSCRED).
[[nodiscard]] Outcome<void> receive_credentials(FdRef socket);
/// Never blocks: EAGAIN when nothing is there.
[[nodiscard]] Outcome<Received> receive_record(FdRef socket, std::span<std::byte> into);
/// Never blocks, never raises SIGPIPE.
[[nodiscard]] Outcome<void> send_record(FdRef socket, std::span<const std::byte> record);

/// The same descriptor with a number above 2, so that it is not taken for stdin, stdout or stderr
/// by a child of a launcher that has these closed.
[[nodiscard]] Outcome<Fd> above_stdio(Fd fd);
/// The same descriptor with a high number, if there is one to be had: low ones are for launches, whose
/// children copy the descriptor table up to what they need of it.
[[nodiscard]] Fd out_of_the_way(Fd fd) noexcept;

}  // namespace linx::sys
