# Sessions as children of supervisors, and what they do at the checkpoint.

defmodule Linx.SupervisionTest do
  use Linx.Live

  @moduletag :supervision

  defp supervise(options, supervisor_options \\ []) do
    options = Keyword.merge([argv: sleeper(), id: :workload], options)
    defaults = [strategy: :one_for_one, max_restarts: 3, max_seconds: 60]

    {:ok, supervisor} =
      Supervisor.start_link([{Linx.Process, options}], Keyword.merge(defaults, supervisor_options))

    ExUnit.Callbacks.on_exit(fn -> Process.exit(supervisor, :kill) end)
    supervisor
  end

  defp child(supervisor) do
    [{:workload, child, :worker, [Linx.Process]}] = Supervisor.which_children(supervisor)
    child
  end

  # The child, when it is another one than before and runs.
  defp next_child(supervisor, before) do
    eventually(fn ->
      with pid when is_pid(pid) and pid != before <- child(supervisor), do: pid, else: (_ -> nil)
    end)
  end

  # Lets the workload end with its own exit code.
  defp exits(flag, code),
    do: ["/bin/sh", "-c", "while ! test -e #{flag}; do sleep 0.01; done; rm #{flag}; exit #{code}"]

  describe "start_link" do
    test "returns when the workload runs" do
      {:ok, p} = Linx.Process.start_link(argv: sleeper())
      assert {:ok, %Info{stage: :running, owner: nil, host_pid: pid}} = Linx.Process.info(p)
      assert File.read!("/proc/#{pid}/cmdline") =~ "sleep"
      assert p in (Process.info(self(), :links) |> elem(1))
      assert Linx.Process.stop(p, 0) == {:ok, {:signaled, 15}}
    catch
      # The link's news; this test does not trap exits.
      :exit, _reason -> :ok
    end

    test "answers with the error, and does not take its caller along" do
      assert {:error, %Error{stage: :execve, code: :enoent}} = Linx.Process.start_link(argv: ["/nowhere"])

      assert {:error, %Error{stage: :open_ns_net}} =
               Linx.Process.start_link(argv: ["true"], join: [net: "/nowhere"])

      assert {:error, %Error{stage: :spec}} =
               Linx.Process.start_link(argv: ["true"], env: fn -> raise "no" end)

      assert {:error, %Error{stage: :at_checkpoint}} =
               Linx.Process.start_link(argv: ["true"], at_checkpoint: fn _ -> :error end)

      Process.flag(:trap_exit, true)
      assert {:error, %Error{}} = Linx.Process.start_link(argv: ["/nowhere"])
      refute_received {:EXIT, _, _}
    end

    test "ends for a reason that supervisors understand" do
      Process.flag(:trap_exit, true)

      for {script, reason} <- [{"exit 0", :normal}, {"exit 3", {:exited, 3}}, {"kill -9 $$", {:signaled, 9}}] do
        {:ok, p} = Linx.Process.start_link(argv: ["/bin/sh", "-c", script])
        assert_receive {:EXIT, ^p, ^reason}
      end
    end

    test "sends events to the owner that was given, and to nobody else" do
      Process.flag(:trap_exit, true)
      {:ok, p} = Linx.Process.start_link(argv: ["/bin/true"], owner: self(), tag: :job)
      assert_receive {:linx_process, :job, {:ready, _pid}}
      assert_receive {:linx_process, :job, :running}
      assert_receive {:linx_process, :job, {:exited, 0}}
      assert_receive {:EXIT, ^p, :normal}

      {:ok, q} = Linx.Process.start_link(argv: ["/bin/true"])
      assert_receive {:EXIT, ^q, :normal}
      refute_received {:linx_process, _, _}
    end

    test "without auto_proceed waits for somebody else's proceed" do
      task =
        Task.async(fn -> Linx.Process.start_link(argv: sleeper(), name: :parked_one, auto_proceed: false) end)

      eventually(fn -> match?({:ok, _pid}, Linx.Process.host_pid(:parked_one)) end)
      assert Task.yield(task, 0) == nil
      :ok = Linx.Process.proceed(:parked_one)
      assert {:ok, p} = Task.await(task)
      # With the task it was linked to.
      monitor = Process.monitor(p)
      assert_receive {:DOWN, ^monitor, :process, ^p, _reason}
    end
  end

  describe "a name" do
    defp agents do
      for pid <- Process.list(),
          {:dictionary, dictionary} <- [Process.info(pid, :dictionary)],
          dictionary[:"$initial_call"] == {Linx.Agent, :init, 1},
          do: pid
    end

    defmodule OddRegistry do
      def register_name(:maybe, _pid), do: :maybe
      def register_name(_name, _pid), do: raise("out of order")
    end

    test "a name that cannot be taken is an error that says so, and leaves no agent behind" do
      Process.register(self(), :linx_taken_name)

      for name <- [
            :linx_taken_name,
            {:via, OddRegistry, :maybe},
            {:via, OddRegistry, :no},
            {:via, NoSuchModule, 1}
          ] do
        before = agents()
        answer = Linx.Process.spawn(argv: sleeper(), name: name, agent: :dedicated)
        assert {:error, reason} = answer
        assert {:error, ^reason} = Linx.Process.start_link(argv: sleeper(), name: name)

        if name == :linx_taken_name,
          do: assert(reason == {:already_started, self()}),
          else: assert(%Error{stage: :spec, detail: "name: {:via, " <> _} = reason)

        eventually(fn -> agents() == before end, "the end of the agent")
      end

      assert {:error, %Error{stage: :spec}} = Linx.Process.spawn(argv: sleeper(), name: :undefined)
    end

    test "may have every form that GenServer knows" do
      start_supervised!({Registry, keys: :unique, name: Linx.TestRegistry})
      names = [:linx_test_name, {:global, {:linx, 1}}, {:via, Registry, {Linx.TestRegistry, "web"}}]

      for name <- names do
        {:ok, p} = start_supervised({Linx.Process, argv: sleeper(), name: name})
        assert GenServer.whereis(name) == p
        assert {:ok, %Info{session: ^p}} = Linx.Process.info(name)
        assert {:error, {:already_started, ^p}} = Linx.Process.start_link(argv: sleeper(), name: name)
        assert {:error, {:already_started, ^p}} = Linx.Process.spawn(argv: sleeper(), name: name)
        :ok = stop_supervised(name)
        assert Linx.Process.info(name) == {:error, :no_session}
      end
    end
  end

  describe "child_spec" do
    test "takes id, restart and the time for the shutdown from the options" do
      spec = Linx.Process.child_spec(argv: ["true"], id: :a, restart: :transient, kill_grace: 200)
      assert %{id: :a, restart: :transient, shutdown: 1_200, type: :worker} = spec

      assert %{id: Linx.Process, restart: :permanent, shutdown: 6_000} =
               Linx.Process.child_spec(argv: ["true"])

      assert %{id: :web} = Linx.Process.child_spec(%{argv: ["true"], name: :web})
      assert %{id: :first} = Linx.Process.child_spec(argv: ["true"], id: :first, id: :second)
    end

    test "shows nothing of the environment" do
      spec = Linx.Process.child_spec(argv: ["true"], env: %{"TOKEN" => "hunter2"})
      refute inspect(spec) =~ "hunter2"
      refute :io_lib.format("~p", [spec]) |> to_string() =~ "hunter2"
    end
  end

  describe "a permanent child" do
    test "is started again, however it ends" do
      for code <- [0, 3] do
        flag = Path.join(scratch(), "flag")
        supervisor = supervise(argv: exits(flag, code), restart: :permanent)
        first = child(supervisor)
        File.touch!(flag)
        assert {:ok, %Info{stage: :running}} = Linx.Process.info(next_child(supervisor, first))
      end
    end
  end

  describe "a transient child" do
    test "is started again after a failure, and not after exit 0" do
      flag = Path.join(scratch(), "flag")
      supervisor = supervise(argv: exits(flag, 3), restart: :transient)
      first = child(supervisor)
      File.touch!(flag)
      second = next_child(supervisor, first)
      kill9(host_pid!(second))
      assert is_pid(next_child(supervisor, second))

      flag = Path.join(scratch(), "flag")
      supervisor = supervise(argv: exits(flag, 0), restart: :transient)
      File.touch!(flag)
      eventually(fn -> child(supervisor) == :undefined end)
    end

    test "is not started again after an abort" do
      supervisor = supervise(restart: :transient)
      child = child(supervisor)
      monitor = Process.monitor(child)
      Process.exit(child, :shutdown)
      assert_receive {:DOWN, ^monitor, _, _, :shutdown}
      assert child(supervisor) == :undefined
    end
  end

  describe "a temporary child" do
    test "is never started again" do
      supervisor = supervise(restart: :temporary)
      kill9(host_pid!(child(supervisor)))
      eventually(fn -> Supervisor.which_children(supervisor) == [] end)
    end
  end

  test "a child that cannot start is its supervisor's error" do
    Process.flag(:trap_exit, true)

    assert {:error, {:shutdown, {:failed_to_start_child, Linx.Process, %Error{stage: :execve}}}} =
             Supervisor.start_link([{Linx.Process, argv: ["/nowhere"]}], strategy: :one_for_one)
  end

  test "a child that fails again and again takes its supervisor down, and that is all" do
    Process.flag(:trap_exit, true)
    supervisor = supervise([argv: ["/bin/false"]], max_restarts: 2)
    assert_receive {:EXIT, ^supervisor, :shutdown}
    assert {:ok, _agent} = Linx.Agent.info()
  end

  describe "the supervisor's end" do
    test "ends the workload, with SIGTERM first" do
      file = Path.join(scratch(), "told")
      script = "trap 'echo bye > #{file}; exit 0' TERM; : > #{file}.ready; while :; do sleep 0.01; done"
      supervisor = supervise(argv: ["/bin/sh", "-c", script])
      eventually(fn -> File.exists?(file <> ".ready") end, "the trap")
      pid = host_pid!(child(supervisor))
      :ok = Supervisor.stop(supervisor)
      assert gone?(pid)
      assert File.read!(file) == "bye\n"
    end

    test "ends one that ignores SIGTERM with SIGKILL, after its grace" do
      file = Path.join(scratch(), "ready")
      script = "trap '' TERM; : > #{file}; while :; do sleep 1000; done"
      supervisor = supervise(argv: ["/bin/sh", "-c", script], kill_grace: 50, stdio: :devnull)
      eventually(fn -> File.exists?(file) end, "the trap")
      pid = host_pid!(child(supervisor))
      :ok = Supervisor.stop(supervisor)
      assert gone?(pid)
    end

    test "by force ends the workload too" do
      Process.flag(:trap_exit, true)
      supervisor = supervise([])
      pid = host_pid!(child(supervisor))
      Process.exit(supervisor, :kill)
      await_gone(pid)
    end
  end

  test "a dynamic supervisor takes sessions as they come" do
    supervisor = start_supervised!({DynamicSupervisor, strategy: :one_for_one})
    {:ok, p} = DynamicSupervisor.start_child(supervisor, {Linx.Process, argv: sleeper(), restart: :temporary})
    pid = host_pid!(p)
    :ok = DynamicSupervisor.terminate_child(supervisor, p)
    assert gone?(pid)
  end

  describe "at the checkpoint" do
    test "a function sets up the host's side, at every start" do
      test = self()
      at_checkpoint = fn pid -> send(test, {:parked, pid, File.read!("/proc/#{pid}/cmdline")}) end
      supervisor = supervise(at_checkpoint: at_checkpoint)
      first = child(supervisor)
      pid = host_pid!(first)
      assert_received {:parked, ^pid, command}
      refute command =~ "sleep"
      kill9(pid)
      next = host_pid!(next_child(supervisor, first))
      assert_receive {:parked, ^next, _command}
    end

    test "a function is run for spawn as well; proceed waits for it" do
      test = self()
      function = fn pid -> send(test, {:parked, self(), pid}) && receive do: (:done -> :ok) end
      p = spawn!(argv: ["/bin/true"], at_checkpoint: function)
      assert_receive {:parked, worker, pid}

      assert {:ok, %Info{waits_for: "the function given as at_checkpoint", host_pid: ^pid}} =
               Linx.Process.info(p)

      proceeding = Task.async(fn -> Linx.Process.proceed(p) end)
      eventually(fn -> :sys.get_state(p).state.held != [] end)
      assert Linx.Process.await_running(p, 0) == {:error, :timeout}
      send(worker, :done)
      assert Task.await(proceeding) == :ok
      assert Linx.Process.wait(p) == {:ok, {:exited, 0}}
    end

    test "a function that fails, in any way, aborts the launch with its reason" do
      for {function, words} <- [
            {fn _pid -> {:error, :no_veth} end, ":no_veth"},
            {fn _pid -> {:error, "no veth"} end, "no veth"},
            {fn _pid -> {:error, Error.new(:mount, 2, "/x")} end, "mount (/x): No such file or directory"},
            {fn _pid -> :error end, "it answered :error"},
            {fn _pid -> raise "no veth" end, "it raised RuntimeError: no veth"},
            {fn _pid -> throw(:ball) end, "it threw :ball"},
            {fn _pid -> exit(:gone) end, "it exited: :gone"},
            {fn _pid -> Process.exit(self(), :kill) end, "it was killed"}
          ] do
        p = spawn!(argv: sleeper(), auto_proceed: true, at_checkpoint: function)
        pid = host_pid_event(p)
        assert {:error, %Error{stage: :at_checkpoint, detail: detail} = error} = Linx.Process.wait(p)
        assert detail =~ words
        assert_receive {:linx_process, ^p, {:error, ^error}}
        await_gone(pid)
      end
    end

    test "a function ends with its session, and with its launch" do
      test = self()
      function = fn _pid -> send(test, {:worker, self()}) && receive do: (:never -> :ok) end

      for finish <- [
            &Process.exit(&1, :kill),
            &Linx.Process.abort/1,
            &Linx.Process.kill(&1, 0),
            &GenServer.stop/1
          ] do
        p = spawn!(argv: sleeper(), at_checkpoint: function)
        assert_receive {:worker, worker}
        monitor = Process.monitor(worker)
        finish.(p)
        assert_receive {:DOWN, ^monitor, :process, ^worker, _reason}
      end

      p = spawn!(argv: sleeper(), at_checkpoint: function, checkpoint_timeout: 20)
      assert_receive {:worker, worker}
      monitor = Process.monitor(worker)
      assert {:error, %Error{stage: :checkpoint}} = Linx.Process.wait(p)
      assert_receive {:DOWN, ^monitor, :process, ^worker, _reason}
    end
  end

  defp host_pid_event(p) do
    assert_receive {:linx_process, ^p, {:ready, pid}}
    pid
  end
end
