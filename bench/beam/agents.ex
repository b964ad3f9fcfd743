# Agents that a benchmark starts for itself, and what the kernel says of their processes.

defmodule Bench.Agents do
  alias Linx.Agent.Executable

  @deadline_ms 60_000

  @doc "An agent whose OS process runs already; the options are those of `Linx.Agent`."
  @spec start(keyword()) :: {pid(), pos_integer()}
  def start(options \\ []) do
    {:ok, agent} = Linx.Agent.start_link(options)
    {:ok, %{os_pid: os_pid}} = Linx.Agent.channel(agent)
    {agent, os_pid}
  end

  @doc "Stops an agent, and waits until its OS process and so its workloads are gone."
  @spec stop({pid(), pos_integer()}) :: :ok
  def stop({agent, os_pid}) do
    GenServer.stop(agent)
    await_end(os_pid, System.monotonic_time(:millisecond) + @deadline_ms)
  end

  defp await_end(os_pid, deadline) do
    cond do
      not File.dir?("/proc/#{os_pid}") -> :ok
      System.monotonic_time(:millisecond) > deadline -> raise "the agent of pid #{os_pid} does not end"
      true -> :timer.sleep(5) && await_end(os_pid, deadline)
    end
  end

  @doc "The program of the agent, as the Mix compiler has installed it."
  @spec program() :: Path.t()
  def program do
    {:ok, path} = Executable.path(nil)
    path
  end

  @doc "Anonymous memory in bytes."
  @spec memory(pos_integer()) :: pos_integer()
  def memory(os_pid) do
    [_line, kib] = Regex.run(~r/^RssAnon:\s+(\d+) kB$/m, File.read!("/proc/#{os_pid}/status"))
    String.to_integer(kib) * 1024
  end

  @doc "Open descriptors."
  @spec descriptors(pos_integer()) :: non_neg_integer()
  def descriptors(os_pid), do: length(File.ls!("/proc/#{os_pid}/fd"))
end
