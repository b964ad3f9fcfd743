/// One line of output, put together on the stack and written at once.
#pragma once

#include "init/wire.hpp"

#include <csignal>
#include <string_view>

#include <poll.h>

namespace linx::init {

class Line {
public:
    Line& operator<<(std::string_view text) noexcept {
        for (const char letter : text) {
            if (size_ < sizeof(text_)) {
                text_[size_++] = letter;
            }
        }
        return *this;
    }
    Line& operator<<(long value) noexcept {
        char digits[20];
        std::size_t count = 0;
        do {
            digits[count++] = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value > 0);
        while (count > 0) {
            *this << std::string_view(&digits[--count], 1);
        }
        return *this;
    }

    /// A reader that does not read loses lines: an init that waits for it would reap nobody. The SIGPIPE of
    /// one that is gone stays pending, since all signals are blocked, and must not be forwarded.
    void write(int fd) const noexcept {
        pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
        const long now[2] = {};
        if (raw_poll(room, now) && child::raw(SYS_write, fd, text_, size_) < 0) {
            const std::uint64_t broken_pipe = std::uint64_t{1} << (SIGPIPE - 1);
            child::raw(SYS_rt_sigtimedwait, &broken_pipe, nullptr, now, mask_bytes);
        }
    }

private:
    static bool raw_poll(pollfd& room, const long* now) noexcept {
        long limit[2] = {now[0], now[1]};  // the kernel writes what is left of it
        return child::raw(SYS_ppoll, &room, 1, limit, nullptr, mask_bytes) == 1;
    }

    std::size_t size_ = 0;
    char text_[256];
};

}  // namespace linx::init
