# How the BEAM's benchmarks measure: all contestants in turn and in random order, then medians with their spread.

defmodule Bench.Sample do
  @type spread :: %{median: float(), p10: float(), p90: float(), count: pos_integer()}

  @typedoc "What is timed, and what takes away what it has left behind, untimed."
  @type contestant :: (() -> term()) | {(() -> term()), (term() -> term())}

  @typedoc "Microseconds by contestant."
  @type times :: %{atom() => [float(), ...]}

  @doc "The spread of the microseconds that each contestant takes, over `rounds` rounds."
  @spec interleaved(%{atom() => contestant()}, pos_integer()) :: %{atom() => spread()}
  def interleaved(contestants, rounds), do: pooled([times(contestants, rounds)])

  # What one contestant leaves behind (a namespace is taken down in the background) must not always fall on
  # the same other one. The first rounds load code and start the shared agent, and do not count.
  @spec times(%{atom() => contestant()}, pos_integer()) :: times()
  def times(contestants, rounds) do
    warm_up = div(rounds, 10) + 1
    for _round <- 1..warm_up, {_name, contestant} <- contestants, do: timed(contestant)

    taken =
      for _round <- 1..rounds, {name, contestant} <- Enum.shuffle(contestants), do: {name, timed(contestant)}

    Enum.group_by(taken, &elem(&1, 0), &elem(&1, 1))
  end

  @doc "The spread of what several times the same contestants took."
  @spec pooled([times(), ...]) :: %{atom() => spread()}
  def pooled(all) do
    all
    |> Enum.reduce(fn times, sum -> Map.merge(sum, times, fn _name, a, b -> a ++ b end) end)
    |> Map.new(fn {name, values} -> {name, spread(values)} end)
  end

  @doc "Microseconds that a contestant takes."
  @spec timed(contestant()) :: float()
  def timed({run, tidy}) do
    begin = System.monotonic_time()
    left = run.()
    taken = System.monotonic_time() - begin
    tidy.(left)
    System.convert_time_unit(taken, :native, :nanosecond) / 1000
  end

  def timed(run), do: timed({run, fn _left -> :ok end})

  @doc "Median, and the values that a tenth lies below and above."
  @spec spread([number(), ...]) :: spread()
  def spread(values) do
    sorted = values |> Enum.sort() |> List.to_tuple()
    last = tuple_size(sorted) - 1
    at = fn share -> elem(sorted, round(last * share)) / 1 end
    %{median: at.(0.5), p10: at.(0.1), p90: at.(0.9), count: last + 1}
  end
end
