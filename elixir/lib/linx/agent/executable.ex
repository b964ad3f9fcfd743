# The agent's program: where it is, how it is opened as a port, and in which words it fails.

defmodule Linx.Agent.Executable do
  @moduledoc false

  alias Linx.Process.{Errno, Error}

  @variable "LINX_PROCESS_PATH"
  @hint "mix compile builds it; #{@variable} names another one"

  @doc "The executable to use: the one that was given, that of LINX_PROCESS_PATH, or the package's own."
  @spec path(String.t() | nil) :: {:ok, String.t()} | {:error, Error.t()}
  def path(nil) do
    case System.get_env(@variable, "") do
      "" -> packaged()
      path -> {:ok, path}
    end
  end

  def path(given), do: {:ok, given}

  defp packaged do
    {:ok, Application.app_dir(:linx, "priv/linx_process")}
  rescue
    ArgumentError -> {:error, failed(2, "the application :linx is not loaded", @hint)}
  end

  @spec open(String.t()) :: {:ok, port()} | {:error, Error.t()}
  def open(path) do
    options = [
      :nouse_stdio,
      :binary,
      :exit_status,
      packet: 4,
      args: ["--vm-pid", List.to_string(:os.getpid())]
    ]

    {:ok, Port.open({:spawn_executable, path}, options)}
  rescue
    error in ErlangError -> {:error, not_opened(error.original, path)}
    ArgumentError -> {:error, failed(22, "#{inspect(path)} is not the path of a program", @hint)}
  end

  defp not_opened(reason, path) when is_atom(reason) do
    case Errno.number(reason) do
      nil -> failed(11, "#{path}: #{reason}", @hint)
      errno -> failed(errno, path, @hint)
    end
  end

  defp not_opened(reason, path), do: failed(22, "#{path}: #{inspect(reason)}", @hint)

  @doc "The agent could not be started, or what was started is none."
  @spec failed(integer(), String.t(), String.t() | nil) :: Error.t()
  def failed(errno, detail, hint \\ nil), do: Error.new(:agent_start, errno, detail, hint)

  @doc "How a program ended, from what a port says: 128 and more stand for a signal."
  @spec ending(0..255) :: String.t()
  def ending(status) when status > 128, do: "was killed by signal #{status - 128}"
  def ending(status), do: "exited with status #{status}"
end
