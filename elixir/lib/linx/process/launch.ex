# What a launch's options have become: the specification for the wire, and how the session is to live.

defmodule Linx.Process.Launch do
  @moduledoc false

  alias Linx.Process.{Error, WorkingDirectory}
  alias Linx.Process.Options.Environment

  # The options that are the agent's, by the names that the wire has for them too.
  @of_the_agent [
    :argv,
    :arg0,
    :cwd,
    :umask,
    :init,
    :namespaces,
    :join,
    :uid_map,
    :gid_map,
    :map_root,
    :time_offsets,
    :hostname,
    :domainname,
    :loopback,
    :mounts,
    :uid,
    :gid,
    :groups,
    :no_new_privs,
    :rlimits,
    :nice,
    :stdio,
    :orphan_policy
  ]

  @default_grace 5_000
  @default_linger 60_000

  @enforce_keys [:mode, :spec]
  defstruct [
    :mode,
    :spec,
    :tag,
    :at_checkpoint,
    :name,
    # Given neither as a pid nor as nil.
    owner: :unset,
    env: :default,
    auto_proceed: false,
    checkpoint_timeout: :infinity,
    orphan_policy: {:kill, @default_grace},
    timeout: :infinity,
    kill_grace: @default_grace,
    linger: @default_linger,
    agent: :shared,
    node: nil
  ]

  @type mode :: :spawn | {:enter, pos_integer()}
  @type t :: %__MODULE__{
          mode: mode(),
          spec: map(),
          env: Environment.t(),
          owner: pid() | nil | :unset,
          # `{:tag, term}` where one was given.
          tag: nil | {:tag, term()},
          at_checkpoint: nil | (pos_integer() -> term()),
          name: nil | GenServer.name(),
          auto_proceed: boolean(),
          checkpoint_timeout: timeout(),
          orphan_policy: :keep | {:kill, non_neg_integer()},
          timeout: timeout(),
          kill_grace: non_neg_integer(),
          linger: timeout(),
          agent: :shared | :dedicated | GenServer.server(),
          node: nil | node()
        }

  @doc "From a map of checked options."
  @spec new(mode(), map()) :: t()
  def new(mode, options) do
    fields = Map.drop(options, [:tag, :id, :restart | @of_the_agent])
    launch = struct!(%__MODULE__{mode: mode, spec: Map.take(options, @of_the_agent)}, fields)

    launch = %{
      launch
      | tag: tagged(options),
        orphan_policy: Map.get(options, :orphan_policy, launch.orphan_policy)
    }

    %{launch | agent: agent(launch)}
  end

  @doc "The grace that a kill takes when none is given."
  @spec default_grace() :: pos_integer()
  def default_grace, do: @default_grace

  defp tagged(%{tag: tag}), do: {:tag, tag}
  defp tagged(_options), do: nil

  # What is to outlive the VM gets an agent of its own, so that at the VM's end the shared one may kill
  # whatever descends from it.
  defp agent(%{orphan_policy: :keep, agent: :shared}), do: :dedicated
  defp agent(%{agent: agent}), do: agent

  @doc """
  The command for the agent, with the environment and the working directory as they are now.
  """
  @spec command(t()) :: {:ok, tuple()} | {:error, Error.t()}
  def command(%__MODULE__{mode: mode} = launch) do
    kind = kind(mode)

    case Environment.resolve(launch.env, kind) do
      {:ok, env} -> {:ok, command(mode, launch.spec |> Map.put(:env, env) |> placed(kind) |> paced(launch))}
      {:wrong, detail} -> {:error, Error.spec(detail)}
    end
  end

  defp command(:spawn, spec), do: {:spawn, spec}
  defp command({:enter, pid}, spec), do: {:enter, pid, spec}

  @doc "Is it a spawn or an enter?"
  @spec kind(mode()) :: :spawn | :enter
  def kind(:spawn), do: :spawn
  def kind({:enter, _pid}), do: :enter

  # The agent's working directory is the VM's of the day it was started. An enter begins in the target's root.
  defp placed(spec, :enter), do: spec
  defp placed(%{cwd: "/" <> _rest} = spec, :spawn), do: spec

  defp placed(spec, :spawn) do
    case WorkingDirectory.get() do
      {:ok, directory} -> Map.put(spec, :cwd, Path.join(directory, Map.get(spec, :cwd, "")))
      {:error, _gone} -> spec
    end
  end

  # With a function to run at the checkpoint, the session itself proceeds when it is done.
  defp paced(spec, launch) do
    spec =
      if launch.auto_proceed and launch.at_checkpoint == nil,
        do: Map.put(spec, :auto_proceed, true),
        else: spec

    case launch.checkpoint_timeout do
      :infinity -> spec
      ms -> Map.put(spec, :checkpoint_timeout, ms)
    end
  end

  # The environment may hold secrets.
  defimpl Inspect do
    import Inspect.Algebra

    def inspect(launch, options) do
      shown = [mode: launch.mode, argv: launch.spec[:argv], namespaces: Map.get(launch.spec, :namespaces, [])]
      concat(["#Linx.Process.Launch<", to_doc(shown, options), ">"])
    end
  end
end
