#include "agent/events.hpp"

#include "vocabulary/escaped.hpp"

#include <algorithm>

namespace linx::agent {

namespace {

using etf::Writer;

/// One line, and the hint as a second one. Names of files come from anywhere: on the BEAM it is all UTF-8.
std::string lines_of(const Error& error) {
    return error.hint.empty() ? escaped(error.detail) : escaped(error.detail) + "\n" + escaped(error.hint);
}

void write_error(Writer& writer, const Error& error) {
    writer.tuple(4).atom("error").integer(error.errnum).atom(name(error.stage)).binary(lines_of(error));
}

void write_usage(Writer& writer, const Usage& usage) {
    writer.map(3);
    writer.atom("user_us").integer(usage.user_time.count());
    writer.atom("system_us").integer(usage.system_time.count());
    writer.atom("peak_memory_kib").integer(usage.peak_memory_kib);
}

struct Body {
    Writer& writer;

    void operator()(const Spawned& event) const { writer.tuple(2).atom("spawned").integer(event.host_pid); }
    void operator()(const Ready& event) const {
        writer.tuple(3).atom("ready").integer(event.host_pid).integer(event.child_pid);
    }
    void operator()(const Running& /*event*/) const { writer.atom("running"); }
    void operator()(const Ended& event) const {
        if (const auto* exited = std::get_if<Exited>(&event.status.how)) {
            writer.tuple(3).atom("exited").integer(exited->code);
        } else {
            writer.tuple(3).atom("signaled").integer(std::get<Signaled>(event.status.how).signum);
        }
        write_usage(writer, event.status.usage);
    }
    void operator()(const Aborted& /*event*/) const { writer.atom("aborted"); }
    void operator()(const Failed& event) const { write_error(writer, event.error); }
};

}  // namespace

void write(Writer& writer, const Hello& hello) {
    writer.restart();
    writer.tuple(2).atom("hello").map(5);
    writer.atom("protocol").integer(1);
    writer.atom("version").binary(hello.version);
    writer.atom("os_pid").integer(hello.pid);
    writer.atom("kernel").tuple(static_cast<int>(hello.kernel.size()));
    for (const int part : hello.kernel) {
        writer.integer(part);
    }
    const auto count = std::ranges::count_if(
        every_namespace, [&hello](Namespace kind) { return hello.namespaces.contains(kind); });
    writer.atom("features").list(static_cast<int>(count));
    for (const Namespace kind : every_namespace) {
        if (hello.namespaces.contains(kind)) {
            writer.atom(name(kind));
        }
    }
    writer.end_of_list();
}

void write(Writer& writer, std::int64_t id, const Event& event) {
    writer.restart();
    writer.tuple(2).integer(id);
    std::visit(Body{writer}, event);
}

void write_reply(Writer& writer, std::int64_t id, std::int64_t ref,
                 const std::expected<void, Error>& answer) {
    writer.restart();
    writer.tuple(2).integer(id).tuple(3).atom("reply").integer(ref);
    if (answer) {
        writer.atom("ok");
    } else {
        write_error(writer, answer.error());
    }
}

}  // namespace linx::agent
