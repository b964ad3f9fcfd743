# One agent with ten thousand running sessions: what each takes, and whether a launch still takes what it took.

defmodule Bench.Crowd do
  alias Bench.{Agents, Launches, Row, Sample}

  @few 1_000
  @many 10_000
  # So many launches are timed one by one, the first and the last ones.
  @timed 200
  @starters 8
  @rounds 150

  @spec rows(Path.t()) :: [Row.t()]
  def rows(programs) do
    {server, _os_pid} = crowd = Agents.start()

    launch = [
      argv: [Path.join(programs, "idle")],
      agent: server,
      owner: nil,
      linger: 0,
      orphan_policy: {:kill, 0}
    ]

    idle = measure(crowd)
    first = one_by_one(launch)
    all_at_once(launch, @few - @timed)
    few = measure(crowd)
    all_at_once(launch, @many - @few - @timed)
    last = one_by_one(launch)
    many = measure(crowd)
    beside = beside_an_empty_one(server)
    Agents.stop(crowd)
    taken(few, idle) ++ taken(many, idle) ++ launches(first, last, beside)
  end

  # --- the crowd -------------------------------------------------------------------------------------

  defp one_by_one(launch) do
    for(_launch <- 1..@timed, do: Sample.timed(fn -> run(launch) end)) |> Sample.spread()
  end

  defp all_at_once(launch, count) do
    1..count
    |> Task.async_stream(fn _n -> run(launch) end, max_concurrency: @starters, timeout: :infinity)
    |> Stream.run()
  end

  defp run(launch) do
    {:ok, session} = Linx.Process.spawn(launch)
    :ok = Linx.Process.proceed(session)
    :ok = Linx.Process.await_running(session)
  end

  # --- what it takes ---------------------------------------------------------------------------------

  defp measure({server, os_pid}) do
    {:ok, %{sessions: sessions}} = Linx.Agent.info(server)
    %{sessions: sessions, memory: Agents.memory(os_pid), descriptors: Agents.descriptors(os_pid)}
  end

  defp taken(%{sessions: sessions} = now, idle) do
    each = fn what -> (now[what] - idle[what]) / sessions end
    where = "per running session, at #{sessions}"

    [
      Row.alone("beam/sessions/memory_#{sessions}", "the agent: anonymous memory #{where}", each.(:memory),
        unit: "B",
        target: {:at_most, 2048}
      ),
      Row.alone(
        "beam/sessions/descriptors_#{sessions}",
        "the agent: descriptors #{where}",
        each.(:descriptors),
        unit: "fd",
        target: {:at_most, 1}
      )
    ]
  end

  # --- launches --------------------------------------------------------------------------------------

  # In one run, and with the same processes on the machine: what the agent alone costs.
  defp beside_an_empty_one(crowded) do
    {server, _os_pid} = empty = Agents.start()

    times =
      Sample.interleaved(
        %{crowded: Launches.contestant(agent: crowded), empty: Launches.contestant(agent: server)},
        @rounds
      )

    Agents.stop(empty)
    times
  end

  defp launches(first, last, beside) do
    [
      Row.beside(
        "beam/sessions/last",
        "the last #{@timed} of #{@many} launches, beside the first ones",
        last,
        first,
        target: {:ratio, 2.0}
      ),
      Row.beside(
        "beam/sessions/crowded",
        "a launch by an agent with #{@many} sessions, beside one by an agent without",
        beside.crowded,
        beside.empty,
        target: {:ratio, 2.0}
      )
    ]
  end
end
