#include "launch/last_words.hpp"

#include "child/init_report.hpp"
#include "sys/message_socket.hpp"

#include <cerrno>
#include <span>

namespace linx::launch {

namespace {

using Words = std::variant<Exited, Signaled>;

/// What makes no sense counts as not said.
std::optional<Words> end_told_by(const child::InitReport& report) {
    if (report.tell != child::InitTell::ended) {
        return std::nullopt;
    }
    if (!report.by_signal) {
        return report.status >= 0 && report.status <= 255 ? std::optional<Words>{Exited{report.status}}
                                                          : std::nullopt;
    }
    if (report.status < 1 || report.status > 64) {
        return std::nullopt;
    }
    return Signaled{.signum = report.status, .core_dumped = report.core_dumped};
}

}  // namespace

std::optional<Words> last_words(FdRef report) {
    while (true) {
        child::InitReport record;
        const auto received = sys::receive_record(report, std::as_writable_bytes(std::span(&record, 1)));
        if (!received && received.error() == ECONNRESET) {
            continue;  // told once, before what there is to read
        }
        if (!received || received->length != sizeof(record)) {
            return std::nullopt;
        }
        if (const auto told = end_told_by(record)) {
            return told;
        }
    }
}

}  // namespace linx::launch
