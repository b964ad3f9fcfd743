# What the BEAM's benchmarks show: the table on the terminal, and the same numbers as JSON.

defmodule Bench.Table do
  alias Bench.Row

  @heading ["what", "median", "p10..p90", "floor", "p10..p90", "ratio", "target", "verdict"]

  @spec print([Row.t()]) :: :ok
  def print(rows) do
    lines = [@heading | Enum.map(rows, &cells/1)]

    widths =
      lines
      |> Enum.zip_with(& &1)
      |> Enum.map(fn column -> column |> Enum.map(&String.length/1) |> Enum.max() end)

    for line <- lines do
      [what | numbers] = Enum.zip(line, widths)

      IO.puts(
        Enum.join(
          [
            pad(what, &String.pad_trailing/2)
            | Enum.map(numbers, &pad(&1, fn t, w -> String.pad_leading(t, w) end))
          ],
          " | "
        )
      )
    end

    :ok
  end

  defp pad({text, width}, how), do: how.(text, width)

  defp cells(row) do
    [
      row.what,
      median(row.subject, row.unit),
      around(row.subject),
      median(row.floor, row.unit),
      around(row.floor)
    ] ++
      [ratio(row.ratio), target(row), Row.verdict(row)]
  end

  defp median(nil, _unit), do: ""
  defp median(spread, unit), do: "#{number(spread.median)} #{unit}"

  defp around(nil), do: ""
  defp around(%{count: 1}), do: ""
  defp around(spread), do: "#{number(spread.p10)}..#{number(spread.p90)}"

  defp ratio(nil), do: ""
  defp ratio(ratio), do: :erlang.float_to_binary(ratio, decimals: 2)

  defp target(%{target: nil}), do: ""
  defp target(%{target: {:ratio, most}}), do: ratio(most / 1)
  defp target(%{target: {:at_most, most}} = row), do: "<= #{number(most)} #{row.unit}"
  defp target(%{target: {:at_least, least}} = row), do: ">= #{number(least)} #{row.unit}"

  defp number(value) when abs(value) < 10 and value != trunc(value),
    do: :erlang.float_to_binary(value / 1, decimals: 2)

  defp number(value), do: Integer.to_string(round(value))

  @doc "The rows as JSON, written to `path`."
  @spec write([Row.t()], Path.t()) :: :ok
  def write(rows, path) do
    File.write!(path, [json(Enum.map(rows, &fields/1)), "\n"])
  end

  defp fields(row) do
    row
    |> Map.from_struct()
    |> Map.put(:target, target_fields(row.target))
    |> Map.put(:verdict, Row.verdict(row))
  end

  defp target_fields(nil), do: nil
  defp target_fields({kind, value}), do: %{kind => value}

  defp json(nil), do: "null"
  defp json(number) when is_number(number), do: to_string(number)
  defp json(text) when is_binary(text), do: [?", String.replace(text, ["\\", "\"", "\n"], &escaped/1), ?"]
  defp json(list) when is_list(list), do: ["[\n", list |> Enum.map(&json/1) |> Enum.intersperse(",\n"), "\n]"]

  defp json(map) when is_map(map) do
    pairs = for {key, value} <- Enum.sort(map), do: [?", to_string(key), "\": ", json(value)]
    ["{", Enum.intersperse(pairs, ", "), "}"]
  end

  defp escaped("\n"), do: "\\n"
  defp escaped(character), do: "\\" <> character
end
