/// How a row is measured: pairs in random order, medians within a repetition, and the repetitions' median
/// ratio.
#include "row.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>
#include <vector>

#include <sys/resource.h>

namespace bench {
namespace {

double median(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

struct Medians {
    double subject = 0;
    double floor = 0;
};

std::expected<Medians, std::string> measure_pairs(const Row& row) {
    static std::mt19937 random{std::random_device{}()};
    std::vector<double> subjects;
    std::vector<double> floors;
    for (std::size_t pair = 0; pair < row.pairs; ++pair) {
        // What the one leaves behind (a network namespace is taken down in the background) must not always
        // fall on the other.
        const bool subject_first = (random() & 1U) != 0;
        for (const bool is_subject : {subject_first, !subject_first}) {
            const Measured measured = is_subject ? row.subject() : row.floor();
            if (!measured) {
                return std::unexpected(measured.error());
            }
            (is_subject ? subjects : floors).push_back(*measured);
        }
    }
    return Medians{.subject = median(subjects), .floor = median(floors)};
}

void run_row(benchmark::State& state, const Row& row) {
    if (row.before) {
        row.before();
    }
    for ([[maybe_unused]] auto iteration : state) {
        const auto medians = measure_pairs(row);
        if (!medians) {
            state.SkipWithError(medians.error().c_str());
            break;
        }
        state.SetIterationTime(medians->subject / 1e6);
        state.counters["subject"] = medians->subject;
        state.counters["floor"] = medians->floor;
        state.counters["ratio"] = medians->subject / medians->floor;
        if (row.target) {
            state.counters["target"] = *row.target;
        }
    }
    if (row.after) {
        row.after();
    }
    state.SetLabel(row.what + "|" + row.unit);
}

double processor_time_so_far() {
    double sum = 0;
    for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage usage{};
        getrusage(who, &usage);
        for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
            sum += static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
        }
    }
    return sum;
}

}  // namespace

Sample processor_time(Action action) {
    return [action = std::move(action)]() -> Measured {
        const double begin = processor_time_so_far();
        if (auto done = action(); !done) {
            return std::unexpected(std::move(done).error());
        }
        return processor_time_so_far() - begin;
    };
}

Sample timed(Action action) {
    return [action = std::move(action)]() -> Measured {
        const auto begin = std::chrono::steady_clock::now();
        auto done = action();
        const auto end = std::chrono::steady_clock::now();
        if (!done) {
            return std::unexpected(std::move(done).error());
        }
        return std::chrono::duration<double, std::micro>(end - begin).count();
    };
}

void add_row(Row row) {
    const std::string name = row.name;
    const auto repetitions = static_cast<int>(row.repetitions);
    benchmark::RegisterBenchmark(name.c_str(),
                                 [row = std::move(row)](benchmark::State& state) { run_row(state, row); })
        ->Iterations(1)
        ->Repetitions(repetitions)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
}

}  // namespace bench
