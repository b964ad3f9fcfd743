# The end of the VM, by kill -9, at every stage: what becomes of its workloads.

defmodule Linx.OrphanTest do
  use Linx.Live

  alias Linx.OtherVM

  setup do
    {vm, os_pid} = OtherVM.start()
    mark = "#{System.unique_integer([:positive])}-#{System.pid()}"
    %{vm: vm, os_pid: os_pid, mark: mark}
  end

  # A session in the other VM. Nobody owns it: the process that asks for it there is gone at once.
  defp launch(vm, mark, options) do
    options = [owner: nil, stdio: :devnull, env: {:inherit, LINX_TEST_MARK: mark}] ++ options
    {:ok, p} = OtherVM.call(vm, Linx.Process, :spawn, [options])
    p
  end

  defp run(vm, mark, options) do
    p = launch(vm, mark, [auto_proceed: true] ++ options)
    :ok = OtherVM.call(vm, Linx.Process, :await_running, [p])
    p
  end

  defp agent(vm, p) do
    {:ok, info} = OtherVM.call(vm, Linx.Process, :info, [p])
    info.agent_os_pid
  end

  defp family(size, mark),
    do: eventually(fn -> length(marked("LINX_TEST_MARK", mark)) == size end, "a family of #{size}")

  defp nobody(mark), do: eventually(fn -> marked("LINX_TEST_MARK", mark) == [] end, "the end of everybody")

  # A workload whose descendants have left its session and its process group, and have lost their parent.
  @scattered ["/bin/sh", "-c", "(setsid sh -c 'setsid sleep 1000 & sleep 1000' &) ; exec sleep 1000"]
  # It and its descendant do not listen to SIGTERM.
  @stubborn ["/bin/sh", "-c", "trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done"]

  test "a child on its way to the checkpoint is discarded", %{vm: vm, os_pid: os_pid, mark: mark} do
    p = launch(vm, mark, argv: sleeper())
    agent = agent(vm, p)
    kill9(os_pid)
    await_gone(agent)
    nobody(mark)
  end

  test "a child at the checkpoint is discarded, whatever the policy", %{vm: vm, os_pid: os_pid, mark: mark} do
    pids =
      for policy <- [{:kill, 5_000}, :keep] do
        p = launch(vm, mark, argv: sleeper(), orphan_policy: policy)
        {:ok, pid} = OtherVM.call(vm, Linx.Process, :await_ready, [p])
        pid
      end

    kill9(os_pid)
    Enum.each(pids, &await_gone/1)
  end

  test "a workload and all its descendants are ended", %{vm: vm, os_pid: os_pid, mark: mark} do
    agent = agent(vm, run(vm, mark, argv: @scattered))
    family(4, mark)
    kill9(os_pid)
    nobody(mark)
    await_gone(agent)
  end

  test "what does not listen is killed after the grace", %{vm: vm, os_pid: os_pid, mark: mark} do
    run(vm, mark, argv: @stubborn, orphan_policy: {:kill, 100})
    family(3, mark)
    kill9(os_pid)
    nobody(mark)
  end

  test "a workload in a pid namespace is ended with all that is in there", %{
    vm: vm,
    os_pid: os_pid,
    mark: mark
  } do
    run(vm, mark, argv: @stubborn, namespaces: [:pid], orphan_policy: {:kill, 0})
    family(3, mark)
    kill9(os_pid)
    nobody(mark)
  end

  test "a workload with an agent of its own is ended as well", %{vm: vm, os_pid: os_pid, mark: mark} do
    agent = agent(vm, run(vm, mark, argv: @scattered, agent: :dedicated, orphan_policy: {:kill, 0}))
    family(4, mark)
    kill9(os_pid)
    nobody(mark)
    await_gone(agent)
  end

  test "a workload that is to be kept runs on, and its agent is gone", %{vm: vm, os_pid: os_pid, mark: mark} do
    kept = run(vm, mark, argv: sleeper(), orphan_policy: :keep)
    other = run(vm, mark, argv: sleeper())
    {:ok, pid} = OtherVM.call(vm, Linx.Process, :host_pid, [kept])
    agents = for p <- [kept, other], do: agent(vm, p)
    kill9(os_pid)
    Enum.each(agents, &await_gone/1)
    assert marked("LINX_TEST_MARK", mark) == [pid]
    kill9(pid)
    nobody(mark)
  end

  test "a VM that is halted is gone in the same way", %{vm: vm, mark: mark} do
    run(vm, mark, argv: @scattered)
    family(4, mark)
    :ok = :peer.cast(vm, :erlang, :halt, [0, [flush: false]])
    nobody(mark)
  end

  test "a VM that stops in good order ends its workloads first, and keeps what is to be kept", context do
    %{vm: vm, os_pid: os_pid, mark: mark} = context
    file = Path.join(scratch(), "told")
    script = "trap 'echo bye > #{file}; exit 0' TERM; : > #{file}.ready; while :; do sleep 0.01; done"
    run(vm, mark, argv: ["/bin/sh", "-c", script])
    kept = run(vm, "kept-" <> mark, argv: sleeper(), orphan_policy: :keep)
    {:ok, pid} = OtherVM.call(vm, Linx.Process, :host_pid, [kept])
    eventually(fn -> File.exists?(file <> ".ready") end, "the trap")
    OtherVM.call(vm, :init, :stop, [])
    await_gone(os_pid)
    nobody(mark)
    assert File.read!(file) == "bye\n"
    assert alive?(pid)
    kill9(pid)
  end

  test "the application that is stopped ends its sessions' workloads, and their agent", context do
    %{vm: vm, mark: mark} = context
    agent = agent(vm, run(vm, mark, argv: @scattered))
    family(4, mark)
    :ok = OtherVM.call(vm, :application, :stop, [:linx])
    nobody(mark)
    await_gone(agent)
    assert {:error, %Error{stage: :agent_start}} = OtherVM.call(vm, Linx.Process, :spawn, [[argv: ["true"]]])
    assert OtherVM.call(vm, Linx, :sessions, []) == []
  end
end
