# What a person wants to know about a session at three in the morning.

defmodule Linx.Process.Info do
  @moduledoc """
  A session as it is now, from `Linx.Process.info/1` and `Linx.sessions/0`.

    * `:session`, `:tag`, `:owner`, `:node` - the handle, your name for it, who gets its events, where it is
    * `:mode` - `:spawn` or `{:enter, pid}`
    * `:stage` - `:starting`, `:ready`, `:proceeding`, `:running` or `:ended`
    * `:waits_for` - what has to happen next, in words
    * `:host_pid`, `:child_pid` - the workload's pid on the host, and as it sees itself
    * `:agent_os_pid` - the pid of its agent
    * `:argv`, `:namespaces`, `:orphan_policy` - as they were given
    * `:started_at`, `:ready_at`, `:running_at`, `:ended_at` - `DateTime`s, `nil` for what has not happened
    * `:result` - as `Linx.Process.wait/1` answers it; `nil` before the end
    * `:usage` - CPU time and peak memory of a workload that has ended
    * `:timed_out` - was it killed because of its `:timeout`?
  """

  defstruct [
    :session,
    :tag,
    :mode,
    :stage,
    :waits_for,
    :host_pid,
    :child_pid,
    :agent_os_pid,
    :argv,
    :namespaces,
    :owner,
    :started_at,
    :ready_at,
    :running_at,
    :ended_at,
    :usage,
    :result,
    :orphan_policy,
    :node,
    timed_out: false
  ]

  @type t :: %__MODULE__{
          session: pid(),
          tag: term(),
          mode: :spawn | {:enter, pos_integer()},
          stage: :starting | :ready | :proceeding | :running | :ended,
          waits_for: String.t(),
          host_pid: pos_integer() | nil,
          child_pid: pos_integer() | nil,
          agent_os_pid: pos_integer() | nil,
          argv: [String.t()],
          namespaces: [atom()],
          owner: pid() | nil,
          started_at: DateTime.t(),
          ready_at: DateTime.t() | nil,
          running_at: DateTime.t() | nil,
          ended_at: DateTime.t() | nil,
          usage: Linx.Agent.Wire.usage() | nil,
          result: Linx.Process.Session.State.result() | nil,
          orphan_policy: :keep | {:kill, non_neg_integer()},
          node: node(),
          timed_out: boolean()
        }

  @doc false
  @spec of(struct()) :: t()
  def of(%{launch: launch, state: state} = session) do
    %__MODULE__{
      session: self(),
      tag: with({:tag, tag} <- launch.tag, do: tag),
      mode: launch.mode,
      stage: state.stage,
      waits_for: waits_for(state),
      host_pid: state.host_pid,
      child_pid: state.child_pid,
      agent_os_pid: session.agent_os_pid,
      argv: launch.spec.argv,
      namespaces: Map.get(launch.spec, :namespaces, []),
      owner: state.owner,
      usage: state.usage,
      result: state.result,
      orphan_policy: launch.orphan_policy,
      node: node(),
      timed_out: state.timed_out
    }
    |> Map.merge(times(state.times))
  end

  defp times(times) do
    %{
      started_at: time(times[:started]),
      ready_at: time(times[:ready]),
      running_at: time(times[:running]),
      ended_at: time(times[:ended])
    }
  end

  defp time(nil), do: nil
  defp time(microseconds), do: DateTime.from_unix!(microseconds, :microsecond)

  defp waits_for(%{stage: :ended, linger: :infinity}), do: "forget/1"
  defp waits_for(%{stage: :ended}), do: "forget/1, or its linger to pass"
  defp waits_for(%{killing: true}), do: "the workload to end; it is being killed"
  defp waits_for(%{failure: failure}) when failure != nil, do: "the child to be discarded"
  defp waits_for(%{stage: :starting}), do: "the child to be ready at the checkpoint"
  defp waits_for(%{checkpoint: :running}), do: "the function given as at_checkpoint"
  defp waits_for(%{stage: :ready}), do: "proceed/1 or abort/1"
  defp waits_for(%{stage: :proceeding}), do: "the program to be executed"
  defp waits_for(%{stage: :running}), do: "the workload to end"

  defimpl Inspect do
    import Inspect.Algebra

    def inspect(info, options) do
      head = [argv: info.argv, stage: info.stage]
      facts = for key <- [:host_pid, :result], value = Map.get(info, key), do: {key, value}

      concat([
        "#Linx.Process.Info<",
        to_doc(info.session, options),
        " ",
        to_doc(head ++ facts ++ [waits_for: info.waits_for], options),
        ">"
      ])
    end
  end
end
