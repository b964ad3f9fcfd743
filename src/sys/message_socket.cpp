#include "sys/message_socket.hpp"

#include <array>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace linx::sys {

namespace {

void take(const cmsghdr& header, Received& received) {
    if (header.cmsg_level != SOL_SOCKET) {
        return;
    }
    if (header.cmsg_type == SCM_RIGHTS) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(&header), sizeof(fd));
        received.fd = Fd{fd};
    } else if (header.cmsg_type == SCM_CREDENTIALS) {
        ucred credentials{};
        std::memcpy(&credentials, CMSG_DATA(&header), sizeof(credentials));
        received.sender = credentials.pid;
    }
}

}  // namespace

Outcome<SocketPair> message_socket_pair() {
    std::array<int, 2> numbers{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, numbers.data()) < 0) {
        return std::unexpected(errno);
    }
    auto ours = above_stdio(Fd{numbers[0]});
    auto theirs = above_stdio(Fd{numbers[1]});
    if (!ours || !theirs) {
        return std::unexpected(ours ? theirs.error() : ours.error());
    }
    return SocketPair{.ours = std::move(*ours), .theirs = std::move(*theirs)};
}

Outcome<void> receive_credentials(FdRef socket) {
    const int on = 1;
    if (::setsockopt(socket.number(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
        return std::unexpected(errno);
    }
    return {};
}

Outcome<Received> receive_record(FdRef socket, std::span<std::byte> into) {
    iovec bytes = {into.data(), into.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(ucred))> control{};
    msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t got = 0;
    do {
        got = ::recvmsg(socket.number(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return std::unexpected(errno);
    }
    Received received{.length = static_cast<std::size_t>(got), .fd = {}, .sender = 0};
    for (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(header))) {
        take(*header, received);
    }
    return received;
}

Outcome<void> send_record(FdRef socket, std::span<const std::byte> record) {
    ssize_t sent = 0;
    do {
        sent = ::send(socket.number(), record.data(), record.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return std::unexpected(errno);
    }
    return {};
}

Outcome<Fd> above_stdio(Fd fd) {
    constexpr int first = 3;
    if (!fd.is_open() || fd.ref().number() >= first) {
        return fd;
    }
    const int moved = ::fcntl(fd.ref().number(), F_DUPFD_CLOEXEC, first);
    if (moved < 0) {
        return std::unexpected(errno);
    }
    return Fd{moved};
}

Fd out_of_the_way(Fd fd) noexcept {
    constexpr int high = 256;
    const int moved = ::fcntl(fd.ref().number(), F_DUPFD_CLOEXEC, high);
    return moved < 0 ? std::move(fd) : Fd{moved};
}

}  // namespace linx::sys
