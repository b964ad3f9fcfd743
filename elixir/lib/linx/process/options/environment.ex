# The environment of the workload: its option, and what becomes of it at launch. No error ever shows a value.

defmodule Linx.Process.Options.Environment do
  @moduledoc false

  import Linx.Process.Options.Value, only: [text: 1, proper_list?: 1, pairs: 1]

  alias Linx.Process.Options.Value

  # The whole of it, changes to what is there (nil unsets), a function called at launch, or the default.
  @type t ::
          {:whole, [{binary(), binary()}]}
          | {:inherit, [{binary(), binary() | nil}]}
          | {:function, (() -> term())}
          | :default

  @forms "a map, a keyword list or a list of {name, value}, {:inherit, changes}, or a function of no arguments"

  @spec check(term()) :: Value.checked(t())
  def check(function) when is_function(function, 0), do: {:ok, {:function, function}}
  def check(value), do: check_value(value)

  defp check_value({:inherit, changes}) do
    with {:ok, changes} <- entries(changes, :nil_unsets), do: {:ok, {:inherit, changes}}
  end

  defp check_value(value) do
    with {:ok, entries} <- entries(value, :no_nil), do: {:ok, {:whole, entries}}
  end

  defp entries(value, nils) do
    list = pairs(value)

    if proper_list?(list),
      do: each_entry(list, nils, []),
      else: {:wrong, "env: #{kind(value)} is not #{@forms}"}
  end

  # Not with Value.each: of what stands in an environment nothing may be shown but names.
  defp each_entry([], _nils, done), do: {:ok, Enum.reverse(done)}

  defp each_entry([entry | rest], nils, done) do
    with {:ok, entry} <- entry(entry, nils), do: each_entry(rest, nils, [entry | done])
  end

  defp entry({name, value}, nils) do
    with {:ok, name} <- name(name), {:ok, value} <- value(name, value, nils), do: {:ok, {name, value}}
  end

  defp entry(_other, _nils), do: {:wrong, "env: an entry is not a pair {name, value}"}

  defp name(name) when is_atom(name) and name not in [nil, true, false],
    do: name(Atom.to_string(name))

  defp name(name) do
    case text(name) do
      {:ok, text} -> well_formed(text)
      :error -> {:wrong, "env: the name of an entry is not a string, a charlist or an atom"}
    end
  end

  defp well_formed(name) do
    cond do
      name == "" -> {:wrong, "env: the name of an entry is empty"}
      name =~ "=" -> {:wrong, "env: the name that begins with #{head(name)} holds a ="}
      name =~ <<0>> -> {:wrong, "env: the name that begins with #{head(name)} holds a NUL byte"}
      true -> {:ok, name}
    end
  end

  # What follows the = may be a secret.
  defp head(name) do
    name |> String.split(["=", <<0>>]) |> hd() |> Value.show()
  end

  defp value(_name, nil, :nil_unsets), do: {:ok, nil}

  defp value(name, nil, :no_nil),
    do: {:wrong, "env: the value of #{Value.show(name)} is nil; {:inherit, changes} is what unsets"}

  defp value(name, value, _nils) do
    case text(value) do
      {:ok, text} -> without_nul(name, text)
      :error -> {:wrong, "env: the value of #{Value.show(name)} is neither a string nor a charlist"}
    end
  end

  defp without_nul(name, text) do
    if text =~ <<0>>,
      do: {:wrong, "env: the value of #{Value.show(name)} holds a NUL byte"},
      else: {:ok, text}
  end

  defp kind(value) when is_binary(value), do: "a string"
  defp kind(nil), do: "nil"
  defp kind(value) when is_atom(value), do: "an atom"
  defp kind(value) when is_function(value), do: "a function that takes arguments"
  defp kind(value) when is_number(value), do: "a number"
  defp kind(value) when is_tuple(value), do: "a tuple"
  defp kind(_other), do: "what was given"

  @doc """
  The environment as the wire has it, from the VM's own as it is now. A function is called here.
  """
  @spec resolve(t(), :spawn | :enter) :: Value.checked([{text, text}]) when text: binary() | charlist()
  def resolve({:whole, entries}, _mode), do: {:ok, last_of_each(entries)}

  # As charlists, which the wire takes as well: to make strings of them here takes longer than all the rest.
  def resolve(:default, :spawn), do: {:ok, :os.env()}
  def resolve(:default, :enter), do: {:ok, base(:enter)}

  def resolve({:inherit, changes}, mode) do
    merged = Map.merge(Map.new(base(mode)), Map.new(changes))
    {:ok, for({name, value} <- merged, value != nil, do: {name, value})}
  end

  def resolve({:function, function}, mode) do
    with {:ok, value} <- call(function), {:ok, environment} <- check_value(value) do
      resolve(environment, mode)
    end
  end

  defp last_of_each(entries), do: entries |> Map.new() |> Map.to_list()

  # To enter a container is no reason to carry the host's environment into it.
  defp base(:enter) do
    for name <- ["PATH", "TERM"], value = System.get_env(name), do: {name, value}
  end

  # As System.get_env/0, without the map in between.
  defp base(:spawn) do
    for {name, value} <- :os.env(), do: {List.to_string(name), List.to_string(value)}
  end

  # Neither the reason nor what the function answered may be shown: either may hold a value.
  defp call(function) do
    {:ok, function.()}
  rescue
    error -> {:wrong, "env: the function raised #{inspect(error.__struct__)}"}
  catch
    kind, _reason -> {:wrong, "env: the function ended with #{kind}"}
  end
end
