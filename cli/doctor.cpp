/// `linx doctor`: the findings as text and as JSON, and the exit code.
#include "cli/command_line.hpp"
#include "cli/entries.hpp"
#include "cli/findings.hpp"
#include "cli/help.hpp"
#include "cli/json.hpp"
#include "cli/voice.hpp"

#include "sys/signals.hpp"
#include "vocabulary/escaped.hpp"

#include <algorithm>

namespace linx::cli {

namespace {

/// linx works here, but not for this user or on this kernel.
constexpr int exit_cannot_run = 1;

std::string as_text(const Findings& findings) {
    constexpr std::size_t name_width = 24;
    constexpr std::size_t verdict_width = 9;
    std::string text;
    std::string_view topic;
    for (const Finding& finding : findings) {
        if (finding.topic != topic) {
            text += (topic.empty() ? "" : "\n") + finding.topic + "\n";
            topic = finding.topic;
        }
        std::string line = "  " + std::string(name(finding.verdict));
        line.resize(2 + verdict_width, ' ');
        line += finding.name;
        line.resize(std::max(line.size() + 1, 2 + verdict_width + name_width), ' ');
        text += line + escaped(finding.reason) + "\n";
    }
    return text;
}

std::string as_json(const Findings& findings) {
    Json list = Json::array();
    for (const Finding& finding : findings) {
        list.push_back({{"topic", finding.topic},
                        {"name", finding.name},
                        {"verdict", name(finding.verdict)},
                        {"reason", finding.reason},
                        {"essential", finding.essential}});
    }
    return written(list);
}

}  // namespace

std::string_view name(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::yes:
            return "yes";
        case Verdict::limited:
            return "limited";
        case Verdict::no:
            return "no";
        case Verdict::note:
            return "note";
    }
    return {};
}

int doctor(Arguments words) {
    const auto parsed = parse_command_line(Command::doctor, words);
    if (!parsed) {
        return complain_about_usage("doctor", parsed.error());
    }
    if (std::holds_alternative<HelpWanted>(*parsed)) {
        return say(help_of(Command::doctor));
    }
    // The library refuses to launch for a caller that would lose every exit status.
    (void)sys::default_signal(SIGCHLD);
    Findings findings;
    examine_kernel(findings);
    examine_user(findings);
    examine_namespaces(findings);
    examine_cgroups(findings);
    const bool can_run = std::ranges::none_of(
        findings, [](const Finding& finding) { return finding.essential && finding.verdict == Verdict::no; });
    const bool json = std::get<Request>(*parsed).json;
    const int said = say(json ? as_json(findings) : as_text(findings));
    return said != 0 ? said : can_run ? 0 : exit_cannot_run;
}

}  // namespace linx::cli
