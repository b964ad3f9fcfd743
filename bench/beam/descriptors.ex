# Launches by an agent that was born with ten thousand open descriptors (it closes them), beside one that was not.

defmodule Bench.Descriptors do
  alias Bench.{Agents, Launches, Row, Sample}

  @many 10_000
  @rounds 200

  @spec rows(Path.t()) :: [Row.t()]
  def rows(programs) do
    many = born_with(@many, programs)
    none = born_with(0, programs)
    times = Sample.interleaved(%{many: contestant(many), none: contestant(none)}, @rounds)
    Agents.stop(many)
    Agents.stop(none)

    [
      Row.beside(
        "beam/descriptors/launch",
        "a launch by an agent born with #{@many} open descriptors, beside one with none",
        times.many,
        times.none,
        target: {:ratio, 2.0}
      )
    ]
  end

  defp contestant({server, _os_pid}), do: Launches.contestant(agent: server)

  # Both agents start in the same way, so that their number of descriptors is all in which they differ.
  defp born_with(count, programs) do
    Agents.start(executable: wrapper(count, programs))
  end

  defp wrapper(count, programs) do
    path = Path.join(programs, "agent_with_#{count}_descriptors")
    crowded = Path.join(programs, "crowded")
    File.write!(path, "#!/bin/sh\nexec '#{crowded}' #{count} '#{Agents.program()}' \"$@\"\n")
    File.chmod!(path, 0o755)
    path
  end
end
