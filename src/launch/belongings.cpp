#include "launch/belongings.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace linx::launch {

namespace {

std::size_t bytes_of(std::span<const std::string> strings) {
    std::size_t bytes = 0;
    for (const std::string& string : strings) {
        bytes += string.size() + 1;
    }
    return bytes;
}

constexpr std::size_t aligned(std::size_t bytes) {
    constexpr std::size_t alignment = alignof(std::max_align_t);
    return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace

/// Hands out parts of the mapping, one behind the other, aligned for anything.
class Belongings::Layout {
public:
    explicit Layout(std::span<std::byte> room) noexcept : room_(room) {}

    template <class T>
    T* take(std::size_t count) {
        auto* const part = static_cast<T*>(static_cast<void*>(room_.data()));
        room_ = room_.subspan(aligned(count * sizeof(T)));
        return part;
    }
    template <class T>
    T* copy(std::span<const T> elements) {
        T* const part = take<T>(elements.size());
        std::ranges::copy(elements, part);
        return part;
    }
    /// Pointers to copies of the strings, with `spare` empty ones before and a null pointer behind them.
    char** copy(std::span<const std::string> strings, std::size_t spare) {
        char** const pointers = take<char*>(spare + strings.size() + 1) + spare;
        char* text = take<char>(bytes_of(strings));
        for (std::size_t i = 0; i < strings.size(); ++i) {
            pointers[i] = text;
            std::memcpy(text, strings[i].c_str(), strings[i].size() + 1);
            text += strings[i].size() + 1;
        }
        return pointers;
    }

    /// What `copy` of these takes.
    static std::size_t room_for(std::span<const std::string> strings, std::size_t spare) {
        return aligned((spare + strings.size() + 1) * sizeof(char*)) + aligned(bytes_of(strings));
    }

private:
    std::span<std::byte> room_;
};

Result<Belongings> Belongings::pack(const What& what) {
    constexpr std::size_t for_the_shell = 1;  // that runs a text file
    const std::size_t size = aligned(what.steps.size_bytes()) + aligned(what.arena.size()) +
                             2 * aligned(what.fds.size_bytes()) + Layout::room_for(what.argv, for_the_shell) +
                             Layout::room_for(what.environment, 0);
    void* const mapped =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (mapped == MAP_FAILED) {
        return failed(Stage::memory, errno, "what the child is born with");
    }
    Belongings packed;
    packed.mapping_ = {static_cast<std::byte*>(mapped), size};
    Layout layout{packed.mapping_};
    child::Program& program = packed.program_;
    program.steps = layout.copy(what.steps);
    program.step_count = static_cast<std::uint32_t>(what.steps.size());
    program.arena = layout.copy(std::span<const char>(what.arena));
    program.fds = layout.copy(what.fds);
    program.fd_count = static_cast<std::uint32_t>(what.fds.size());
    int* const kept = layout.take<int>(what.fds.size());
    int* const end = std::ranges::copy_if(what.fds, kept, [](int fd) { return fd >= 0; }).out;
    std::sort(kept, end);
    program.kept = kept;
    program.kept_count = static_cast<std::uint32_t>(end - kept);
    program.argv = layout.copy(what.argv, for_the_shell);
    program.envp = layout.copy(what.environment, 0);
    program.launcher = ::getpid();
    return packed;
}

Belongings::Belongings(Belongings&& other) noexcept
    : mapping_(std::exchange(other.mapping_, {})), program_(std::exchange(other.program_, {})) {}

Belongings& Belongings::operator=(Belongings&& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(program_, other.program_);
    return *this;
}

Belongings::~Belongings() {
    if (!mapping_.empty()) {
        ::munmap(mapping_.data(), mapping_.size());
    }
}

}  // namespace linx::launch
