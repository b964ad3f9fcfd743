#include "launch/last_words.hpp"

#include "child/record.hpp"
#include "sys/message_socket.hpp"

#include <cerrno>
#include <span>

namespace linx::launch {

namespace {

using Words = std::variant<Exited, Signaled>;

/// What makes no sense counts as not said.
std::optional<Words> end_told_by(const child::Record& record) {
    if (record.tell != child::Tell::ended) {
        return std::nullopt;
    }
    if (record.ending == child::Ending::exited) {
        return record.status >= 0 && record.status <= 255 ? std::optional<Words>{Exited{record.status}}
                                                          : std::nullopt;
    }
    if (record.status < 1 || record.status > 64) {
        return std::nullopt;
    }
    return Signaled{.signum = record.status, .core_dumped = record.ending == child::Ending::dumped};
}

}  // namespace

std::optional<Words> last_words(FdRef report) {
    while (true) {
        child::Record record;
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
