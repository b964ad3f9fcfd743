# An agent that was built elsewhere, as LINX_PROCESS_PATH names it.

defmodule Mix.LinxProcess.Prebuilt do
  @moduledoc false

  import Bitwise

  alias Mix.LinxProcess.Complaint

  @variable "LINX_PROCESS_PATH"

  @doc "The path, if there is one."
  @spec path() :: String.t() | nil
  def path do
    case System.get_env(@variable) do
      "" -> nil
      path -> path
    end
  end

  @doc "Whether it can be one: an executable file, named by an absolute path."
  @spec check(String.t()) :: :ok | {:error, Complaint.t()}
  def check(path) do
    # A dependency is compiled in its own directory, so a relative path would mean something else there.
    if Path.type(path) == :absolute do
      check_file(path, File.stat(path))
    else
      complain(path, "is not an absolute path")
    end
  end

  defp check_file(path, {:error, reason}), do: complain(path, to_string(:file.format_error(reason)))

  defp check_file(path, {:ok, %File.Stat{type: :regular, mode: mode}}) do
    if (mode &&& 0o111) == 0, do: complain(path, "is not executable"), else: :ok
  end

  defp check_file(path, {:ok, %File.Stat{}}), do: complain(path, "is not a file")

  defp complain(path, rule), do: {:error, Complaint.new("#{@variable}: #{inspect(path)}: #{rule}")}
end
