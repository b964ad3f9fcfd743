# Runs the Elixir blocks of a Markdown or Livebook file, in their order and with the variables of those before, and
# compares the value of each with the output that the file shows below it. The first that fails ends it.
#
#   elixir run_livemd.exs FILE

defmodule RunLivemd do
  @fence ~r/^(?<output><!-- livebook:\{"output":true\} -->\n+)?```(?<language>[a-z]*)\n(?<text>.*?)^```$/ms

  def run(file) do
    blocks = file |> File.read!() |> blocks()
    {_bindings, _environment} = Enum.reduce(blocks, {[], environment(file)}, &step/2)
    count = Enum.count(blocks, &match?({:elixir, _, _}, &1))
    if count == 0, do: raise("#{file} has no block of Elixir")

    IO.puts(
      "ran #{count} blocks of #{Path.basename(file)}, #{Enum.count(blocks, &shows_output?/1)} with their output"
    )
  end

  # {:elixir, text, output}; blocks in other languages are not ours.
  defp blocks(text) do
    @fence
    |> Regex.scan(text, capture: ["output", "language", "text"])
    |> Enum.reduce([], fn
      ["", "elixir", code], done -> [{:elixir, code, nil} | done]
      ["", _language, _text], done -> [:other | done]
      [_mark, _language, shown], [{:elixir, code, nil} | done] -> [{:elixir, code, shown} | done]
    end)
    |> Enum.reverse()
  end

  defp shows_output?({:elixir, _code, shown}), do: shown != nil
  defp shows_output?(:other), do: false

  defp environment(file), do: %{Code.env_for_eval([]) | file: Path.expand(file)}

  defp step(:other, state), do: state

  defp step({:elixir, code, shown}, {bindings, environment}) do
    {value, bindings, environment} =
      Code.eval_quoted_with_env(quoted(code, environment), bindings, environment)

    compare(shown, inspect(value, pretty: true), code)
    {bindings, environment}
  rescue
    error ->
      IO.puts("this block failed:\n#{code}")
      reraise error, __STACKTRACE__
  end

  defp quoted(code, environment), do: Code.string_to_quoted!(code, file: environment.file)

  defp compare(nil, _value, _code), do: :ok

  defp compare(shown, value, code) do
    if String.trim(shown) != String.trim(value) do
      IO.puts("this block answers #{value}\nand the file shows #{shown}\n#{code}")
      System.halt(1)
    end
  end
end

[file] = System.argv()
RunLivemd.run(file)
