#include "launch/init_image.hpp"

#include "sys/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>

// Beside the bytes of the program; see init_image_bytes.cpp.
extern "C" {
extern const std::byte linx_init_image_begin[];  // NOLINT(modernize-avoid-c-arrays)
extern const std::byte linx_init_image_end[];    // NOLINT(modernize-avoid-c-arrays)
}

namespace linx::launch {

namespace {

#ifndef MFD_EXEC
constexpr unsigned MFD_EXEC = 0x0010U;  // Linux 6.3
#endif

/// Executable, whatever vm.memfd_noexec says of files for which nobody says it.
sys::Outcome<Fd> executable_memory() {
    constexpr const char* name = "linx-init";
    auto file = sys::memory_file(name, MFD_ALLOW_SEALING | MFD_EXEC);
    if (!file && file.error() == EINVAL) {
        return sys::memory_file(name, MFD_ALLOW_SEALING);
    }
    return file;
}

}  // namespace

std::span<const std::byte> init_image() noexcept {
    return {linx_init_image_begin, linx_init_image_end};
}

sys::Outcome<Fd> open_init_image() {
    std::span<const std::byte> rest = init_image();
    if (rest.empty()) {
        return std::unexpected(ENOSYS);
    }
    auto file = executable_memory();
    while (file && !rest.empty()) {
        const auto taken = sys::write(file->ref(), rest);
        if (!taken && taken.error() != EINTR) {
            return std::unexpected(taken.error());
        }
        rest = rest.subspan(taken.value_or(0));
    }
    if (!file) {
        return file;
    }
    constexpr int every_seal = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (const auto sealed = sys::seal(file->ref(), every_seal); !sealed) {
        return std::unexpected(sealed.error());
    }
    return file;
}

int execute_init(char* const* argv, char* const* environment) {
    const auto file = open_init_image();
    return file ? sys::execute(file->ref(), argv, environment) : file.error();
}

}  // namespace linx::launch
