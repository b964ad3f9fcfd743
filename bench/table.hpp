/// What the benchmark prints: one table after the run, a row per comparison.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace bench {

/// Collects the medians over the repetitions and prints them when the run is over.
class TableReporter : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context& context) override;
    void ReportRuns(const std::vector<Run>& runs) override;
    void Finalize() override;

    /// Rows that failed to run or missed their target.
    [[nodiscard]] int missed() const noexcept { return missed_; }

private:
    struct Line {
        std::string name, what, subject, floor, ratio, target, verdict;
    };
    Line line_of(const Run& run);

    std::vector<Line> lines_;
    int missed_ = 0;
};

}  // namespace bench
