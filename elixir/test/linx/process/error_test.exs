# The sentences that errors make, and the tables behind them.

defmodule Linx.Process.ErrorTest do
  use ExUnit.Case, async: true

  alias Linx.Process.{Errno, Error, Signal, Stage}

  doctest Linx.Process.Error
  doctest Linx.Process.Errno
  doctest Linx.Process.Signal
  doctest Linx.Process.Stage

  @headers Path.expand("../../../../include/linx", __DIR__)

  test "the stages are those of the C++ table, in its order and in its words" do
    header = File.read!(Path.join(@headers, "stage.hpp"))
    [_before, table] = String.split(header, "#define LINX_STAGES(X)", parts: 2)
    [table, _after] = String.split(table, "enum class Stage", parts: 2)

    rows =
      for [_row, name, words] <- Regex.scan(~r/X\(\s*(\w+),[\s\\]*"((?:[^"\\]|\\.)*)"\)/, table),
          do: {name, words}

    assert length(rows) > 80
    assert Enum.map(Stage.names(), &{Atom.to_string(&1), Stage.words(&1)}) == rows
  end

  test "the error numbers and their atoms are those of the kernel's headers" do
    for file <- ["errno-base.h", "errno.h"],
        line <- File.stream!("/usr/include/asm-generic/" <> file),
        [_line, name, number] <- [Regex.run(~r/^#define\s+(E\w+)\s+(\d+)\s/, line)] do
      assert Errno.code(String.to_integer(number)) == String.to_atom(String.downcase(name))
    end
  end

  test "every code leads back to its number" do
    for {number, code, words} <- Errno.table() do
      assert {Errno.number(code), Errno.code(number), Errno.words(number)} == {number, code, words}
    end
  end

  test "a message says what was done, on what, and why it failed" do
    error = Error.new(:setns_net, 1, "/proc/71/ns/net")
    assert Exception.message(error) == "join net (/proc/71/ns/net): Operation not permitted"
    assert Exception.message(Error.new(:clone3, 11)) == "clone the child: Resource temporarily unavailable"
  end

  test "a hint is a second line of the message, and the second line of the wire's detail" do
    error = Error.from_wire(1, :uid_map, "0 0 65536\nadd a line to /etc/subuid")
    assert {error.detail, error.hint} == {"0 0 65536", "add a line to /etc/subuid"}

    assert Exception.message(error) ==
             "write the uid map (0 0 65536): Operation not permitted\nadd a line to /etc/subuid"

    assert Error.from_wire(1, :uid_map, "0 0 65536\n").hint == nil
  end

  test "a broken specification speaks for itself" do
    assert Exception.message(Error.spec("nice: 20 is not between -20 and 19")) ==
             "nice: 20 is not between -20 and 19"
  end

  test "a terminal takes no orders from a name" do
    assert Exception.message(Error.new(:execve, 2, "/bin/\e[31mred\x7f")) ==
             "execute (/bin/?[31mred?): No such file or directory"
  end

  test "an error can be raised, and shown on one line" do
    error = Error.new(:execve, 13, "/etc/passwd", "it is not executable")
    assert_raise Error, ~r/execute/, fn -> raise error end

    assert inspect(error) ==
             "#Linx.Process.Error<execve eacces: execute (/etc/passwd): Permission denied; it is not executable>"

    assert inspect(%Error{}) =~ "#Linx.Process.Error<"
  end

  describe "a signal" do
    test "is known by number, atom, string and charlist, with or without sig, in any case" do
      for name <- [15, :sigterm, :term, :SIGTERM, "TERM", "SigTerm", 'sigterm'],
          do: assert(Signal.number(name) == {:ok, 15})

      assert Signal.number(0) == {:ok, 0}
      assert Signal.number(64) == {:ok, 64}
      assert Signal.number(:sigchld) == {:ok, 17}
    end

    test "that is not known is told with what was meant" do
      for {wrong, words} <- [
            {65, "65 is not between 0 and 64"},
            {-1, "-1 is not between 0 and 64"},
            {:sigtrem, "did you mean :sigterm?"},
            {"usr3", "did you mean :sigusr"},
            {:banana, ":banana is no signal"},
            {nil, "nil is no signal"},
            {"", "is no signal"},
            {[], "is no signal"},
            {[300_000], "is no signal"},
            {1.5, "1.5 is no signal"},
            {%{}, "is no signal"}
          ] do
        assert {:error, %Error{stage: :spec, code: :einval, detail: "signal: " <> detail}} =
                 Signal.number(wrong)

        assert detail =~ words
      end
    end
  end
end
