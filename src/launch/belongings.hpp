/// What a child is born with, laid out in one mapping of its own.
#pragma once

#include "child/step.hpp"

#include <linx/result.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace linx::launch {

/// All that a child reads of its launcher's memory, beside code, constants and the stack of the thread that
/// clones. So a launcher may keep the rest of its memory out of its children (`madvise(2)`, MADV_DONTFORK):
/// it may be secret, and after a clone each page of it that the launcher writes to would be copied. The
/// mapping itself is written to before the clone only.
class Belongings {
public:
    struct What {
        std::span<const child::Step> steps{};
        std::string_view arena{};
        /// The descriptor table; those of it that are open are kept by CloseOthers.
        std::span<const int> fds{};
        std::span<const std::string> argv{};
        std::span<const std::string> environment{};
    };

    /// Errors: Stage::memory.
    [[nodiscard]] static Result<Belongings> pack(const What& what);

    Belongings() noexcept = default;
    Belongings(Belongings&& other) noexcept;
    Belongings& operator=(Belongings&& other) noexcept;
    ~Belongings();

    /// For the clone. It must outlive the child's exec where the child shares memory, which ours never does.
    [[nodiscard]] const child::Program& program() const noexcept { return program_; }

private:
    class Layout;

    std::span<std::byte> mapping_{};
    child::Program program_{};
};

}  // namespace linx::launch
