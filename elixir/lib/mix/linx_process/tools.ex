# The programs and libraries that a build of the agent needs on this machine, and what to install where they lack.

defmodule Mix.LinxProcess.Tools do
  @moduledoc false

  alias Mix.LinxProcess.Complaint

  @doc "The C++ compiler that CMake will choose; nil where a toolchain file chooses, or where there is none."
  @spec cxx() :: Path.t() | nil
  def cxx, do: unless(toolchain_file(), do: compiler("CXX", ~w(c++ g++ clang++)))

  @doc "The same for C."
  @spec cc() :: Path.t() | nil
  def cc, do: unless(toolchain_file(), do: compiler("CC", ~w(cc gcc clang)))

  @doc "CMake's file for another machine."
  @spec toolchain_file() :: Path.t() | nil
  def toolchain_file, do: given("CMAKE_TOOLCHAIN_FILE")

  @doc "The generator to name to CMake, where its own choice would be a poorer one."
  @spec generator() :: String.t() | nil
  def generator do
    if given("CMAKE_GENERATOR") == nil and System.find_executable("ninja"), do: "Ninja"
  end

  @doc "The directories of ei.h and of libei.a."
  @spec ei() :: %{include: Path.t(), lib: Path.t()}
  def ei do
    own = own_erl_interface()

    %{
      include: given("ERL_EI_INCLUDE_DIR") || Path.join(own, "include"),
      lib: given("ERL_EI_LIBDIR") || Path.join(own, "lib")
    }
  end

  @doc "Whether all of it is there."
  @spec check() :: :ok | {:error, Complaint.t()}
  def check do
    case Enum.reject([cmake(), make(), c_compiler(), cxx_compiler(), erl_interface()], &is_nil/1) do
      [] -> :ok
      missing -> {:error, Complaint.new(advice(missing))}
    end
  end

  # Erlang installed as one tree has it among its applications; some packages have it in usr/ alone.
  defp own_erl_interface do
    case :code.lib_dir(:erl_interface) do
      {:error, :bad_name} -> Path.join(:code.root_dir(), "usr")
      dir -> List.to_string(dir)
    end
  end

  defp cmake, do: lacks(System.find_executable("cmake"), "cmake", "cmake")

  defp make do
    found = given("CMAKE_GENERATOR") || System.find_executable("ninja") || System.find_executable("make")
    lacks(found, "ninja or make", "make")
  end

  defp c_compiler, do: lacks(toolchain_file() || cc(), named("CC", "a C compiler"), "gcc")
  defp cxx_compiler, do: lacks(toolchain_file() || cxx(), named("CXX", "a C++ compiler"), "g++")

  defp erl_interface do
    %{include: include, lib: lib} = ei()
    header = Path.join(include, "ei.h")
    library = Path.join(lib, "libei.a")
    missing = Enum.reject([header, library], &File.regular?/1)
    lacks(missing == [], "Erlang's erl_interface (#{Enum.join(missing, ", ")})", "erlang-dev")
  end

  defp lacks(found, what, package), do: unless(found, do: {what, package})

  defp named(variable, otherwise) do
    case given(variable) do
      nil -> otherwise
      command -> "#{variable} (#{inspect(command)})"
    end
  end

  defp advice(missing) do
    {whats, packages} = Enum.unzip(missing)

    """
    not found: #{Enum.join(whats, ", ")}
    On Debian:  apt install #{Enum.join(packages, " ")}
    Or set LINX_PROCESS_PATH to an agent that is built already.\
    """
  end

  # A variable may hold a command with arguments ("ccache g++"): the program is its first word.
  defp compiler(variable, usual) do
    case given(variable) do
      nil -> Enum.find_value(usual, &System.find_executable/1)
      command -> command |> OptionParser.split() |> List.first("") |> System.find_executable()
    end
  end

  defp given(variable) do
    case System.get_env(variable) do
      "" -> nil
      value -> value
    end
  end
end
