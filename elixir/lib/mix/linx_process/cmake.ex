# Drives CMake: configures the repository for the agent alone, builds it, and leaves it stripped.

defmodule Mix.LinxProcess.CMake do
  @moduledoc false

  alias Mix.LinxProcess.{CompilerOutput, Complaint, Inputs, Place, Tools}
  alias Mix.Task.Compiler.Diagnostic

  # A make above this one must not lend it its job slots, messages must be in the language that is parsed,
  # without colours, and nothing is to be installed elsewhere than we say.
  @environment [
    {"MAKEFLAGS", nil},
    {"MFLAGS", nil},
    {"MAKELEVEL", nil},
    {"DESTDIR", nil},
    {"CLICOLOR_FORCE", nil},
    {"CMAKE_COLOR_DIAGNOSTICS", "OFF"},
    {"LC_ALL", "C.UTF-8"}
  ]

  @doc "Builds the agent: where it is, and what the compiler warned of."
  @spec build(Inputs.t(), Place.t()) ::
          {:ok, Path.t(), [Diagnostic.t()]} | {:error, Complaint.t()}
  def build(inputs, place) do
    with :ok <- Tools.check(),
         :ok <- start_afresh_with_other_settings(inputs, place) do
      Mix.shell().info("Compiling the agent linx_process (C++)")

      with {:ok, _said} <- cmake(place, configure_arguments(place)),
           {:ok, said} <- cmake(place, build_arguments(place)),
           {:ok, _said} <- cmake(place, install_arguments(place)) do
        {:ok, Path.join([place.build_dir, "installed", "bin", "linx_process"]), warnings(said, place)}
      end
    end
  end

  # CMake holds on to the compiler and the flags that it was first configured with.
  defp start_afresh_with_other_settings(inputs, place) do
    stamp = Path.join(place.build_dir, "linx_settings")
    digest = Inputs.settings_digest(inputs)

    if File.read(stamp) != {:ok, digest} do
      File.rm_rf!(place.build_dir)
      File.mkdir_p!(place.build_dir)
      File.write!(stamp, digest)
    end

    :ok
  end

  defp configure_arguments(place) do
    ei = Tools.ei()
    generator = Tools.generator()

    ["-S", place.root, "-B", place.build_dir] ++
      if(generator, do: ["-G", generator], else: []) ++
      [
        "-DCMAKE_BUILD_TYPE=Release",
        "-DLINX_STATIC=ON",
        "-DLINX_BUILD_AGENT=ON",
        "-DLINX_BUILD_CLI=OFF",
        "-DERL_EI_INCLUDE_DIR=#{ei.include}",
        "-DERL_EI_LIBDIR=#{ei.lib}"
      ]
  end

  defp build_arguments(place) do
    jobs = Integer.to_string(System.schedulers_online())
    ["--build", place.build_dir, "--target", "linx_process", "--parallel", jobs]
  end

  defp install_arguments(place) do
    prefix = Path.join(place.build_dir, "installed")
    ["--install", place.build_dir, "--component", "agent", "--strip", "--prefix", prefix]
  end

  defp cmake(place, arguments) do
    case System.cmd("cmake", arguments, stderr_to_stdout: true, env: @environment) do
      {said, 0} ->
        {:ok, said}

      {said, _code} ->
        text = CompilerOutput.for_people(said)
        {:error, Complaint.new(text, CompilerOutput.diagnostics(said, place.root))}
    end
  end

  defp warnings(said, place) do
    diagnostics = CompilerOutput.diagnostics(said, place.root)
    if diagnostics != [], do: Mix.shell().error(CompilerOutput.for_people(said))
    diagnostics
  end
end
