# What an agent is made of: when all of it is as it was at the last build, there is nothing to do.

defmodule Mix.LinxProcess.Inputs do
  @moduledoc false

  alias Mix.LinxProcess.{Complaint, Place, Prebuilt, Tools}

  # `settings` are what CMake keeps in its cache, `contents` what its generator looks after by itself.
  defstruct [:settings, :contents]

  @type t :: %__MODULE__{settings: term(), contents: term()}

  @version 1
  @variables ~w(CC CXX CFLAGS CXXFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE CMAKE_GENERATOR
                ERL_EI_INCLUDE_DIR ERL_EI_LIBDIR CMAKE_PREFIX_PATH SDKROOT CROSSCOMPILE)

  @doc "The inputs of a build from the sources."
  @spec of_sources(Place.t()) :: {:ok, t()}
  def of_sources(place) do
    {:ok, %__MODULE__{settings: settings(place), contents: Enum.map(sources(place.root), &identity/1)}}
  end

  @doc "The inputs of an installation of what is built already."
  @spec of_prebuilt(Path.t()) :: {:ok, t()} | {:error, Complaint.t()}
  def of_prebuilt(path) do
    with :ok <- Prebuilt.check(path) do
      {:ok, %__MODULE__{settings: :prebuilt, contents: identity(path)}}
    end
  end

  @doc "Whether something is not as it was when the agent that is installed was built."
  @spec changed?(t(), Place.t()) :: boolean()
  def changed?(inputs, place) do
    File.read(place.manifest) != {:ok, manifest(inputs, place)}
  end

  @doc "Remembers that what is installed was made of these."
  @spec remember(t(), Place.t()) :: :ok
  def remember(inputs, place) do
    File.mkdir_p!(Path.dirname(place.manifest))
    File.write!(place.manifest, manifest(inputs, place))
  end

  @doc "A short name for the settings: a build directory that was configured with others is of no use."
  @spec settings_digest(t()) :: String.t()
  def settings_digest(inputs), do: digest(inputs.settings)

  defp manifest(inputs, place), do: digest({inputs, identity(place.executable)})

  defp digest(term) do
    {@version, term} |> :erlang.term_to_binary() |> :erlang.md5() |> Base.encode16(case: :lower)
  end

  defp settings(place) do
    ei = Tools.ei()

    %{
      root: place.root,
      variables: Map.new(@variables, &{&1, System.get_env(&1)}),
      generator: Tools.generator(),
      compilers: for(path <- [Tools.cc(), Tools.cxx(), Tools.toolchain_file()], path, do: identity(path)),
      target: {Mix.target(), :erlang.system_info(:system_architecture)},
      otp: :erlang.system_info(:otp_release),
      ei: {identity(Path.join(ei.include, "ei.h")), identity(Path.join(ei.lib, "libei.a"))}
    }
  end

  defp sources(root) do
    found =
      Enum.flat_map(~w(src include agent init cmake), fn dir ->
        Path.wildcard(Path.join([root, dir, "**", "*.{c,cpp,h,hpp,cmake,in,ld,txt}"]))
      end)

    [Path.join(root, "CMakeLists.txt") | Enum.reject(found, &String.ends_with?(&1, "_test.cpp"))]
  end

  # Of a link, what it leads to: a package's /usr/bin/c++ stays the same link when the compiler changes.
  defp identity(path) do
    case File.stat(path, time: :posix) do
      {:ok, stat} -> {path, stat.mtime, stat.size, stat.inode}
      {:error, reason} -> {path, reason}
    end
  end
end
