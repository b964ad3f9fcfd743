# Launches per second, when 1 to 64 callers launch at the same time.

defmodule Bench.Callers do
  alias Bench.{Launches, Peers, Row, Sample}

  @callers [1, 2, 4, 8, 16, 32, 64]
  @repetitions 5
  @window_ms 300
  # At this number of callers the target is.
  @busy 32
  @least 2_000

  @spec rows() :: [Row.t()]
  def rows do
    rates =
      for _repetition <- 1..@repetitions, {key, work} <- Enum.shuffle(contests()), do: {key, rate(key, work)}

    rates = Enum.group_by(rates, &elem(&1, 0), &elem(&1, 1))

    for callers <- @callers do
      ours = Sample.spread(rates[{:linx, callers}])
      theirs = Sample.spread(rates[{:system_cmd, callers}])
      Row.beside("beam/callers/#{callers}", what(callers), ours, theirs, unit: "/s", target: target(callers))
    end
  end

  defp what(callers),
    do: "launches per second, #{callers} #{if callers == 1, do: "caller", else: "callers"}, beside System.cmd"

  defp target(@busy), do: {:at_least, @least}
  defp target(_callers), do: nil

  defp contests do
    for callers <- @callers, {name, work} <- [linx: &linx/0, system_cmd: &Peers.system_cmd/0] do
      {{name, callers}, work}
    end
  end

  # To be forgotten is a part of it here: what a session leaves behind must not be left to later.
  defp linx, do: [] |> Launches.launch() |> Linx.Process.forget()

  defp rate({_name, callers}, work) do
    begin = System.monotonic_time(:microsecond)
    until = begin + @window_ms * 1000
    tasks = for _caller <- 1..callers, do: Task.async(fn -> repeat(work, until, 0) end)
    done = tasks |> Task.await_many(:infinity) |> Enum.sum()
    done * 1_000_000 / (System.monotonic_time(:microsecond) - begin)
  end

  defp repeat(work, until, done) do
    if System.monotonic_time(:microsecond) < until do
      work.()
      repeat(work, until, done + 1)
    else
      done
    end
  end
end
