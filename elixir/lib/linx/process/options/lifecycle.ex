# The options that say how a session lives: who owns it, what ends it, and where it is.

defmodule Linx.Process.Options.Lifecycle do
  @moduledoc false

  import Linx.Process.Options.Value

  # What Erlang's timers take.
  @longest_ms 4_294_967_295
  # Atoms that name no process; :undefined is what Erlang says where there is none.
  @no_names [nil, true, false, :undefined]

  @spec check(atom(), term()) :: Linx.Process.Options.Value.checked(term())
  def check(:owner, owner) when is_pid(owner) or is_nil(owner), do: {:ok, owner}
  def check(:owner, other), do: wrong(:owner, other, "is neither a pid nor nil")

  def check(:tag, tag), do: {:ok, tag}
  def check(:id, id), do: {:ok, id}
  def check(:auto_proceed, value), do: boolean(:auto_proceed, value)

  def check(:at_checkpoint, function) when is_function(function, 1), do: {:ok, function}

  def check(:at_checkpoint, other),
    do: wrong(:at_checkpoint, other, "is not a function of one argument, the host pid")

  def check(name, :infinity) when name in [:checkpoint_timeout, :timeout, :linger],
    do: {:ok, :infinity}

  def check(name, value) when name in [:checkpoint_timeout, :timeout],
    do: milliseconds(name, value, 1, " or :infinity")

  def check(:linger, value), do: milliseconds(:linger, value, 0, " or :infinity")
  def check(:kill_grace, value), do: milliseconds(:kill_grace, value, 0, "")

  def check(:orphan_policy, :keep), do: {:ok, :keep}
  def check(:orphan_policy, {:kill, ms} = policy) when ms in 0..@longest_ms, do: {:ok, policy}

  def check(:orphan_policy, other),
    do: wrong(:orphan_policy, other, "is neither {:kill, milliseconds} nor :keep")

  def check(:agent, agent) when agent in [:shared, :dedicated] or is_pid(agent), do: {:ok, agent}

  def check(:agent, other) do
    if server_name?(other),
      do: {:ok, other},
      else: wrong(:agent, other, "is not :shared, :dedicated, or an agent that was started")
  end

  def check(:node, node) when is_atom(node) and node not in @no_names, do: {:ok, node}
  def check(:node, other), do: wrong(:node, other, "is not the name of a node, an atom")

  def check(:name, nil), do: {:ok, nil}

  def check(:name, other) do
    if server_name?(other),
      do: {:ok, other},
      else: wrong(:name, other, "is not an atom, {:global, term} or {:via, module, term}")
  end

  def check(:restart, restart) when restart in [:permanent, :transient, :temporary],
    do: {:ok, restart}

  def check(:restart, other),
    do: wrong(:restart, other, "is not :permanent, :transient or :temporary")

  defp server_name?(name) when is_atom(name), do: name not in @no_names
  defp server_name?({:global, _term}), do: true
  defp server_name?({:via, module, _term}), do: is_atom(module)
  defp server_name?(_other), do: false

  defp milliseconds(_name, value, first, _or)
       when is_integer(value) and value >= first and value <= @longest_ms,
       do: {:ok, value}

  defp milliseconds(name, value, first, otherwise),
    do: wrong(name, value, "is not a number of milliseconds between #{first} and #{@longest_ms}#{otherwise}")
end
