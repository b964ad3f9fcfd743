#include "cli/voice.hpp"

#include "sys/terminal.hpp"

#include <string>

namespace linx::cli {

namespace {

/// The errno that ended it, or 0.
int write_all(FdRef fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = sys::write_some(fd, text.data(), text.size());
        if (!written && written.error() != EINTR) {
            return written.error();
        }
        text.remove_prefix(written.value_or(0));
    }
    return 0;
}

}  // namespace

int say(std::string_view text) {
    const int errnum = write_all(FdRef{1}, text);
    if (errnum != 0) {
        complain("write to stdout: " + describe_errno(errnum));
        return exit_failed;
    }
    return 0;
}

void complain(std::string_view text) {
    // One write: lines of processes that share stderr do not mix. Nobody is left to tell of a failure.
    (void)write_all(FdRef{2}, "linx: " + std::string(text) + "\n");
}

void complain(const Error& error) {
    complain(error.message());
}

int complain_about_usage(std::string_view command, std::string_view text) {
    const std::string of = command.empty() ? "" : " " + std::string(command);
    complain(std::string(text) + "\nTry 'linx" + of + " --help'.");
    return exit_failed;
}

}  // namespace linx::cli
