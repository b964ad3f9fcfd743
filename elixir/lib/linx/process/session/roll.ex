# The roll of the sessions of this node: a table of pids, so that each can be found, however it was started.

defmodule Linx.Process.Session.Roll do
  @moduledoc false

  alias Linx.Agent.{Channel, Wire}

  @table __MODULE__

  @doc "Makes the table; it belongs to the calling process."
  @spec open() :: :ok
  def open do
    @table = :ets.new(@table, [:named_table, :public, write_concurrency: true, read_concurrency: true])
    :ok
  end

  @doc "Puts the calling process on the roll; false when the application is not started."
  @spec enter() :: boolean()
  def enter do
    :ets.insert(@table, {self()})
  rescue
    ArgumentError -> false
  end

  @doc "Notes how the calling session's agent is reached, and under which number it knows the session."
  @spec note(Channel.t(), Wire.id()) :: :ok
  def note(channel, id) do
    :ets.insert(@table, {self(), channel, id})
    :ok
  rescue
    ArgumentError -> :ok
  end

  @doc "The way past the session to its agent, for what the session itself need not know."
  @spec line(pid()) :: {Channel.t(), Wire.id()} | nil
  def line(pid) do
    case :ets.lookup(@table, pid) do
      [{_pid, channel, id}] -> {channel, id}
      _starting_or_gone -> nil
    end
  rescue
    ArgumentError -> nil
  end

  @spec leave(pid()) :: :ok
  def leave(pid \\ self()) do
    :ets.delete(@table, pid)
    :ok
  rescue
    ArgumentError -> :ok
  end

  @doc "Is the process of this node a session that lives?"
  @spec member?(pid()) :: boolean()
  def member?(pid) do
    :ets.member(@table, pid)
  rescue
    ArgumentError -> false
  end

  @doc "Every session. One that was killed could not leave, and is taken off here."
  @spec pids() :: [pid()]
  def pids do
    {alive, dead} = @table |> :ets.tab2list() |> Enum.map(&elem(&1, 0)) |> Enum.split_with(&Process.alive?/1)
    Enum.each(dead, &leave/1)
    alive
  rescue
    ArgumentError -> []
  end
end
