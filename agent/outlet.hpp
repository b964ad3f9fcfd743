/// The events' end of the channel: frames wait here until fd 4 takes them.
#pragma once

#include <linx/fd.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace linx::agent {

class Outlet {
public:
    /// The descriptor must not block.
    explicit Outlet(FdRef fd) noexcept : fd_(fd) {}

    void put(std::span<const char> frame);
    /// Puts a frame before those that were put since `mark` was asked for. Nothing may be flushed between.
    void put_before(std::size_t mark, std::span<const char> frame);
    [[nodiscard]] std::size_t mark() const noexcept { return bytes_.size(); }
    enum class Flushed : std::uint8_t { all, blocked, broken };
    /// Writes as much as the descriptor takes.
    [[nodiscard]] Flushed flush();
    [[nodiscard]] std::size_t waiting() const noexcept { return bytes_.size() - begin_; }

private:
    FdRef fd_;
    std::vector<char> bytes_;
    std::size_t begin_ = 0;  ///< of what was not written yet
};

}  // namespace linx::agent
