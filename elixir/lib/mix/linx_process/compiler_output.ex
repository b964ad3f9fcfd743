# Reads what gcc, clang and CMake say: diagnostics for editors, and the lines that a person needs.

defmodule Mix.LinxProcess.CompilerOutput do
  @moduledoc false

  alias Mix.Task.Compiler.Diagnostic

  @compiler ~r/^(?<file>[^\s:][^:]*):(?<line>\d+):(?:\d+:)? (?<severity>fatal error|error|warning): (?<message>.+)$/
  @cmake ~r/^CMake (?<severity>Error|Warning)(?: \(dev\))? at (?<file>[^:]+):(?<line>\d+) \([^)]*\):\s*(?<message>.*)$/s
  @progress ~r/^(\[ *\d+(\/\d+|%)\]|-- |ninja: |g?make(\[\d+\])?: |FAILED: |Consolidate compiler|Scanning dependencies)/

  @doc "The errors and warnings in the output, each once; CMake names its files from the root of the sources."
  @spec diagnostics(String.t(), Path.t()) :: [Diagnostic.t()]
  def diagnostics(output, root) do
    from_compiler = output |> lines() |> Enum.map(&Regex.named_captures(@compiler, &1))
    from_cmake = output |> cmake_messages() |> Enum.map(&Regex.named_captures(@cmake, &1))

    (from_compiler ++ from_cmake)
    |> Enum.reject(&is_nil/1)
    |> Enum.map(&diagnostic(&1, root))
    |> Enum.uniq()
  end

  @doc "The output without the progress of the build and the command lines of what failed."
  @spec for_people(String.t()) :: String.t()
  def for_people(output) do
    output |> lines() |> without_progress() |> Enum.join("\n") |> String.trim("\n")
  end

  # ninja shows the command that failed on the line after its FAILED line.
  defp without_progress(["FAILED: " <> _, _command | rest]), do: without_progress(rest)

  defp without_progress([line | rest]) do
    if line =~ @progress, do: without_progress(rest), else: [line | without_progress(rest)]
  end

  defp without_progress([]), do: []

  # The message follows in indented lines, with empty ones between its paragraphs.
  defp cmake_messages(output) do
    output |> String.split(~r/^(?=CMake (?:Error|Warning))/m) |> Enum.map(&until_outdented/1)
  end

  defp until_outdented(text) do
    [head | body] = lines(text)
    Enum.join([head | Enum.take_while(body, &(&1 == "" or String.starts_with?(&1, " ")))], "\n")
  end

  defp diagnostic(found, root) do
    %Diagnostic{
      compiler_name: "linx_process",
      file: Path.expand(found["file"], root),
      position: String.to_integer(found["line"]),
      severity: severity(found["severity"]),
      message: found["message"] |> String.split() |> Enum.join(" ")
    }
  end

  defp severity(word) when word in ["warning", "Warning"], do: :warning
  defp severity(_word), do: :error

  defp lines(output), do: String.split(output, ["\r\n", "\n"])
end
