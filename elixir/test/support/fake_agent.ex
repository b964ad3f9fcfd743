# Port programs that are no agents, or bad ones: what they say is written down before they start.

defmodule Linx.FakeAgent do
  @moduledoc false

  @hello %{protocol: 1, version: "0.0.1", os_pid: 1, kernel: {6, 1, 0}, features: []}

  @doc "A program that sends these frames, then does what the line of shell says. Answers with its path."
  def write(directory, frames, then \\ "cat <&3 >/dev/null") do
    name = Path.join(directory, "fake-#{System.unique_integer([:positive])}")
    File.write!(name <> ".frames", Enum.map(frames, &framed/1))
    File.write!(name, "#!/bin/sh\ncat #{name}.frames >&4\n#{then}\n")
    File.chmod!(name, 0o755)
    name
  end

  def hello(changes \\ %{}), do: {:hello, Map.merge(@hello, changes)}

  defp framed({:raw, bytes}), do: bytes
  defp framed(bytes) when is_binary(bytes), do: [<<byte_size(bytes)::32>>, bytes]
  defp framed(term), do: term |> :erlang.term_to_binary() |> framed()
end
