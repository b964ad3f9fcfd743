/// One row of the benchmark's table: a subject and its floor, measured in turn so that the noise of the
/// machine falls on both alike.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>

namespace bench {

/// A measurement, or why it could not be made.
using Measured = std::expected<double, std::string>;
/// Makes one measurement, in the row's unit. Microseconds, mostly.
using Sample = std::function<Measured()>;
/// Something to be timed; the error says what went wrong.
using Action = std::function<std::expected<void, std::string>()>;

struct Row {
    /// `group/name`, for `--benchmark_filter`.
    std::string name;
    /// What the table says: the command, and what makes the comparison unequal where something does.
    std::string what;
    Sample subject;
    Sample floor;
    /// The highest ratio that is still good; a row without one informs only.
    std::optional<double> target{};
    /// Pairs of one subject and one floor, in one repetition.
    std::size_t pairs = 40;
    std::size_t repetitions = 11;
    /// Run around every repetition, to set up and take down what both sides need.
    std::function<void()> before{};
    std::function<void()> after{};
    std::string unit = "us";
};

/// Microseconds that `action` takes.
[[nodiscard]] Sample timed(Action action);
/// Microseconds of processor time that `action` takes, here and in the children that it waits for: what other
/// programs do on the machine meanwhile does not count.
[[nodiscard]] Sample processor_time(Action action);

/// Registers the row with Google Benchmark, which runs the repetitions of all rows in random order.
void add_row(Row row);

}  // namespace bench
