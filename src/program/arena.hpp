/// Lays out what the child will read, before the clone: strings and lists behind each other in one
/// block of memory, addressed by offset, so that growing the block invalidates nothing.
#pragma once

#include "child/step.hpp"

#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace linx::program {

class Arena {
public:
    /// Copies a string in; a NUL is put behind it.
    child::Text text(std::string_view string) {
        const child::Text text{size(), static_cast<std::uint32_t>(string.size())};
        bytes_.resize(bytes_.size() + string.size() + 1);  // of zeros: the NUL is there
        string.copy(bytes_.data() + text.offset, string.size());
        return text;
    }

    /// Copies an array in, aligned for its element.
    template <class T>
        requires std::is_trivially_copyable_v<T>
    child::List list(std::span<const T> elements) {
        static_assert(alignof(T) <= alignof(std::max_align_t));
        bytes_.resize((bytes_.size() + alignof(T) - 1) / alignof(T) * alignof(T));
        const child::List list{size(), static_cast<std::uint32_t>(elements.size())};
        bytes_.resize(bytes_.size() + elements.size_bytes());
        if (!elements.empty()) {
            std::memcpy(bytes_.data() + list.offset, elements.data(), elements.size_bytes());
        }
        return list;
    }

    /// The block; valid until the next string or list is added.
    [[nodiscard]] const char* data() const noexcept { return bytes_.data(); }
    [[nodiscard]] std::string_view bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }
    [[nodiscard]] std::string_view view(child::Text text) const noexcept {
        return {bytes_.data() + text.offset, text.length};
    }

private:
    [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(bytes_.size()); }
    std::vector<char> bytes_;
};

}  // namespace linx::program
