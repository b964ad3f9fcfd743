# Who owns a session gets its events, and with whose end it ends.

defmodule Linx.OwnerTest do
  use Linx.Live

  # A process that hands on what it is told, until it is told to go.
  defp owner do
    test = self()
    spawn(fn -> relay(test) end)
  end

  defp relay(test) do
    receive do
      :go -> :ok
      message -> send(test, {:relayed, self(), message}) && relay(test)
    end
  end

  defp end_of(p), do: Linx.Process.wait(p, 10_000)

  test "the caller is the owner, and gets each event once, in order" do
    p = spawn!(argv: ["/bin/sh", "-c", "exit 4"])
    pid = host_pid!(p)
    :ok = Linx.Process.proceed(p)
    {:ok, {:exited, 4}} = Linx.Process.wait(p)
    messages = for event <- [{:ready, pid}, :running, {:exited, 4}], do: {:linx_process, p, event}
    eventually(fn -> Process.info(self(), :messages) == {:messages, messages} end, "the events")
  end

  test "a tag stands in the session's place" do
    spawn!(argv: ["/bin/true"], auto_proceed: true, tag: {:job, 7})
    assert_receive {:linx_process, {:job, 7}, {:exited, 0}}
    p = spawn!(argv: ["/bin/true"], auto_proceed: true, tag: nil)
    assert_receive {:linx_process, nil, {:exited, 0}}
    {:ok, %Info{tag: nil}} = Linx.Process.info(p)
  end

  test "another process may be the owner" do
    owner = owner()
    p = spawn!(argv: ["/bin/true"], auto_proceed: true, owner: owner)
    assert_receive {:relayed, ^owner, {:linx_process, ^p, {:exited, 0}}}
    refute_received {:linx_process, _, _}
  end

  test "nobody may be the owner" do
    p = spawn!(argv: ["/bin/true"], auto_proceed: true, owner: nil)
    {:ok, {:exited, 0}} = Linx.Process.wait(p)
    assert {:ok, %Info{owner: nil}} = Linx.Process.info(p)
    refute_received {:linx_process, _, _}
  end

  test "a new owner gets what happens from then on" do
    [old, new] = [owner(), owner()]
    p = spawn!(argv: ["/bin/true"], owner: old)
    assert_receive {:relayed, ^old, {:linx_process, ^p, {:ready, _pid}}}
    assert Linx.Process.set_owner(p, new) == :ok
    send(old, :go)
    :ok = Linx.Process.proceed(p)
    assert_receive {:relayed, ^new, {:linx_process, ^p, :running}}
    assert_receive {:relayed, ^new, {:linx_process, ^p, {:exited, 0}}}
    assert end_of(p) == {:ok, {:exited, 0}}
    refute_received {:relayed, ^old, _}
  end

  describe "the owner's end" do
    test "discards a child at the checkpoint, and one that is on its way there" do
      owner = owner()
      p = spawn!(argv: sleeper(), owner: owner)
      pid = host_pid!(p)
      Process.exit(owner, :kill)
      assert end_of(p) == {:ok, :aborted}
      await_gone(pid)

      dead = owner()
      Process.exit(dead, :kill)
      assert end_of(spawn!(argv: sleeper(), owner: dead)) == {:ok, :aborted}
    end

    test "kills a workload that runs, with the policy's grace" do
      owner = owner()
      p = run!(argv: sleeper(), owner: owner)
      send(owner, :go)
      assert end_of(p) == {:ok, {:signaled, 15}}

      flag = Path.join(scratch(), "ready")
      owner = owner()
      script = "trap '' TERM; : > #{flag}; sleep 1000"
      q = run!(argv: ["/bin/sh", "-c", script], owner: owner, orphan_policy: {:kill, 20}, stdio: :devnull)
      eventually(fn -> File.exists?(flag) end, "the trap")
      Process.exit(owner, :kill)
      assert end_of(q) == {:ok, {:signaled, 9}}
    end

    test "is no matter to a workload that is to be kept" do
      owner = owner()
      p = run!(argv: sleeper(), owner: owner, orphan_policy: :keep)
      monitor = Process.monitor(owner)
      Process.exit(owner, :kill)
      assert_receive {:DOWN, ^monitor, _, _, _}
      eventually(fn -> match?({:ok, %Info{owner: nil, stage: :running}}, Linx.Process.info(p)) end)
      assert alive?(host_pid!(p))
      assert Linx.Process.stop(p, 0) |> elem(0) == :ok
    end

    test "of a former owner is no matter at all" do
      owner = owner()
      p = run!(argv: sleeper(), owner: owner)
      :ok = Linx.Process.set_owner(p, nil)
      monitor = Process.monitor(owner)
      Process.exit(owner, :kill)
      assert_receive {:DOWN, ^monitor, _, _, _}
      assert Linx.Process.signal(p, 0) == :ok
      assert {:ok, %Info{stage: :running}} = Linx.Process.info(p)
    end
  end

  describe "the session's end by force" do
    test "ends its workload at every stage" do
      stages = [
        starting: fn -> spawn!(argv: sleeper()) end,
        ready: fn -> tap(spawn!(argv: sleeper()), &host_pid!/1) end,
        running: fn -> run!(argv: sleeper()) end
      ]

      for {stage, start} <- stages do
        p = start.()
        pid = if stage != :starting, do: host_pid!(p)
        Process.exit(p, :kill)
        if pid, do: await_gone(pid)

        eventually(
          fn -> agent_children() == [] end,
          "the end of the child of a session killed while #{stage}"
        )
      end
    end

    test "ends a workload with an agent of its own, agent and all" do
      p = run!(argv: sleeper(), agent: :dedicated)
      {:ok, %Info{agent_os_pid: agent, host_pid: pid}} = Linx.Process.info(p)
      assert agent != agent_pid()
      Process.exit(p, :kill)
      await_gone(pid)
      await_gone(agent)
    end

    test "lets a workload go on that is to be kept" do
      p = run!(argv: sleeper(), orphan_policy: :keep)
      {:ok, %Info{agent_os_pid: agent, host_pid: pid}} = Linx.Process.info(p)
      Process.exit(p, :kill)
      await_gone(agent)
      assert alive?(pid)
      kill9(pid)
    end

    test "may be asked for in the usual ways, and takes the workload along" do
      for ask <- [&Process.exit(&1, :shutdown), &GenServer.stop/1, &Process.exit(&1, :whatever)] do
        p = run!(argv: sleeper())
        pid = host_pid!(p)
        monitor = Process.monitor(p)
        ask.(p)
        assert_receive {:DOWN, ^monitor, :process, ^p, _reason}
        assert gone?(pid)
      end
    end
  end

  test "a workload that is killed from outside is told as it is" do
    p = run!(argv: sleeper())
    kill9(host_pid!(p))
    assert end_of(p) == {:ok, {:signaled, 9}}

    parked = spawn!(argv: sleeper())
    kill9(host_pid!(parked))
    assert {:error, %Error{stage: :child_died}} = end_of(parked)
    assert_receive {:linx_process, ^parked, {:error, %Error{stage: :child_died}}}
  end

  defp agent_children do
    case File.read("/proc/#{agent_pid()}/task/#{agent_pid()}/children") do
      {:ok, pids} -> for pid <- String.split(pids), alive?(pid), do: pid
    end
  end
end
