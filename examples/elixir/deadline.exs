# Runs a command without a network and for so many seconds at most, and says how it went.
#
#   elixir examples/elixir/deadline.exs SECONDS COMMAND [ARG...]
#
# For an ordinary user as for root: the user namespace gives the right to make the others. The whole tree of processes
# ends with the command, since it is process 1 of its pid namespace.
Mix.install([{:linx, path: Path.expand("../../elixir", __DIR__)}])

defmodule Deadline do
  def run([seconds | argv]) do
    with {:ok, p} <- launch(argv, String.to_integer(seconds) * 1000),
         {:ok, result} <- Linx.Process.wait(p, :infinity),
         {:ok, info} <- Linx.Process.info(p) do
      took = DateTime.diff(info.ended_at, info.running_at, :millisecond)
      IO.puts(:stderr, "#{how(result, info.timed_out)} after #{took} ms")
      System.halt(code(result))
    else
      {:error, error} ->
        IO.puts(:stderr, Exception.message(error))
        System.halt(125)
    end
  end

  defp launch(argv, timeout) do
    Linx.Process.spawn(
      argv: argv,
      namespaces: [:user, :net, :pid, :mount],
      mounts: [{"proc", "/proc"}],
      map_root: true,
      timeout: timeout,
      kill_grace: 500,
      auto_proceed: true
    )
  end

  defp how(_result, true), do: "out of time"
  defp how({:exited, code}, false), do: "exited with #{code}"
  defp how({:signaled, number}, false), do: "killed by signal #{number}"

  defp code({:exited, code}), do: code
  defp code({:signaled, number}), do: 128 + number
end

Deadline.run(System.argv())
