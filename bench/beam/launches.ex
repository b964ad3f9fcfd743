# Launches one after another, beside what else a BEAM has for running a program.

defmodule Bench.Launches do
  alias Bench.{Peers, Row, Sample}

  @rounds 400
  @program "/bin/true"

  @doc "Spawn, proceed and wait; answers with the session, which stays until it is forgotten."
  @spec launch(keyword()) :: pid()
  def launch(options) do
    {:ok, session} = Linx.Process.spawn([argv: [@program]] ++ options)
    :ok = Linx.Process.proceed(session)
    {:ok, {:exited, 0}} = Linx.Process.wait(session)
    session
  end

  @doc "`launch/1` as a contestant."
  @spec contestant(keyword()) :: Sample.contestant()
  def contestant(options), do: {fn -> launch(options) end, &Linx.Process.forget/1}

  @spec rows() :: [Row.t()]
  def rows do
    peers = Peers.available()
    times = Sample.interleaved(Map.merge(ours(), peers), @rounds)
    beside_cmd = fn name, what, options -> row(times, name, :system_cmd, "System.cmd", what, options) end

    [
      beside_cmd.(:shared, "spawn, proceed, wait of #{@program}: shared agent", target: {:ratio, 1.0}),
      beside_cmd.(:five, "  in user pid mount ipc uts, root mapped", target: {:ratio, 1.2}),
      beside_cmd.(:five_as_root, "  in pid net mount ipc uts, as root", []),
      row(times, :dedicated, :shared, "shared", "  with an agent of its own", target: {:ratio, 1.9})
    ] ++ beside_peers(times, peers)
  end

  defp ours do
    %{
      shared: contestant([]),
      five: contestant(namespaces: [:user, :pid, :mount, :ipc, :uts], map_root: true),
      five_as_root: contestant(namespaces: [:pid, :net, :mount, :ipc, :uts]),
      dedicated: contestant(agent: :dedicated)
    }
  end

  # The issue's target names erlexec beside System.cmd: faster than both.
  defp beside_peers(times, peers) do
    for {peer, name, target} <- [{:port, "a plain Port", nil}, {:erlexec, "exec:run", {:ratio, 1.0}}],
        is_map_key(peers, peer) do
      row(times, :shared, peer, name, "shared agent", name: "beam/launch/shared_#{peer}", target: target)
    end
  end

  defp row(times, subject, floor, floor_name, what, options) do
    options = Keyword.put_new(options, :name, "beam/launch/#{subject}")
    {name, options} = Keyword.pop!(options, :name)
    Row.beside(name, "#{what}, beside #{floor_name}", times[subject], times[floor], options)
  end
end
