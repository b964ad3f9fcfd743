# Many sessions at once, and what is left of them.

defmodule Linx.CrowdTest do
  use Linx.Live

  @crowd 1_000

  # What one must not leave behind: descriptors and children of the agent, routes, ports, processes of the BEAM.
  defp census do
    pid = agent_pid()
    server = Process.whereis(Linx.Agent)

    %{
      agent: pid,
      descriptors: "/proc/#{pid}/fd" |> File.ls!() |> length(),
      children: "/proc/#{pid}/task/#{pid}/children" |> File.read!() |> String.split(),
      routes: :ets.info(Linx.Agent.Routes, :size),
      watched: map_size(:sys.get_state(server).watched),
      monitors: server |> Process.info(:monitors) |> elem(1) |> length(),
      sessions: length(Linx.sessions()),
      supervised: DynamicSupervisor.count_children(Linx.SessionSupervisor).active,
      ports: length(Port.list())
    }
  end

  setup do
    # The sessions of other tests have their owners' ends behind them; those that linger are let go.
    {:ok, {:exited, 0}} = result!(argv: ["/bin/true"])
    eventually(fn -> Enum.all?(Linx.sessions(), &(&1.stage == :ended)) end, "quiet")
    for info <- Linx.sessions(), do: Linx.Process.forget(info.session)
    eventually(fn -> Linx.sessions() == [] end, "emptiness")
    %{before: census()}
  end

  defp as_before(before), do: eventually(fn -> census() == before end, "what was before: #{inspect(before)}")

  defp at_once(count, function) do
    1..count
    |> Task.async_stream(fn _ -> function.() end, max_concurrency: count, timeout: 60_000)
    |> Enum.map(fn {:ok, result} -> result end)
  end

  test "a thousand sessions are started and aborted at once, and nothing is left", %{before: before} do
    results =
      at_once(@crowd, fn ->
        {:ok, p} = Linx.Process.spawn(argv: ["/bin/true"], linger: 0)
        :ok = Linx.Process.abort(p)
        p
      end)

    assert length(Enum.uniq(results)) == @crowd
    as_before(before)
  end

  test "a thousand sessions are parked, then let go, each with its own end", %{before: before} do
    sessions = for n <- 1..@crowd, do: {n, spawn!(argv: ["/bin/sh", "-c", "exit #{rem(n, 200)}"], owner: nil)}
    pids = for {_n, p} <- sessions, do: host_pid!(p)
    assert length(Enum.uniq(pids)) == @crowd
    assert Enum.all?(pids, &alive?/1)
    for {_n, p} <- sessions, do: :ok = Linx.Process.proceed(p)

    for {n, p} <- sessions do
      assert Linx.Process.wait(p, 30_000) == {:ok, {:exited, rem(n, 200)}}
      Linx.Process.forget(p)
    end

    as_before(before)
  end

  test "a thousand sessions whose processes are killed leave no workload", %{before: before} do
    sessions = for _ <- 1..@crowd, do: spawn!(argv: sleeper(), auto_proceed: true, owner: nil)
    # Some run, some are on their way.
    for p <- Enum.take_every(sessions, 7), do: :ok = Linx.Process.await_running(p)
    Enum.each(sessions, &Process.exit(&1, :kill))
    as_before(before)
  end

  test "a hundred sessions with agents of their own leave none of them", %{before: before} do
    agents =
      at_once(100, fn ->
        {:ok, p} = Linx.Process.spawn(argv: sleeper(), agent: :dedicated, linger: 0, auto_proceed: true)
        :ok = Linx.Process.await_running(p)
        {:ok, info} = Linx.Process.info(p)
        {:ok, _result} = Linx.Process.stop(p, 0)
        info.agent_os_pid
      end)

    assert length(Enum.uniq(agents)) == 100
    Enum.each(agents, &await_gone/1)
    as_before(before)
  end

  test "sessions that fail in every way leave nothing", %{before: before} do
    failures = [
      [argv: ["/nowhere"]],
      [argv: ["true"], join: [net: "/nowhere"]],
      [argv: ["true"], cwd: "/nowhere"],
      [argv: ["true"], stdio: [stdin: {:file, "/nowhere"}]],
      [argv: ["true"], at_checkpoint: fn _pid -> :error end],
      [argv: ["true"], at_checkpoint: fn _pid -> Process.sleep(:infinity) end, checkpoint_timeout: 5],
      [argv: ["true"], namespaces: [:mount], mounts: [{"nofs", "/"}]]
    ]

    at_once(20, fn ->
      for options <- failures, do: assert({:error, %Error{}} = result!([linger: 0] ++ options))
    end)

    as_before(before)
  end
end
