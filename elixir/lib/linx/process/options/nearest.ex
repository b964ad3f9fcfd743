# What a person may have meant: the known name that is nearest to one that is not known.

defmodule Linx.Process.Options.Nearest do
  @moduledoc false

  # Two swapped letters, a plural, a missing underscore are above it; another word is below.
  @near 0.82

  @spec to(String.t(), [String.t()]) :: String.t() | nil
  def to(text, names) do
    {name, distance} =
      names
      |> Enum.map(&{&1, String.jaro_distance(text, &1)})
      |> Enum.max_by(&elem(&1, 1))

    if distance >= @near, do: name
  end
end
