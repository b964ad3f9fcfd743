# The function given as at_checkpoint: run in a process of its own, which ends with the session.

defmodule Linx.Process.Session.AtCheckpoint do
  @moduledoc false

  @type running :: {pid(), reference()}

  @doc "Runs it; its end is a DOWN message whose reason `outcome/1` reads."
  @spec run((pos_integer() -> term()), pos_integer()) :: running()
  def run(function, host_pid),
    do: :erlang.spawn_opt(fn -> exit({__MODULE__, call(function, host_pid)}) end, [:link, :monitor])

  # A crash is our news, and no crash report's.
  defp call(function, host_pid) do
    case function.(host_pid) do
      {:error, reason} -> {:error, words(reason)}
      :error -> {:error, "it answered :error"}
      _done -> :ok
    end
  rescue
    error -> {:error, "it raised #{inspect(error.__struct__)}: #{Exception.message(error)}"}
  catch
    :throw, value -> {:error, "it threw #{shown(value)}"}
    :exit, reason -> {:error, "it exited: #{shown(reason)}"}
  end

  @doc "What the reason of its end says."
  @spec outcome(term()) :: :ok | {:error, String.t()}
  def outcome({__MODULE__, outcome}), do: outcome
  def outcome(:killed), do: {:error, "it was killed"}
  def outcome(reason), do: {:error, "it ended: #{shown(reason)}"}

  @spec stop(running() | nil) :: :ok
  def stop(nil), do: :ok

  def stop({pid, monitor}) do
    Process.unlink(pid)
    Process.exit(pid, :kill)
    Process.demonitor(monitor, [:flush])
    :ok
  end

  defp words(reason) when is_binary(reason), do: reason
  defp words(%{__exception__: true} = error), do: Exception.message(error)
  defp words(reason), do: shown(reason)

  defp shown(term), do: inspect(term, limit: 12, printable_limit: 200)
end
