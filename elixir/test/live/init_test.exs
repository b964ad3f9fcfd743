# Sessions with `init: true`: an init between the agent and the workload, and what it must not change.

defmodule Linx.InitTest do
  use Linx.Live

  @in_a_pid_namespace [argv: ["/bin/sleep", "1000"], namespaces: [:pid]]

  setup do
    %{mark: "#{System.unique_integer([:positive])}-#{System.pid()}"}
  end

  defp marked_with(mark), do: {:inherit, LINX_TEST_MARK: mark}
  defp family(mark), do: marked("LINX_TEST_MARK", mark)
  defp nobody(mark), do: eventually(fn -> family(mark) == [] end, "the end of everybody")

  # The init and the workload, and whoever that has started.
  defp grown(mark, size) do
    eventually(fn -> length(family(mark)) == size end, "a family of #{size}")
  end

  defp children_of(pid), do: File.read!("/proc/#{pid}/task/#{pid}/children") |> String.split()

  describe "the workload of a fresh pid namespace" do
    test "is ended by SIGTERM with an init, and by the same signal" do
      p = run!([init: true] ++ @in_a_pid_namespace)
      assert Linx.Process.signal(p, :sigterm) == :ok
      assert Linx.Process.wait(p, 10_000) == {:ok, {:signaled, 15}}
    end

    test "is shielded from SIGTERM without one" do
      p = run!(@in_a_pid_namespace)
      assert Linx.Process.signal(p, :sigterm) == :ok
      # The kernel drops it, so that it is not even pending.
      assert status_of(host_pid!(p), "ShdPnd") =~ ~r/^0+$/
      assert alive?(host_pid!(p))
      assert Linx.Process.stop(p, 0) == {:ok, {:signaled, 9}}
    end

    test "is process 2, under an init that is process 1" do
      pid = host_pid!(run!([init: true] ++ @in_a_pid_namespace))
      assert [child] = children_of(pid)
      assert File.read!("/proc/#{pid}/comm") == "linx-init\n"
      assert status_of(pid, "NSpid") =~ ~r/\t1$/
      assert status_of(child, "NSpid") =~ ~r/\t2$/
      assert File.read!("/proc/#{child}/cmdline") == "/bin/sleep\0" <> "1000\0"
    end

    test "needs no grace to be killed", %{mark: mark} do
      p = run!([init: true, env: marked_with(mark)] ++ @in_a_pid_namespace)
      grown(mark, 2)
      assert Linx.Process.kill(p, 60_000) == :ok
      assert Linx.Process.wait(p, 10_000) == {:ok, {:signaled, 15}}
      nobody(mark)
    end
  end

  test "the end is the workload's, with every code and every signal" do
    for code <- [0, 1, 126, 128 + 15, 255],
        do: assert(result!(argv: ["/bin/sh", "-c", "exit #{code}"], init: true) == {:ok, {:exited, code}})

    for number <- [1, 6, 9, 15, 34],
        do:
          assert(
            result!(argv: ["/bin/sh", "-c", "kill -#{number} $$"], init: true) == {:ok, {:signaled, number}}
          )
  end

  test "a program that cannot be executed is the same error as without an init" do
    for argv <- [["/nowhere"], ["linx-no-such-program"], ["/etc/passwd"], ["/etc/passwd/x"], ["/"]] do
      assert {:error, %Error{stage: :execve} = error} = result!(argv: argv, init: true)
      assert {:error, ^error} = result!(argv: argv)
    end
  end

  test "the events are those of a launch without an init" do
    p = spawn!(argv: ["/bin/sh", "-c", "exit 4"], init: true)
    pid = host_pid!(p)
    :ok = Linx.Process.proceed(p)
    {:ok, {:exited, 4}} = Linx.Process.wait(p)
    messages = for event <- [{:ready, pid}, :running, {:exited, 4}], do: {:linx_process, p, event}
    eventually(fn -> Process.info(self(), :messages) == {:messages, messages} end, "the events")
  end

  test "false is as without it" do
    pid = host_pid!(run!(argv: sleeper(), init: false))
    assert File.read!("/proc/#{pid}/comm") == "sleep\n"
  end

  test "the workload keeps what it was given: identity, limits, streams, no other descriptor" do
    pid =
      host_pid!(
        run!(argv: sleeper(), init: true, uid: 65_534, groups: [], umask: 0o137, rlimits: [nofile: 64])
      )

    assert [child] = children_of(pid)
    assert status_of(child, "Uid") =~ "65534\t65534"
    assert status_of(child, "Umask") == "0137"
    assert status_of(child, "SigBlk") =~ ~r/^0+$/
    assert File.read!("/proc/#{child}/limits") =~ ~r/Max open files\s+64\s+64/
    eventually(fn -> Enum.sort(File.ls!("/proc/#{child}/fd")) == ["0", "1", "2"] end, "three descriptors")
  end

  describe "nothing is left" do
    # It and its descendant do not listen to SIGTERM, and the descendant has left the session.
    @stubborn ["/bin/sh", "-c", "trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done"]

    test "of a workload that does not listen, when it is killed", %{mark: mark} do
      p = run!(argv: @stubborn, init: true, env: marked_with(mark))
      grown(mark, 4)
      assert Linx.Process.stop(p, 50) == {:ok, {:signaled, 9}}
      nobody(mark)
    end

    test "of a workload that has ended: the init kills what it has left behind", %{mark: mark} do
      script = "setsid sleep 1000 & exit 3"

      assert result!(argv: ["/bin/sh", "-c", script], init: true, env: marked_with(mark)) ==
               {:ok, {:exited, 3}}

      nobody(mark)
    end

    test "when the owner ends", %{mark: mark} do
      test = self()

      owner =
        spawn(fn ->
          {:ok, p} =
            Linx.Process.spawn(argv: sleeper(), init: true, env: marked_with(mark), auto_proceed: true)

          send(test, {:session, p})
          Process.sleep(:infinity)
        end)

      assert_receive {:session, p}
      :ok = Linx.Process.await_running(p)
      grown(mark, 2)
      Process.exit(owner, :kill)
      nobody(mark)
    end

    test "when the agent is killed", %{mark: mark} do
      p = run!(argv: sleeper(), init: true, env: marked_with(mark), agent: :dedicated)
      grown(mark, 2)
      {:ok, %Info{agent_os_pid: agent}} = Linx.Process.info(p)
      kill9(agent)
      assert {:error, %Error{stage: :agent_died}} = Linx.Process.wait(p)
      nobody(mark)
    end

    test "when the init is killed: its end is told", %{mark: mark} do
      p = run!(argv: sleeper(), init: true, env: marked_with(mark))
      grown(mark, 2)
      kill9(host_pid!(p))
      assert Linx.Process.wait(p, 10_000) == {:ok, {:signaled, 9}}
      nobody(mark)
    end

    test "of two hundred sessions at once", %{mark: mark} do
      agent = agent_pid()
      before = {children_of(agent), length(File.ls!("/proc/#{agent}/fd"))}

      1..200
      |> Task.async_stream(
        fn n ->
          argv = ["/bin/sh", "-c", "exit #{n}"]

          {:ok, p} = Linx.Process.spawn(argv: argv, init: true, env: marked_with(mark), auto_proceed: true)

          assert Linx.Process.wait(p, 30_000) == {:ok, {:exited, n}}
          Linx.Process.forget(p)
        end,
        max_concurrency: 200,
        timeout: 60_000
      )
      |> Stream.run()

      nobody(mark)

      eventually(
        fn -> {children_of(agent), length(File.ls!("/proc/#{agent}/fd"))} == before end,
        "what was before"
      )
    end
  end

  test "a workload that is to be kept is kept with its init, which still forwards", %{mark: mark} do
    p = run!(argv: sleeper(), init: true, env: marked_with(mark), orphan_policy: :keep, owner: nil)
    grown(mark, 2)
    pid = host_pid!(p)
    {:ok, %Info{agent_os_pid: agent}} = Linx.Process.info(p)
    Process.exit(p, :kill)
    await_gone(agent)
    assert length(family(mark)) == 2
    {"", 0} = System.cmd("kill", ["-TERM", to_string(pid)])
    nobody(mark)
  end
end
