/// The table of ratios: `what | median | floor's median | ratio | target | ok/MISSED`.
#include "table.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

std::string number(double value, const char* format, const std::string& unit = "") {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return unit.empty() ? text : text + (" " + unit);
}

}  // namespace

bool TableReporter::ReportContext(const Context& context) {
    PrintBasicContext(&GetErrorStream(), context);
    return true;
}

TableReporter::Line TableReporter::line_of(const Run& run) {
    const auto bar = run.report_label.rfind('|');
    const std::string unit = bar == std::string::npos ? "" : run.report_label.substr(bar + 1);
    const double ratio = run.counters.at("ratio");
    Line line{.name = run.run_name.function_name,
              .what = run.report_label.substr(0, bar),
              .subject = number(run.counters.at("subject"), "%.0f", unit),
              .floor = number(run.counters.at("floor"), "%.0f", unit),
              .ratio = number(ratio, "%.2f"),
              .target = "",
              .verdict = ""};
    if (const auto target = run.counters.find("target"); target != run.counters.end()) {
        line.target = number(target->second, "%.2f");
        line.verdict = ratio <= target->second ? "ok" : "MISSED";
        missed_ += ratio <= target->second ? 0 : 1;
    }
    return line;
}

void TableReporter::ReportRuns(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
        if (run.error_occurred) {
            const std::string name = run.run_name.function_name;
            // Every repetition of a broken row fails alike; one line tells it.
            if (std::ranges::none_of(lines_, [&](const Line& line) { return line.name == name; })) {
                lines_.push_back({name, name + ": " + run.error_message, "", "", "", "", "FAILED"});
                ++missed_;
            }
        } else if (run.aggregate_name == "median") {
            lines_.push_back(line_of(run));
        }
    }
}

void TableReporter::Finalize() {
    const Line heading{"", "what", "median", "floor", "ratio", "target", "verdict"};
    std::size_t width = heading.what.size();
    for (const Line& line : lines_) {
        width = std::max(width, line.what.size());
    }
    // By name, so that two runs can be compared: Google Benchmark reports in the order of registration,
    // but broken rows come out of turn.
    std::ranges::sort(lines_, {}, &Line::name);
    const auto print = [&](const Line& line) {
        std::printf("%-*s | %10s | %10s | %6s | %6s | %s\n", static_cast<int>(width), line.what.c_str(),
                    line.subject.c_str(), line.floor.c_str(), line.ratio.c_str(), line.target.c_str(),
                    line.verdict.c_str());
    };
    print(heading);
    for (const Line& line : lines_) {
        print(line);
    }
    std::fflush(stdout);
}

}  // namespace bench
