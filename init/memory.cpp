/// The functions that compilers call by themselves and that a C library would have.
#include <cstddef>

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) {
    auto* target = static_cast<char*>(to);
    const auto* source = static_cast<const char*>(from);
    for (std::size_t i = 0; i < size; ++i) {
        target[i] = source[i];
    }
    return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
    auto* target = static_cast<char*>(to);
    const auto* source = static_cast<const char*>(from);
    if (target < source) {
        return memcpy(to, from, size);
    }
    while (size > 0) {
        --size;
        target[size] = source[size];
    }
    return to;
}

void* memset(void* to, int value, std::size_t size) {
    auto* target = static_cast<char*>(to);
    for (std::size_t i = 0; i < size; ++i) {
        target[i] = static_cast<char>(value);
    }
    return to;
}

int memcmp(const void* one, const void* other, std::size_t size) {
    const auto* left = static_cast<const unsigned char*>(one);
    const auto* right = static_cast<const unsigned char*>(other);
    for (std::size_t i = 0; i < size; ++i) {
        if (left[i] != right[i]) {
            return left[i] - right[i];
        }
    }
    return 0;
}

/// clang calls it where the order is of no interest.
int bcmp(const void* one, const void* other, std::size_t size) {
    return memcmp(one, other, size);
}

void* memchr(const void* in, int wanted, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(in);
    for (std::size_t i = 0; i < size; ++i) {
        if (bytes[i] == static_cast<unsigned char>(wanted)) {
            return const_cast<unsigned char*>(bytes + i);
        }
    }
    return nullptr;
}

std::size_t strlen(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    return length;
}
}
