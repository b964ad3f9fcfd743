# The package's front page, and the view over all sessions of a node.

defmodule Linx do
  @moduledoc """
  Linux processes in namespaces, with a checkpoint between clone and exec.

      {:ok, p} =
        Linx.Process.spawn(
          argv: ["/usr/sbin/nginx", "-g", "daemon off;"],
          namespaces: [:user, :pid, :mount, :net],
          uid_map: [{0, 100_000, 65_536}],
          gid_map: [{0, 100_000, 65_536}]
        )

      {:ok, host_pid} = Linx.Process.await_ready(p, 5_000)
      # The process exists and has not run one instruction. Set it up from the host, then:
      :ok = Linx.Process.proceed(p)
      {:ok, {:exited, 0}} = Linx.Process.wait(p)

  Everything is in `Linx.Process`; `Linx.Agent` is the OS process that launches; `Linx.Process.Error` is what
  every failure looks like. From Erlang: `'Elixir.Linx.Process':spawn([{argv, ["echo", "hello"]}])`.
  """

  alias Linx.Process.Info
  alias Linx.Process.Session.Roll

  # For all sessions together.
  @patience 5_000

  @doc """
  Every session of this node: those of `Linx.Process.spawn/1`, linked ones, those with agents of their own, and
  those that linger after their workload's end. One that does not answer in time is left out.

      iex> {:ok, p} = Linx.Process.spawn(argv: ["/bin/true"])
      iex> Enum.any?(Linx.sessions(), &(&1.session == p))
      true
  """
  @spec sessions() :: [Info.t()]
  def sessions do
    deadline = System.monotonic_time(:millisecond) + @patience

    Roll.pids()
    |> Enum.map(&:gen_server.send_request(&1, :info))
    |> Enum.flat_map(&info(&1, max(0, deadline - System.monotonic_time(:millisecond))))
  end

  defp info(request, patience) do
    case :gen_server.receive_response(request, patience) do
      {:reply, {:ok, info}} -> [info]
      _ended_or_silent -> []
    end
  end
end
