# The wire between the BEAM and the agent (docs/protocol.md): requests to frames, frames to events. Pure.

defmodule Linx.Agent.Wire do
  @moduledoc """
  The frames that pass between the BEAM and the agent, `docs/protocol.md` of the repository in code.

  Nothing here trusts a frame: what the agent could not have meant is an error, never a crash, and no atom
  is ever made from the wire. So every atom that the agent may send is named in this module.
  """

  alias Linx.Process.{Error, Stage}

  @protocol 1
  @longest_frame 1_048_576
  @last_id 576_460_752_303_423_487

  # Decoding makes no atoms: naming them here has them exist before the first frame comes.
  @stages Map.new(Stage.names(), &{&1, true})
  @features [:user, :mount, :pid, :net, :uts, :ipc, :cgroup, :time]

  @typedoc "The number of a session, picked on the BEAM; 0 is the agent itself."
  @type id :: non_neg_integer()

  @typedoc "CPU time and peak memory of a workload."
  @type usage :: %{user_us: integer(), system_us: integer(), peak_memory_kib: integer()}

  @typedoc "What the agent says about itself, first of all."
  @type hello :: %{
          protocol: pos_integer(),
          version: String.t(),
          os_pid: pos_integer(),
          kernel: {integer(), integer(), integer()},
          features: [atom()]
        }

  @type event ::
          {:spawned, pos_integer()}
          | {:ready, pos_integer(), pos_integer()}
          | :running
          | {:exited, 0..255, usage()}
          | {:signaled, pos_integer(), usage()}
          | :aborted
          | {:error, Error.t()}

  @type reply :: :ok | {:ok, term()} | {:error, Error.t()}

  @type frame :: {:hello, hello()} | {:event, id(), event()} | {:reply, id(), integer(), reply()}

  @type command ::
          {:spawn, map()}
          | {:enter, pos_integer(), map()}
          | :proceed
          | :abort
          | {:signal, 0..64}
          | {:kill, non_neg_integer()}
          | :orphan
          | :ping

  @doc "The protocol's number that this module speaks."
  @spec protocol() :: pos_integer()
  def protocol, do: @protocol

  @doc "The longest frame in bytes."
  @spec longest_frame() :: pos_integer()
  def longest_frame, do: @longest_frame

  @doc "A number for a session that no other session of this VM has, or had."
  @spec new_id() :: pos_integer()
  def new_id, do: rem(:erlang.unique_integer([:positive]), @last_id) + 1

  @doc "A request as a frame, without its length: `{:packet, 4}` puts that in front."
  @spec request(id(), non_neg_integer(), command()) :: binary()
  def request(id, ref, command), do: :erlang.term_to_binary({id, ref, command})

  @doc """
  What the agent sent.

      iex> Linx.Agent.Wire.decode(:erlang.term_to_binary({7, :running}))
      {:ok, {:event, 7, :running}}
      iex> Linx.Agent.Wire.decode(<<131, 0>>)
      {:error, "not a term that is known here"}
  """
  @spec decode(binary()) :: {:ok, frame()} | {:error, String.t()}
  # A compressed term may be a bomb.
  def decode(<<131, 80, _rest::binary>>), do: {:error, "a compressed term"}

  def decode(bytes) do
    case :erlang.binary_to_term(bytes, [:safe, :used]) do
      {term, used} when used == byte_size(bytes) -> frame(term)
      {_term, _used} -> {:error, "bytes behind the term"}
    end
  rescue
    ArgumentError -> {:error, "not a term that is known here"}
  end

  defp frame({:hello, hello}), do: hello(hello)

  defp frame({id, {:reply, ref, reply}}) when id in 0..@last_id and ref in 0..@last_id do
    with {:ok, reply} <- reply(reply), do: {:ok, {:reply, id, ref, reply}}
  end

  defp frame({id, event}) when id in 0..@last_id do
    with {:ok, event} <- event(event), do: {:ok, {:event, id, event}}
  end

  defp frame(other), do: unknown("frame", other)

  defp hello(
         %{protocol: protocol, version: version, os_pid: pid, kernel: {a, b, c}, features: features} = hello
       )
       when is_integer(protocol) and is_binary(version) and is_integer(pid) and pid > 0 and
              is_integer(a) and is_integer(b) and is_integer(c) and is_list(features) do
    if not List.improper?(features) and Enum.all?(features, &(&1 in @features)),
      do: {:ok, {:hello, Map.take(hello, [:protocol, :version, :os_pid, :kernel, :features])}},
      else: unknown("list of features", features)
  end

  # Of another protocol only its number is of interest.
  defp hello(%{protocol: protocol}) when is_integer(protocol) and protocol != @protocol,
    do: {:error, "protocol #{protocol}; this side speaks #{@protocol}"}

  defp hello(other), do: unknown("hello", other)

  defp reply(:ok), do: {:ok, :ok}
  defp reply({:ok, term}), do: {:ok, {:ok, term}}

  defp reply({:error, errno, stage, detail} = failure) do
    if error?(errno, stage, detail),
      do: {:ok, {:error, Error.from_wire(errno, stage, detail)}},
      else: unknown("reply", failure)
  end

  defp reply(other), do: unknown("reply", other)

  defp event({:spawned, pid} = event) when is_integer(pid), do: {:ok, event}
  defp event({:ready, pid, inside} = event) when is_integer(pid) and is_integer(inside), do: {:ok, event}
  defp event(:running), do: {:ok, :running}
  defp event(:aborted), do: {:ok, :aborted}

  defp event({how, number, usage} = event) when how in [:exited, :signaled] and is_integer(number) do
    case usage do
      %{user_us: user, system_us: system, peak_memory_kib: peak}
      when is_integer(user) and is_integer(system) and is_integer(peak) ->
        {:ok, {how, number, Map.take(usage, [:user_us, :system_us, :peak_memory_kib])}}

      _other ->
        unknown("event", event)
    end
  end

  defp event({:error, errno, stage, detail} = event) do
    if error?(errno, stage, detail),
      do: {:ok, {:error, Error.from_wire(errno, stage, detail)}},
      else: unknown("event", event)
  end

  defp event(other), do: unknown("event", other)

  defp error?(errno, stage, detail),
    do: is_integer(errno) and is_map_key(@stages, stage) and is_binary(detail)

  defp unknown(what, term) do
    {:error, "an unknown #{what}: #{inspect(term, limit: 8, printable_limit: 60)}"}
  end
end
