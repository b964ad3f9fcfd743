# The Mix compiler :linx_process, which builds the agent with CMake when something it is made of has changed.

defmodule Mix.Tasks.Compile.LinxProcess do
  @moduledoc """
  Builds the agent `linx_process` and installs it into `priv` of the application, under the build path.

  It runs as a part of `mix compile`, also where linx is a dependency, and neither runs CMake nor says a
  word when nothing has changed: sources, flags, compiler, target and Erlang are those of the build before.

  It needs CMake, make or ninja, a C++23 compiler (g++ 12, clang 19) and Erlang's `ei`. On Debian:

      apt install cmake g++ make erlang-dev

  ## Environment

    * `LINX_PROCESS_PATH` - the absolute path of an agent to install instead of building one
    * `CC`, `CXX`, `CFLAGS`, `CXXFLAGS`, `LDFLAGS` - compilers and flags
    * `CMAKE_TOOLCHAIN_FILE` - a toolchain file of CMake's, for another machine
    * `ERL_EI_INCLUDE_DIR`, `ERL_EI_LIBDIR` - where the target's `ei.h` and `libei.a` are; default: those of
      the Erlang that runs Mix
    * `CMAKE_GENERATOR` - default: Ninja where it is installed, else make

  Nerves sets all that it needs of these by itself.

  ## Options

    * `--force` - asks CMake also when nothing seems to have changed
  """

  use Mix.Task.Compiler

  alias Mix.LinxProcess.{CMake, Complaint, Inputs, Place, Prebuilt}

  @recursive true

  @impl true
  def run(args) do
    place = here()
    source = if path = Prebuilt.path(), do: {Prebuilt, path}, else: {CMake, nil}

    with :ok <- Place.check(place),
         {:ok, inputs} <- read_inputs(source, place) do
      if "--force" in args or Inputs.changed?(inputs, place) do
        build(source, inputs, place)
      else
        {:noop, []}
      end
    else
      {:error, complaint} -> Complaint.report(complaint)
    end
  end

  @impl true
  def manifests, do: [here().manifest]

  @impl true
  def clean do
    place = here()
    File.rm(place.manifest)
    File.rm(place.executable)
    File.rm_rf(place.build_dir)
    :ok
  end

  # Here and not in Place: at `mix clean` the other modules of this compiler are gone already.
  defp here do
    project = Path.dirname(Mix.Project.project_file())

    %Place{
      root: Path.dirname(project),
      build_dir: Path.join(Mix.Project.build_path(), "linx_process"),
      executable: Path.join([Mix.Project.app_path(), "priv", "linx_process"]),
      manifest: Path.join(Mix.Project.manifest_path(), "compile.linx_process"),
      source_priv: Path.join(project, "priv")
    }
  end

  defp read_inputs({Prebuilt, path}, _place), do: Inputs.of_prebuilt(path)
  defp read_inputs({CMake, nil}, place), do: Inputs.of_sources(place)

  defp build(source, inputs, place) do
    # What is there may be older than its sources from here on, whatever happens.
    File.rm(place.manifest)

    with {:ok, built, diagnostics} <- obtain(source, inputs, place),
         :ok <- Place.install(place, built) do
      Inputs.remember(inputs, place)
      {:ok, diagnostics}
    else
      {:error, complaint} -> Complaint.report(complaint)
    end
  end

  defp obtain({Prebuilt, path}, _inputs, _place), do: {:ok, path, []}
  defp obtain({CMake, nil}, inputs, place), do: CMake.build(inputs, place)
end
