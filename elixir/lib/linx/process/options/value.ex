# What all groups of options share: how a wrong value is told, and the shapes strings and numbers come in.

defmodule Linx.Process.Options.Value do
  @moduledoc false

  # A checked value in the shape of the wire, or the sentence that says what is wrong with it.
  @type checked(value) :: {:ok, value} | {:wrong, String.t()}

  @longest_shown 80

  @doc "The sentence `option: value rule`."
  @spec wrong(atom() | String.t(), term(), String.t()) :: {:wrong, String.t()}
  def wrong(option, value, rule), do: {:wrong, "#{option}: #{show(value)} #{rule}"}

  @doc "A value as a person can read it, on one line, cut to a length that fits into a message."
  @spec show(term()) :: String.t()
  def show(value) do
    text =
      value
      |> inspect(limit: 12, printable_limit: 60, width: :infinity, binaries: :as_strings)
      |> String.replace("\n", " ")

    if String.length(text) > @longest_shown,
      do: String.slice(text, 0, @longest_shown) <> "...",
      else: text
  end

  @doc "A string, or a charlist as Erlang's strings are, as a binary."
  @spec text(term()) :: {:ok, binary()} | :error
  def text(value) when is_binary(value), do: {:ok, value}

  def text(value) when is_list(value) do
    if proper_list?(value) and Enum.all?(value, &is_integer/1),
      do: {:ok, List.to_string(value)},
      else: :error
  rescue
    # An integer that is no character.
    _error in [ArgumentError, UnicodeConversionError] -> :error
  end

  def text(_other), do: :error

  @doc "A string that a system call can take: not empty unless allowed, without a NUL byte."
  @spec string(atom() | String.t(), term(), :empty_too | :not_empty) :: checked(binary())
  def string(option, value, emptiness \\ :not_empty) do
    case text(value) do
      :error -> wrong(option, value, "is neither a string nor a charlist")
      {:ok, ""} when emptiness == :not_empty -> {:wrong, "#{option}: is empty"}
      {:ok, text} -> without_nul(option, text)
    end
  end

  defp without_nul(option, text) do
    case :binary.match(text, <<0>>) do
      :nomatch -> {:ok, text}
      _found -> wrong(option, text, "holds a NUL byte")
    end
  end

  @spec integer(atom(), term(), integer(), integer()) :: checked(integer())
  def integer(option, value, first, last) do
    cond do
      not is_integer(value) -> wrong(option, value, "is not an integer between #{first} and #{last}")
      value < first or value > last -> wrong(option, value, "is not between #{first} and #{last}")
      true -> {:ok, value}
    end
  end

  @spec boolean(atom(), term()) :: checked(boolean())
  def boolean(_option, value) when is_boolean(value), do: {:ok, value}
  def boolean(option, value), do: wrong(option, value, "is neither true nor false")

  @doc "Checks each element of a proper list; stops at the first that is wrong."
  @spec each(atom() | String.t(), term(), String.t(), (term() -> checked(value))) :: checked([value])
        when value: term()
  def each(option, list, not_a_list, check) do
    if proper_list?(list), do: check_each(list, check, []), else: wrong(option, list, not_a_list)
  end

  defp check_each([], _check, done), do: {:ok, Enum.reverse(done)}

  defp check_each([element | rest], check, done) do
    with {:ok, value} <- check.(element), do: check_each(rest, check, [value | done])
  end

  @doc "Is it a list that ends in an empty list? (`[1 | 2]` is none.)"
  @spec proper_list?(term()) :: boolean()
  def proper_list?(value), do: is_list(value) and List.improper?(value) == false

  @doc "The pairs of a map or of a keyword list; other terms stay as they are."
  @spec pairs(term()) :: term()
  def pairs(value) when is_map(value) and not is_struct(value), do: Map.to_list(value)
  def pairs(value), do: value

  @doc "The element that is there twice, if one is."
  @spec twice([term()]) :: {:twice, term()} | nil
  def twice(list) do
    case list -- Enum.uniq(list) do
      [] -> nil
      [element | _] -> {:twice, element}
    end
  end
end
