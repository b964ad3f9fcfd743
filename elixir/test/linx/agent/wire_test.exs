# Frames: what the agent may send, and what nobody should.

defmodule Linx.Agent.WireTest do
  use ExUnit.Case, async: true

  alias Linx.Agent.Wire
  alias Linx.Process.{Error, Stage}
  alias Linx.Property

  doctest Linx.Agent.Wire

  @usage %{user_us: 1, system_us: 2, peak_memory_kib: 3}
  @hello %{protocol: 1, version: "0.1.0", os_pid: 71, kernel: {6, 1, 0}, features: [:user, :net]}

  defp decode(term), do: Wire.decode(:erlang.term_to_binary(term))

  test "every event is understood" do
    for event <- [
          {:spawned, 71},
          {:ready, 71, 1},
          :running,
          :aborted,
          {:exited, 0, @usage},
          {:signaled, 9, @usage}
        ] do
      assert decode({5, event}) == {:ok, {:event, 5, event}}
    end

    assert {:ok, {:hello, @hello}} = decode({:hello, @hello})
  end

  test "an error of every stage is understood, with its hint" do
    for stage <- Stage.names() do
      assert {:ok,
              {:event, 5, {:error, %Error{stage: ^stage, errno: 2, code: :enoent, detail: "a", hint: "b"}}}} =
               decode({5, {:error, 2, stage, "a\nb"}})
    end
  end

  test "every reply is understood" do
    assert decode({5, {:reply, 3, :ok}}) == {:ok, {:reply, 5, 3, :ok}}
    assert decode({5, {:reply, 3, {:ok, 7}}}) == {:ok, {:reply, 5, 3, {:ok, 7}}}

    assert {:ok, {:reply, 5, 3, {:error, %Error{stage: :session, code: :esrch}}}} =
             decode({5, {:reply, 3, {:error, 3, :session, "gone"}}})
  end

  test "what the agent could not have meant is an error" do
    for nonsense <- [
          :hello,
          5,
          "x",
          [],
          {},
          {5},
          {5, :ready},
          {5, {:ready, 71}},
          {5, {:ready, :a, :b}},
          {-1, :running},
          {Bitwise.bsl(1, 59), :running},
          {"5", :running},
          {5, {:exited, 0}},
          {5, {:exited, 0, %{}}},
          {5, {:exited, "0", @usage}},
          {5, {:error, 2, :nonsense, "a"}},
          {5, {:error, 2, :execve, :a}},
          {5, {:error, "2", :execve, "a"}},
          {5, {:reply, 1, :maybe}},
          {5, {:reply, -1, :ok}},
          {5, {:reply, 1, {:error, 1, :execve}}},
          {:hello, %{}},
          {:hello, []},
          {:hello, %{@hello | features: [:user | :net]}},
          {:hello, %{@hello | features: [:execve]}},
          {:hello, %{@hello | kernel: "6.1"}},
          {:hello, %{@hello | os_pid: 0}}
        ] do
      assert {:error, why} = decode(nonsense)
      assert is_binary(why)
    end
  end

  test "of another protocol its number is told" do
    assert decode({:hello, %{protocol: 2, other: "shape"}}) == {:error, "protocol 2; this side speaks 1"}
    assert {:ok, {:hello, %{protocol: 2}}} = decode({:hello, %{@hello | protocol: 2}})
  end

  test "an atom that nobody has named is refused, and not made" do
    name = "linx_never_heard_#{System.unique_integer([:positive])}"
    frame = <<131, 104, 2, 97, 5, 119, byte_size(name), name::binary>>
    assert Wire.decode(frame) == {:error, "not a term that is known here"}
    assert_raise ArgumentError, fn -> String.to_existing_atom(name) end
  end

  test "bytes behind the term, and compressed terms, are refused" do
    assert Wire.decode(:erlang.term_to_binary({5, :running}) <> "x") == {:error, "bytes behind the term"}
    bomb = :erlang.term_to_binary({5, String.duplicate("a", 10_000)}, compressed: 9)
    assert Wire.decode(bomb) == {:error, "a compressed term"}
    assert {:error, _why} = Wire.decode("")
  end

  test "a frame that is cut anywhere is an error" do
    frame = :erlang.term_to_binary({5, {:exited, 0, @usage}})

    for length <- 0..(byte_size(frame) - 1),
        do: assert({:error, _} = Wire.decode(binary_part(frame, 0, length)))
  end

  test "property: whatever the bytes, decoding answers" do
    bytes = :proper_types.binary()
    version_and_bytes = :proper_types.oneof([bytes, Property.map(bytes, &(<<131>> <> &1))])

    Property.holds(version_and_bytes, fn bytes ->
      match?({kind, _} when kind in [:ok, :error], Wire.decode(bytes))
    end)
  end

  test "property: whatever the term, decoding answers" do
    Property.holds(:proper_types.any(), fn term ->
      match?({kind, _} when kind in [:ok, :error], decode(term))
    end)
  end

  test "a request is the term that the protocol says" do
    assert :erlang.binary_to_term(Wire.request(7, 3, {:kill, 100})) == {7, 3, {:kill, 100}}

    assert :erlang.binary_to_term(Wire.request(7, 0, {:spawn, %{argv: ["true"]}})) ==
             {7, 0, {:spawn, %{argv: ["true"]}}}
  end

  test "no two sessions have one number" do
    ids = for _ <- 1..10_000, do: Wire.new_id()
    assert length(Enum.uniq(ids)) == 10_000
    assert Enum.all?(ids, &(&1 in 1..576_460_752_303_423_487))
  end
end
