# The options that say what is executed and with what around it: argv, arg0, cwd, umask, init.

defmodule Linx.Process.Options.Program do
  @moduledoc false

  import Linx.Process.Options.Value

  @spec check(atom(), term()) :: Linx.Process.Options.Value.checked(term())
  def check(:argv, []), do: {:wrong, "argv: [] is empty; it must name a program"}

  def check(:argv, value) do
    rule = "is not a list of strings, as [\"echo\", \"hello\"] is"

    # A charlist is a list, but of characters.
    if text(value) == :error or value == "",
      do: :argv |> each(value, rule, &argument/1) |> with_program(),
      else: wrong(:argv, value, rule)
  end

  def check(:arg0, value), do: string(:arg0, value, :empty_too)
  def check(:cwd, value), do: string(:cwd, value)
  def check(:umask, value), do: umask(value)
  def check(:init, value), do: boolean(:init, value)

  defp argument(value), do: string(:argv, value, :empty_too)

  defp with_program({:ok, ["" | _arguments]}),
    do: {:wrong, "argv: the name of the program is empty"}

  defp with_program(checked), do: checked

  defp umask(value) when value in 0..0o777, do: {:ok, value}
  defp umask(value), do: wrong(:umask, value, "is not an integer between 0 and 0o777")
end
