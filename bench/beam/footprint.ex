# What an agent takes that serves nobody yet: bytes on disk and anonymous memory.

defmodule Bench.Footprint do
  alias Bench.{Agents, Launches, Row}

  @spec rows() :: [Row.t()]
  def rows do
    %{size: size} = File.stat!(Agents.program())
    {server, os_pid} = agent = Agents.start()
    fresh = Agents.memory(os_pid)
    [agent: server] |> Launches.launch() |> Linx.Process.forget()
    used = Agents.memory(os_pid)
    Agents.stop(agent)

    [
      Row.alone("beam/agent/disk", "the agent: bytes on disk", size / 1024,
        unit: "KiB",
        target: {:at_most, 1536}
      ),
      memory("idle", "the agent: anonymous memory, idle", fresh),
      memory("used", "  and idle again after its first launch", used)
    ]
  end

  defp memory(name, what, bytes),
    do: Row.alone("beam/agent/#{name}", what, bytes / 1024, unit: "KiB", target: {:at_most, 150})
end
