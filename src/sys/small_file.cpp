#include "sys/small_file.hpp"

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace linx::sys {

Outcome<std::string> read_small_file(const std::string& path) {
    constexpr std::size_t limit = std::size_t{1} << 20;
    const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (!file.is_open()) {
        return std::unexpected(errno);
    }
    std::string text;
    std::array<char, 4096> buffer;
    while (true) {
        const ssize_t got = ::read(file.ref().number(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return std::unexpected(errno);
        }
        if (got == 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > limit) {
            return std::unexpected(EFBIG);
        }
    }
}

Outcome<void> write_small_file(const std::string& path, std::string_view text) {
    const Fd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY)};
    if (!file.is_open()) {
        return std::unexpected(errno);
    }
    const ssize_t written = ::write(file.ref().number(), text.data(), text.size());
    if (written < 0) {
        return std::unexpected(errno);
    }
    if (static_cast<std::size_t>(written) != text.size()) {
        return std::unexpected(EIO);
    }
    return {};
}

}  // namespace linx::sys
