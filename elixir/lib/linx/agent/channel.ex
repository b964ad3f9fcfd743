# The way from a session to its agent: the port, and the table by which the agent's events find back.

defmodule Linx.Agent.Channel do
  @moduledoc false

  alias Linx.Agent.Wire

  @enforce_keys [:server, :port, :routes, :os_pid]
  defstruct [:server, :port, :routes, :os_pid]

  @type t :: %__MODULE__{server: pid(), port: port(), routes: :ets.tid() | atom(), os_pid: pos_integer()}

  @doc """
  Sends the frame that begins a session, which is the calling process, past the agent's server.

  The route is there before the frame is sent, and the server is told, so that it sees to the workload when
  this process is killed. `:closed`: the agent has ended meanwhile.
  """
  @spec launch(t(), Wire.id(), binary()) :: :ok | :closed
  def launch(channel, id, frame) do
    :ets.insert(channel.routes, {id, self(), channel.port})
    send(channel.server, {:watch, id, self()})
    true = Port.command(channel.port, frame)
    :ok
  rescue
    # The table is gone with the server, or the port is closed.
    ArgumentError -> :closed
  end

  # From here on, so that they are none of those that a session gives to its own requests, which it counts.
  @direct 1_099_511_627_776

  @doc "Is it the number of a request that its asker sent past the session?"
  defguard is_direct(ref) when ref > @direct

  @doc """
  Asks the agent about a session and waits for the answer, past the session's process. `:closed`: the agent has
  ended, or does so before it answers.

  The agent's server sends the answer straight to the asker, who has a route of its own for as long.
  """
  @spec ask(t(), Wire.id(), Wire.command(), timeout()) :: Wire.reply() | :closed | :timeout
  def ask(channel, id, command, patience) do
    ref = @direct + :erlang.unique_integer([:positive])
    monitor = :erlang.monitor(:process, channel.server, alias: :reply_demonitor)
    asked = send_direct(channel, id, ref, command, monitor)

    receive do
      {^monitor, {:reply, reply}} -> reply
      {^monitor, :died} -> :closed
      {:DOWN, ^monitor, :process, _server, _reason} -> :closed
    after
      if(asked, do: patience, else: 0) ->
        Process.demonitor(monitor, [:flush])
        give_up(channel, {id, ref}, monitor)
        if asked, do: :timeout, else: :closed
    end
  end

  defp send_direct(channel, id, ref, command, monitor) do
    :ets.insert(channel.routes, {{id, ref}, monitor, channel.port})
    Port.command(channel.port, Wire.request(id, ref, command))
  rescue
    ArgumentError -> false
  end

  # An answer that came just now must not stay in the mailbox.
  defp give_up(channel, route, monitor) do
    :ets.delete(channel.routes, route)

    receive do
      {^monitor, _answer} -> :ok
    after
      0 -> :ok
    end
  rescue
    ArgumentError -> :ok
  end

  @doc "Sends a command of a session. When the agent has ended, the session hears that by itself."
  @spec request(t(), Wire.id(), non_neg_integer(), Wire.command()) :: :ok
  def request(channel, id, ref, command) do
    true = Port.command(channel.port, Wire.request(id, ref, command))
    :ok
  rescue
    ArgumentError -> :ok
  end
end
