# What gcc, clang and CMake say, as the Mix compiler of the agent reads it.

defmodule Mix.LinxProcess.CompilerOutputTest do
  use ExUnit.Case, async: true

  alias Mix.LinxProcess.CompilerOutput

  @ninja """
  [1/3] Building CXX object src/CMakeFiles/linx_library.dir/a.cpp.o
  FAILED: agent/CMakeFiles/linx_agent_parts.dir/outlet.cpp.o
  /usr/bin/c++ -I/linx -Os -c /linx/agent/outlet.cpp
  In file included from /linx/agent/outlet.cpp:3:
  /linx/agent/outlet.hpp:35:14: error: expected ‘}’ at end of input
     35 | int broken( {
        |              ^
  /linx/agent/outlet.hpp:34:1: note: to match this ‘{’
  /linx/agent/outlet.cpp:9:5: warning: unused variable ‘a’ [-Wunused-variable]
  /linx/agent/outlet.cpp:1:10: fatal error: 'gone.hpp' file not found
  /linx/agent/outlet.hpp:35:14: error: expected ‘}’ at end of input
  ninja: build stopped: subcommand failed.
  """

  @cmake """
  -- Configuring incomplete, errors occurred!
  CMake Error at agent/CMakeLists.txt:2 (find_package):
    Could NOT find ErlInterface

    (missing: ErlInterface_library)

  Call Stack (most recent call first):
    CMakeLists.txt:35 (add_subdirectory)
  """

  test "errors and warnings of gcc and clang become diagnostics with file and line, each once" do
    found = CompilerOutput.diagnostics(@ninja, "/linx")

    assert Enum.map(found, &{&1.severity, &1.file, &1.position, &1.message}) == [
             {:error, "/linx/agent/outlet.hpp", 35, "expected ‘}’ at end of input"},
             {:warning, "/linx/agent/outlet.cpp", 9, "unused variable ‘a’ [-Wunused-variable]"},
             {:error, "/linx/agent/outlet.cpp", 1, "'gone.hpp' file not found"}
           ]
  end

  test "an error of CMake's is one diagnostic, with all of its paragraphs and a file under the root" do
    assert [diagnostic] = CompilerOutput.diagnostics(@cmake, "/linx")
    assert {diagnostic.file, diagnostic.position} == {"/linx/agent/CMakeLists.txt", 2}
    assert diagnostic.message == "Could NOT find ErlInterface (missing: ErlInterface_library)"
    assert diagnostic.severity == :error
  end

  test "a person is not shown progress and command lines" do
    shown = CompilerOutput.for_people(@ninja)
    assert shown =~ ~r/^In file included from/
    assert shown =~ "note: to match this"
    refute shown =~ "FAILED"
    refute shown =~ "/usr/bin/c++"
    refute shown =~ "ninja"
  end

  test "make's progress is none either" do
    assert CompilerOutput.for_people("[ 50%] Building\nmake[2]: *** Error 1\na.cpp:1: error: x\n") ==
             "a.cpp:1: error: x"
  end

  test "output without a diagnostic has none" do
    assert CompilerOutput.diagnostics("/usr/bin/ld: cannot find -lei: No such file\n", "/linx") == []
  end
end
