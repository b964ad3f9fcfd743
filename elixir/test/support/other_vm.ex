# Other Erlang VMs, for tests that kill them or speak to them over the network.

defmodule Linx.OtherVM do
  @moduledoc false

  import ExUnit.Callbacks, only: [on_exit: 1]

  @doc "A VM with linx started: a `:peer`, and its OS process."
  def start(options \\ %{}) do
    defaults = %{connection: {{127, 0, 0, 1}, 0}, args: arguments(), wait_boot: 30_000}
    {:ok, peer, _node} = options |> Enum.into(defaults) |> :peer.start()
    on_exit(fn -> stop(peer) end)
    {:ok, _started} = call(peer, :application, :ensure_all_started, [:linx])
    {peer, List.to_integer(call(peer, :os, :getpid, []))}
  end

  def call(peer, module, function, arguments), do: :peer.call(peer, module, function, arguments, 30_000)

  # It reports no progress, and its own log is its own affair.
  def arguments do
    paths = for path <- :code.get_path(), path != '.', argument <- ['-pa', path], do: argument
    {:ok, agent} = Linx.Agent.Executable.path(nil)
    quiet = ['-kernel', 'logger_level', 'emergency', '-elixir', 'ansi_enabled', 'false']
    ['-env', 'LINX_PROCESS_PATH', String.to_charlist(agent)] ++ quiet ++ paths
  end

  defp stop(peer) do
    :peer.stop(peer)
  catch
    :exit, _reason -> :ok
  end
end
