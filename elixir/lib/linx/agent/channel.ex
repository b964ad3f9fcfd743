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

  @doc "Sends a command of a session. When the agent has ended, the session hears that by itself."
  @spec request(t(), Wire.id(), non_neg_integer(), Wire.command()) :: :ok
  def request(channel, id, ref, command) do
    true = Port.command(channel.port, Wire.request(id, ref, command))
    :ok
  rescue
    ArgumentError -> :ok
  end
end
