# Properties, checked with PropEr without its macros, which are Erlang's.

defmodule Linx.Property do
  @moduledoc false

  import ExUnit.Assertions

  @doc "Holds the property for many values of the type? The smallest value that it does not hold for is shown."
  @spec holds(term(), (term() -> boolean()), pos_integer()) :: true
  def holds(type, property, tests \\ 300) do
    checked = :proper.forall(type, property)

    case :proper.quickcheck(checked, [:quiet, :long_result, numtests: tests]) do
      true -> true
      [counterexample] -> flunk("does not hold for #{inspect(counterexample, limit: 60)}")
      other -> flunk("could not be checked: #{inspect(other)}")
    end
  end

  @doc "The type of what the function makes of a value of the type."
  @spec map(term(), (term() -> term())) :: term()
  def map(type, function),
    do: :proper_types.bind(type, fn value -> :proper_types.exactly(function.(value)) end, true)
end
