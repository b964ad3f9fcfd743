# The one error of linx: which step failed, with which error number, on what, and what to do about it.

defmodule Linx.Process.Error do
  @moduledoc """
  A failure: which step of a launch it was, the kernel's error number, and on what.

    * `:stage` - the step (`Linx.Process.Stage`), such as `:execve`
    * `:errno` - the kernel's number, such as `2`
    * `:code` - the same as a POSIX atom, such as `:enoent`
    * `:detail` - on what: a path, a pid; for the stage `:spec` the option, its value and the rule
    * `:hint` - why, and what to do about it, where linx knows; else `nil`

  It is an exception, so it can be raised, and `Exception.message/1` says it in a sentence:

      iex> error = Linx.Process.Error.new(:execve, 2, "/bin/nginx")
      iex> {error.stage, error.code}
      {:execve, :enoent}
      iex> Exception.message(error)
      "execute (/bin/nginx): No such file or directory"
  """

  alias Linx.Process.{Errno, Stage}

  defexception [:stage, :errno, :code, :hint, detail: ""]

  @type t :: %__MODULE__{
          stage: Stage.t(),
          errno: integer(),
          code: atom(),
          detail: String.t(),
          hint: String.t() | nil
        }

  @doc "An error from its stage, its number, on what it was, and a hint."
  @spec new(Stage.t(), integer(), String.t(), String.t() | nil) :: t()
  def new(stage, errno, detail \\ "", hint \\ nil) do
    %__MODULE__{stage: stage, errno: errno, code: Errno.code(errno), detail: detail, hint: hint}
  end

  @doc "An error as the wire has it, where the hint is the second line of the detail."
  @spec from_wire(integer(), Stage.t(), String.t()) :: t()
  def from_wire(errno, stage, text) do
    case String.split(text, "\n", parts: 2) do
      [detail, hint] when hint != "" -> new(stage, errno, detail, hint)
      [detail | _none] -> new(stage, errno, detail)
    end
  end

  @doc "An error of a specification that cannot be meant: its detail names option, value and rule."
  @spec spec(String.t(), String.t() | nil) :: t()
  def spec(detail, hint \\ nil), do: new(:spec, 22, detail, hint)

  # A broken specification speaks for itself. The C++ core composes the same sentence.
  @impl true
  def message(%__MODULE__{hint: hint} = error) when hint in [nil, ""], do: sentence(error)
  def message(%__MODULE__{hint: hint} = error), do: sentence(error) <> "\n" <> printable(hint)

  defp sentence(%{stage: :spec, detail: detail}), do: printable(detail)

  defp sentence(%{stage: stage, errno: errno, detail: detail}) do
    words(stage) <> where(detail) <> ": " <> reason(errno)
  end

  defp words(stage) when is_atom(stage), do: Stage.words(stage) || Atom.to_string(stage)
  defp words(stage), do: inspect(stage)

  defp where(detail) when detail in [nil, ""], do: ""
  defp where(detail), do: " (" <> printable(detail) <> ")"

  defp reason(errno) when is_integer(errno), do: Errno.words(errno)
  defp reason(_none), do: "failed"

  # Names come from anywhere; a terminal must not take orders from them.
  defp printable(text) when is_binary(text) do
    for <<byte <- text>>, into: "", do: if(byte < 32 or byte == 127, do: "?", else: <<byte>>)
  end

  defp printable(other), do: inspect(other)

  defimpl Inspect do
    def inspect(error, _options) do
      sentence = error |> Exception.message() |> String.replace("\n", "; ")
      "#Linx.Process.Error<#{error.stage}#{code(error)}: #{sentence}>"
    end

    defp code(%{code: code}) when code in [nil, :unknown], do: ""
    defp code(%{code: code}), do: " " <> Atom.to_string(code)
  end
end
