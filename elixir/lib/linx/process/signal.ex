# Signals by number and by name, as signal(7) has them.

defmodule Linx.Process.Signal do
  @moduledoc """
  Signal numbers from what people write: `15`, `:sigterm`, `:term`, `"SIGTERM"`.
  """

  alias Linx.Process.Error
  alias Linx.Process.Options.Nearest

  # The generic numbers: x86, arm and RISC-V. MIPS, Alpha and SPARC differ.
  @numbers %{
    "hup" => 1,
    "int" => 2,
    "quit" => 3,
    "ill" => 4,
    "trap" => 5,
    "abrt" => 6,
    "iot" => 6,
    "bus" => 7,
    "fpe" => 8,
    "kill" => 9,
    "usr1" => 10,
    "segv" => 11,
    "usr2" => 12,
    "pipe" => 13,
    "alrm" => 14,
    "term" => 15,
    "stkflt" => 16,
    "chld" => 17,
    "cont" => 18,
    "stop" => 19,
    "tstp" => 20,
    "ttin" => 21,
    "ttou" => 22,
    "urg" => 23,
    "xcpu" => 24,
    "xfsz" => 25,
    "vtalrm" => 26,
    "prof" => 27,
    "winch" => 28,
    "io" => 29,
    "poll" => 29,
    "pwr" => 30,
    "sys" => 31
  }

  @typedoc "A number from 0 to 64, or a name with or without `sig`, in any case."
  @type t :: 0..64 | atom() | String.t() | charlist()

  @doc """
  The number of a signal. 0 is no signal: it asks whether the process is there.

      iex> Linx.Process.Signal.number(:sigterm)
      {:ok, 15}
      iex> Linx.Process.Signal.number("HUP")
      {:ok, 1}
      iex> {:error, error} = Linx.Process.Signal.number(:sigtrem)
      iex> Exception.message(error)
      "signal: :sigtrem is no signal that linx knows; did you mean :sigterm?"
  """
  @spec number(t() | term()) :: {:ok, 0..64} | {:error, Error.t()}
  def number(number) when number in 0..64, do: {:ok, number}

  def number(number) when is_integer(number),
    do: {:error, Error.spec("signal: #{inspect(number)} is not between 0 and 64")}

  def number(name) when is_atom(name) and name not in [nil, true, false],
    do: named(Atom.to_string(name), name)

  def number(name) when is_binary(name), do: named(name, name)

  def number([_ | _] = name),
    do: if(List.ascii_printable?(name), do: named("#{name}", name), else: unknown(name))

  def number(other), do: unknown(other)

  defp named(text, given) do
    case Map.fetch(@numbers, bare(text)) do
      {:ok, number} -> {:ok, number}
      :error -> unknown(given, text)
    end
  end

  defp bare(text) do
    case String.downcase(text, :ascii) do
      "sig" <> name -> name
      name -> name
    end
  end

  defp unknown(given, text) do
    case Nearest.to(bare(text), Map.keys(@numbers)) do
      nil -> unknown(given)
      name -> unknown_signal(given, "; did you mean :sig#{name}?")
    end
  end

  defp unknown(given), do: unknown_signal(given, "")

  defp unknown_signal(given, rest) do
    shown = inspect(given, limit: 8, printable_limit: 40)
    {:error, Error.spec("signal: #{shown} is no signal that linx knows#{rest}")}
  end
end
