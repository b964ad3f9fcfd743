/// Owning and borrowing a file descriptor. Neither turns into an int or a bool by itself.
#pragma once

#include <utility>

namespace linx {

/// A borrowed file descriptor: whoever made it says how long it stays open. Never closes.
class FdRef {
public:
    constexpr explicit FdRef(int number) noexcept : number_(number) {}
    [[nodiscard]] constexpr int number() const noexcept { return number_; }
    [[nodiscard]] constexpr bool operator==(const FdRef&) const noexcept = default;

private:
    int number_;
};

/// An owned file descriptor: closed once, when dropped. `close(2)` is never retried: on Linux the
/// number is free again even after EINTR, and a second close could hit a stranger's descriptor.
class Fd {
public:
    constexpr Fd() noexcept = default;
    constexpr explicit Fd(int number) noexcept : number_(number) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    constexpr Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    /// Does it hold a descriptor?
    [[nodiscard]] constexpr bool is_open() const noexcept { return number_ >= 0; }
    [[nodiscard]] constexpr FdRef ref() const noexcept { return FdRef{number_}; }
    /// Gives the descriptor away; the caller closes it from now on.
    [[nodiscard]] constexpr int release() noexcept { return std::exchange(number_, -1); }
    /// Closes it now. errno is left as it was.
    void reset() noexcept;

private:
    int number_ = -1;
};

}  // namespace linx
