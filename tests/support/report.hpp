/// Running a workload that tells what it sees, and reading what it told.
#pragma once

#include "support/deadline.hpp"
#include "support/proc.hpp"

#include <linx/spawn.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace linx {

// How GoogleTest shows them.
inline void PrintTo(Stage stage, std::ostream* out) {
    *out << name(stage);
}
inline void PrintTo(const Namespaces& set, std::ostream* out) {
    *out << "{" << set.to_string() << "}";
}

}  // namespace linx

namespace support {

inline std::string workload(const std::string& name) {
    return std::string(LINX_WORKLOADS) + "/" + name;
}

/// The lines `key=value` of the workload `reports`.
class Report {
public:
    Report() = default;
    explicit Report(const std::string& text) : text_(text) {
        std::stringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            const std::size_t equals = line.find('=');
            if (equals != std::string::npos) {
                values_[line.substr(0, equals)].push_back(line.substr(equals + 1));
            }
        }
    }

    /// The only value of a key; `"(none)"` when there is none or more than one.
    [[nodiscard]] std::string operator[](const std::string& key) const {
        const auto found = values_.find(key);
        return found != values_.end() && found->second.size() == 1 ? found->second.front() : "(none)";
    }
    [[nodiscard]] std::vector<std::string> all(const std::string& key) const {
        const auto found = values_.find(key);
        return found != values_.end() ? found->second : std::vector<std::string>{};
    }
    [[nodiscard]] long long number(const std::string& key) const { return std::stoll((*this)[key]); }
    [[nodiscard]] std::string namespace_of(linx::Namespace kind) const {
        return (*this)["ns." + std::string(linx::proc_name(kind))];
    }
    /// Did the workload come to the end of what it wanted to say?
    [[nodiscard]] bool is_complete() const { return (*this)["end"] == "1"; }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
    std::map<std::string, std::vector<std::string>> values_;
};

using AtCheckpoint = std::function<void(const linx::Held&)>;

/// Launches `reports` (or what the spec names) with its stdout in a pipe, looks at it at the checkpoint,
/// lets it run to its end and reads what it said. Failures are the test's.
inline Report report_of(linx::ProcessSpec spec, const AtCheckpoint& at_checkpoint = {},
                        const std::optional<linx::Target>& target = {}) {
    Pipe pipe;
    if (spec.argv.empty()) {
        spec.argv = {workload("reports")};
    }
    spec.stdout_to = linx::StdioFd{pipe.in.ref()};
    auto held = target ? linx::enter(*target, spec, patience) : linx::spawn(spec, patience);
    if (!held) {
        ADD_FAILURE() << held.error().message();
        return {};
    }
    pipe.in.reset();
    if (at_checkpoint) {
        at_checkpoint(*held);
    }
    auto process = std::move(*held).proceed(patience);
    if (!process) {
        ADD_FAILURE() << process.error().message();
        return {};
    }
    Report report{read_to_end(pipe.out.ref())};
    const auto status = process->wait(patience);
    if (!status) {
        ADD_FAILURE() << status.error().message();
    } else {
        EXPECT_EQ(status->shell_code(), 0);
    }
    EXPECT_TRUE(report.is_complete()) << report.text();
    return report;
}

/// The same inside the namespaces of a process.
inline Report report_from_inside(const linx::Target& target, linx::ProcessSpec spec = {},
                                 const AtCheckpoint& at_checkpoint = {}) {
    return report_of(std::move(spec), at_checkpoint, target);
}

/// Launches and expects to fail before the checkpoint or after *proceed*; answers with the error.
inline linx::Error error_of(const linx::ProcessSpec& spec, const std::optional<linx::Target>& target = {}) {
    auto held = target ? linx::enter(*target, spec, patience) : linx::spawn(spec, patience);
    if (!held) {
        return held.error();
    }
    auto process = std::move(*held).proceed(patience);
    if (!process) {
        return process.error();
    }
    ADD_FAILURE() << "the launch succeeded";
    return {};
}

/// A spec that runs the workload `stays`, which says "up" and waits to be killed.
inline linx::ProcessSpec staying(const std::optional<linx::Namespaces>& fresh = {}) {
    linx::ProcessSpec spec;
    spec.argv = {workload("stays")};
    spec.namespaces = fresh;
    spec.stdout_to = linx::StdioNull{};
    return spec;
}

inline linx::ProcessSpec reporting(const std::optional<linx::Namespaces>& fresh = {}) {
    linx::ProcessSpec spec;
    spec.argv = {workload("reports")};
    spec.namespaces = fresh;
    return spec;
}

}  // namespace support
