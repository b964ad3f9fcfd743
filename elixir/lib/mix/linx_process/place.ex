# Where the build of the agent finds and puts its files, all of them under Mix's build path but the sources.

defmodule Mix.LinxProcess.Place do
  @moduledoc false

  alias Mix.LinxProcess.Complaint

  defstruct [:root, :build_dir, :executable, :manifest, :source_priv]

  @type t :: %__MODULE__{
          root: Path.t(),
          build_dir: Path.t(),
          executable: Path.t(),
          manifest: Path.t(),
          source_priv: Path.t()
        }

  @doc "Whether an agent can be built and installed in these places."
  @spec check(t()) :: :ok | {:error, Complaint.t()}
  def check(place) do
    cond do
      File.exists?(place.source_priv) ->
        # Mix links the build's priv to this one, and the agent would land in the source tree.
        {:error, Complaint.new("#{place.source_priv}: the sources of linx must have no priv directory")}

      not File.regular?(Path.join(place.root, "agent/CMakeLists.txt")) and no_prebuilt?() ->
        {:error,
         Complaint.new(
           "#{place.root}: the C++ sources of the agent are not here; depend on the whole repository " <>
             "(path: \".../linx/elixir\", or git with subdir: \"elixir\")"
         )}

      true ->
        :ok
    end
  end

  defp no_prebuilt?, do: Mix.LinxProcess.Prebuilt.path() == nil

  @doc "Puts `built` into the application's priv, in one step: an agent that runs keeps its old file."
  @spec install(t(), Path.t()) :: :ok | {:error, Complaint.t()}
  def install(place, built) do
    unfinished = place.executable <> ".#{System.pid()}"

    with :ok <- File.mkdir_p(Path.dirname(place.executable)),
         :ok <- File.cp(built, unfinished),
         :ok <- File.rename(unfinished, place.executable) do
      :ok
    else
      {:error, reason} ->
        File.rm(unfinished)

        {:error, Complaint.new("#{place.executable}: cannot be written: #{:file.format_error(reason)}")}
    end
  end
end
