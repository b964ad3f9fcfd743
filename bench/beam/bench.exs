# The benchmarks on the BEAM: `mix run bench.exs BUILD_FOLDER [REGEX]` prints their table and leaves beam.json in it.

for file <- ~w[sample row table agents peers echo launches callers requests footprint crowd descriptors] do
  Code.require_file("#{file}.ex", __DIR__)
end

defmodule Bench do
  alias Bench.{Callers, Crowd, Descriptors, Footprint, Launches, Requests, Row, Table}

  def main([folder, filter]) do
    Logger.configure(level: :error)
    programs = folder |> Path.expand() |> Path.join("bin")

    case Enum.filter(groups(programs), fn {name, _rows} -> Regex.match?(Regex.compile!(filter), name) end) do
      [] ->
        raise "no group matches #{filter}; there are #{Enum.map_join(groups(programs), ", ", &elem(&1, 0))}"

      groups ->
        groups |> Enum.flat_map(&measured/1) |> shown(Path.join(folder, "beam.json"))
    end
  end

  def main([folder]), do: main([folder, ""])

  # The agent of ten thousand sessions comes last: what it has done to the machine must not fall on the others.
  defp groups(programs) do
    [
      {"beam/launch", &Launches.rows/0},
      {"beam/callers", &Callers.rows/0},
      {"beam/request", fn -> Requests.rows(programs) end},
      {"beam/agent", &Footprint.rows/0},
      {"beam/descriptors", fn -> Descriptors.rows(programs) end},
      {"beam/sessions", fn -> Crowd.rows(programs) end}
    ]
  end

  defp measured({name, rows}) do
    rows.()
  rescue
    error -> [Row.failed(name, Exception.format(:error, error, __STACKTRACE__))]
  end

  defp shown(rows, path) do
    Table.write(rows, path)
    Table.print(rows)
    bad = Enum.count(rows, &(Row.verdict(&1) in ["MISSED", "FAILED"]))
    if bad > 0, do: IO.puts("#{bad} rows missed their target or failed")
    if bad > 0, do: 1, else: 0
  end
end

System.argv() |> Bench.main() |> System.halt()
