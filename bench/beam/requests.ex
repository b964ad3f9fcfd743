# One request to the running agent and back, beside a Port program in C that does nothing but echo.

defmodule Bench.Requests do
  alias Bench.{Echo, Row, Sample}
  alias Linx.Agent.Wire

  # The kernel may put a fresh process where it answers twice as fast as elsewhere, and leave it there:
  # so everything is started anew, again and again.
  @starts 8
  @rounds_in_a_row 300
  @rounds_from_idle 60
  # So long nothing happens before a request from idle: neither the VM nor the programs wait actively then.
  @pause_ms 3

  @spec rows(Path.t()) :: [Row.t()]
  def rows(programs) do
    {in_a_row, from_idle} = 1..@starts |> Enum.map(fn _start -> start(programs) end) |> Enum.unzip()

    rows("idle", "one request and back, from idle", Sample.pooled(from_idle)) ++
      rows("hot", "one request and back, one after another", Sample.pooled(in_a_row))
  end

  defp rows(name, what, times) do
    [
      Row.beside(
        "beam/request/#{name}",
        "#{what}: signal(session, 0), beside a bare C echo port",
        times.linx,
        times.port,
        target: {:ratio, 1.3}
      ),
      Row.beside(
        "beam/request/#{name}_server",
        "  beside that port behind a GenServer",
        times.linx,
        times.server
      )
    ]
  end

  defp start(programs) do
    {agent, _os_pid} = running = Bench.Agents.start()
    {:ok, session} = Linx.Process.spawn(argv: [Path.join(programs, "idle")], agent: agent, linger: 0)
    :ok = Linx.Process.proceed(session)
    :ok = Linx.Process.await_running(session)
    port = Echo.open(Path.join(programs, "echo"))
    {:ok, server} = Echo.start_link(Path.join(programs, "echo"))
    contestants = contestants(session, port, server)

    in_a_row = Sample.times(contestants, @rounds_in_a_row)
    from_idle = contestants |> Map.new(&rested/1) |> Sample.times(@rounds_from_idle)

    Port.close(port)
    GenServer.stop(server)
    Bench.Agents.stop(running)
    {in_a_row, from_idle}
  end

  # All three send the same bytes.
  defp contestants(session, port, server) do
    frame = Wire.request(Wire.new_id(), 1, {:signal, 0})

    %{
      linx: fn -> :ok = Linx.Process.signal(session, 0) end,
      port: fn -> ^frame = Echo.directly(port, frame) end,
      server: fn -> ^frame = Echo.through_server(server, frame) end
    }
  end

  # Whoever comes next comes from idle.
  defp rested({name, run}), do: {name, {run, fn _left -> :timer.sleep(@pause_ms) end}}
end
