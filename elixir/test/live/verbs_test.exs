# Every verb, in every stage, on real processes.

defmodule Linx.VerbsTest do
  use Linx.Live

  doctest Linx
  doctest Linx.Agent
  doctest Linx.Process

  describe "the checkpoint" do
    test "holds a child that exists, in its namespaces, and has not executed its program" do
      p = spawn!(argv: sleeper(), namespaces: [:net, :uts])
      assert {:ok, pid} = Linx.Process.await_ready(p)

      assert alive?(pid)
      refute File.read!("/proc/#{pid}/cmdline") =~ "sleep"
      assert namespace_of(pid, "net") != namespace_of("self", "net")
      assert namespace_of(pid, "uts") != namespace_of("self", "uts")
      assert namespace_of(pid, "ipc") == namespace_of("self", "ipc")

      assert Linx.Process.proceed(p) == :ok
      assert Linx.Process.await_running(p) == :ok
      assert File.read!("/proc/#{pid}/cmdline") == "/bin/sleep\0" <> "1000\0"
    end

    test "is the place for what the host must do" do
      p = spawn!(argv: ["/bin/sh", "-c", "exit $(cat /proc/self/oom_score_adj)"])
      File.write!("/proc/#{host_pid!(p)}/oom_score_adj", "77")
      :ok = Linx.Process.proceed(p)
      assert Linx.Process.wait(p) == {:ok, {:exited, 77}}
    end

    test "is not stopped at with auto_proceed" do
      p = spawn!(argv: ["/bin/true"], auto_proceed: true)
      assert_receive {:linx_process, ^p, {:ready, _pid}}
      assert Linx.Process.wait(p) == {:ok, {:exited, 0}}
    end

    test "is not stopped at after a proceed before ready" do
      p = spawn!(argv: ["/bin/true"])
      assert Linx.Process.proceed(p) == :ok
      assert Linx.Process.wait(p) == {:ok, {:exited, 0}}
    end

    test "discards the child with abort, and not a trace of it is left" do
      p = spawn!(argv: sleeper())
      pid = host_pid!(p)
      assert Linx.Process.abort(p) == :ok
      assert Linx.Process.wait(p) == {:ok, :aborted}
      await_gone(pid)
      assert Linx.Process.abort(p) == :ok
      assert Linx.Process.proceed(p) == {:error, :no_process}
      assert Linx.Process.await_ready(p) == {:error, :no_process}
      assert Linx.Process.await_running(p) == {:error, :no_process}
    end

    test "of a launch that is aborted before ready is never reached" do
      p = spawn!(argv: sleeper())
      assert Linx.Process.abort(p) == :ok
      assert Linx.Process.wait(p) == {:ok, :aborted}
      assert Linx.Process.await_ready(p) == {:error, :no_process}
    end

    test "cannot be passed twice, and not be gone back to" do
      p = run!(argv: sleeper())
      assert Linx.Process.proceed(p) == {:error, :too_late}
      assert Linx.Process.abort(p) == {:error, :too_late}

      q = spawn!(argv: sleeper())
      assert Linx.Process.proceed(q) == :ok
      assert Linx.Process.proceed(q) == {:error, :too_late}
      assert Linx.Process.abort(q) == {:error, :too_late}
    end

    test "that lasts longer than its timeout fails the launch" do
      p = spawn!(argv: sleeper(), checkpoint_timeout: 20)
      pid = host_pid!(p)
      assert {:error, %Error{stage: :checkpoint, code: :etimedout}} = Linx.Process.wait(p)
      await_gone(pid)
      assert_receive {:linx_process, ^p, {:error, %Error{stage: :checkpoint}}}
    end
  end

  describe "wait" do
    test "answers how it ended: an exit code or a signal" do
      assert result!(argv: ["/bin/sh", "-c", "exit 7"]) == {:ok, {:exited, 7}}
      assert result!(argv: ["/bin/sh", "-c", "kill -USR1 $$"]) == {:ok, {:signaled, 10}}
    end

    test "answers at once after the end, to anybody, as often as asked" do
      p = spawn!(argv: ["/bin/true"], auto_proceed: true)
      assert Linx.Process.wait(p) == {:ok, {:exited, 0}}
      assert Linx.Process.wait(p, 0) == {:ok, {:exited, 0}}
      assert Task.await(Task.async(fn -> Linx.Process.wait(p, 0) end)) == {:ok, {:exited, 0}}
    end

    test "that times out leaves nothing behind" do
      p = run!(argv: sleeper())
      flush()
      assert Linx.Process.wait(p, 5) == {:error, :timeout}
      assert Linx.Process.wait(p, 0) == {:error, :timeout}
      assert :sys.get_state(p).state.waiters == %{}
      assert :sys.get_state(p).timers == %{}
      Linx.Process.kill(p, 0)
      assert {:ok, {:signaled, _}} = Linx.Process.wait(p)
      assert_receive {:linx_process, ^p, {:signaled, _}}
      assert Process.info(self(), :messages) == {:messages, []}
    end

    test "answers everybody who waits" do
      p = spawn!(argv: ["/bin/sh", "-c", "exit 5"])
      waiting = for _ <- 1..10, do: Task.async(fn -> Linx.Process.wait(p) end)
      eventually(fn -> map_size(:sys.get_state(p).state.waiters) == 10 end)
      :ok = Linx.Process.proceed(p)
      assert Enum.uniq(Task.await_many(waiting)) == [{:ok, {:exited, 5}}]
    end
  end

  describe "a launch that fails" do
    test "is told by every verb with the step, the errno, and on what" do
      p = spawn!(argv: ["/nowhere/at/all"])
      :ok = Linx.Process.proceed(p)
      assert {:error, %Error{stage: :execve, errno: 2, code: :enoent} = error} = Linx.Process.wait(p)
      assert Exception.message(error) =~ "execute (/nowhere/at/all): No such file or directory"
      assert Linx.Process.await_running(p) == {:error, error}
      assert_receive {:linx_process, ^p, {:error, ^error}}
      assert {:ok, %Info{stage: :ended, result: {:error, ^error}}} = Linx.Process.info(p)
    end

    test "before ready is await_ready's error" do
      p = spawn!(argv: ["/bin/true"], join: [net: "/nowhere"])
      assert {:error, %Error{stage: :open_ns_net, code: :enoent}} = Linx.Process.await_ready(p)
      assert Linx.Process.host_pid(p) == {:error, :no_process}
    end

    test "for its form is told at once, and nothing was started" do
      before = length(Linx.sessions())

      assert {:error, %Error{stage: :spec, detail: "nice: 99 is not" <> _}} =
               Linx.Process.spawn(argv: ["true"], nice: 99)

      assert {:error, %Error{stage: :spec}} = Linx.Process.enter(0, argv: ["true"])
      assert {:error, %Error{stage: :spec}} = Linx.Process.start_link(argv: [])
      assert length(Linx.sessions()) == before
    end

    test "for its size is told at once" do
      huge = for n <- 1..20, do: {"V#{n}", String.duplicate("x", 60_000)}
      assert {:error, %Error{stage: :spec, detail: detail}} = Linx.Process.spawn(argv: ["true"], env: huge)
      assert detail =~ "a launch has room for 1048576"
    end

    test "of the kernel's choice, as an environment that no exec takes" do
      long = String.duplicate("x", 200_000)
      assert {:error, %Error{stage: :execve, code: :e2big}} = result!(argv: ["/bin/true"], env: [A: long])
    end
  end

  describe "a signal" do
    test "reaches the workload, by number and by name" do
      for {signal, number} <- [{15, 15}, {:sigusr1, 10}, {"int", 2}] do
        p = run!(argv: sleeper())
        assert Linx.Process.signal(p, signal) == :ok
        assert Linx.Process.wait(p) == {:ok, {:signaled, number}}
        assert Linx.Process.signal(p, signal) == {:error, :no_process}
      end
    end

    test "0 asks whether it lives" do
      p = run!(argv: sleeper())
      assert Linx.Process.signal(p, 0) == :ok
      {:ok, _result} = Linx.Process.stop(p, 0)
      assert Linx.Process.signal(p, 0) == {:error, :no_process}
    end

    test "before running is delivered when it runs" do
      p = spawn!(argv: sleeper())
      assert Linx.Process.signal(p, :sigusr2) == :ok
      host_pid!(p)
      assert Linx.Process.wait(p, 0) == {:error, :timeout}
      :ok = Linx.Process.proceed(p)
      assert Linx.Process.wait(p) == {:ok, {:signaled, 12}}
      assert_received {:linx_process, ^p, :running}
    end

    test "that is unknown is an error, whatever the session" do
      assert {:error, %Error{stage: :spec}} = Linx.Process.signal(:nobody, :sigfoo)
    end
  end

  describe "kill" do
    test "ends a workload that listens with SIGTERM" do
      p = run!(argv: sleeper())
      assert Linx.Process.kill(p) == :ok
      assert Linx.Process.wait(p) == {:ok, {:signaled, 15}}
      assert Linx.Process.kill(p) == {:error, :no_process}
    end

    test "ends one that does not with SIGKILL, after the grace" do
      p = stubborn!(kill_grace: 30)
      assert Linx.Process.kill(p) == :ok
      assert Linx.Process.wait(p) == {:ok, {:signaled, 9}}

      q = stubborn!([])
      assert Linx.Process.kill(q, 30) == :ok
      assert Linx.Process.wait(q) == {:ok, {:signaled, 9}}
    end

    test "ends what the workload has started as well" do
      mark = "#{System.unique_integer([:positive])}"
      env = {:inherit, LINX_TEST_MARK: mark}
      p = run!(argv: ["/bin/sh", "-c", "setsid sleep 1000 & sleep 1000 & wait"], env: env, stdio: :devnull)
      eventually(fn -> length(marked("LINX_TEST_MARK", mark)) == 3 end, "the family")
      Linx.Process.kill(p, 0)
      Linx.Process.wait(p)
      eventually(fn -> marked("LINX_TEST_MARK", mark) == [] end, "the end of the family")
    end

    test "before running discards the child" do
      p = spawn!(argv: sleeper())
      pid = host_pid!(p)
      assert Linx.Process.kill(p) == :ok
      assert Linx.Process.wait(p) == {:ok, :aborted}
      await_gone(pid)
    end

    test "takes a grace that is a time" do
      p = run!(argv: sleeper())

      for rubbish <- [-1, :infinity, nil, 1.5, "5s", 4_294_967_296],
          do: assert({:error, %Error{stage: :spec, detail: "grace: " <> _}} = Linx.Process.kill(p, rubbish))

      assert Linx.Process.wait(p, 0) == {:error, :timeout}
    end
  end

  describe "stop" do
    test "answers as wait in every stage" do
      assert Linx.Process.stop(spawn!(argv: sleeper())) == {:ok, :aborted}

      parked = spawn!(argv: sleeper())
      host_pid!(parked)
      assert Linx.Process.stop(parked) == {:ok, :aborted}

      running = run!(argv: sleeper())
      assert Linx.Process.stop(running) == {:ok, {:signaled, 15}}
      assert Linx.Process.stop(running) == {:ok, {:signaled, 15}}
      assert Linx.Process.stop(stubborn!([]), 20) == {:ok, {:signaled, 9}}

      failed = spawn!(argv: ["/nowhere"], auto_proceed: true)
      {:error, error} = Linx.Process.wait(failed)
      assert Linx.Process.stop(failed) == {:error, error}
    end
  end

  describe "the timeout" do
    test "kills what runs for longer, and info says so" do
      p = spawn!(argv: sleeper(), auto_proceed: true, timeout: 30)
      assert Linx.Process.wait(p) == {:ok, {:signaled, 15}}
      assert {:ok, %Info{timed_out: true}} = Linx.Process.info(p)
    end

    test "takes the kill grace" do
      p = stubborn!(timeout: 30, kill_grace: 30)
      assert Linx.Process.wait(p) == {:ok, {:signaled, 9}}
    end

    test "does not count the time at the checkpoint" do
      p = spawn!(argv: sleeper(), timeout: 1)
      host_pid!(p)
      assert Linx.Process.wait(p, 50) == {:error, :timeout}
      assert {:ok, %Info{stage: :ready, timed_out: false}} = Linx.Process.info(p)
    end
  end

  describe "after the end" do
    test "the session stays until it is forgotten" do
      p = spawn!(argv: ["/bin/true"], auto_proceed: true)
      {:ok, {:exited, 0}} = Linx.Process.wait(p)
      assert Process.alive?(p)
      monitor = Process.monitor(p)
      assert Linx.Process.forget(p) == :ok
      assert_receive {:DOWN, ^monitor, :process, ^p, :normal}
      assert Linx.Process.wait(p) == {:error, :no_session}
      assert Linx.Process.forget(p) == {:error, :no_session}
    end

    test "the session stays for its linger, asleep" do
      p = spawn!(argv: ["/bin/true"], auto_proceed: true, linger: :infinity)
      {:ok, {:exited, 0}} = Linx.Process.wait(p)
      asleep = {:current_function, {:erlang, :hibernate, 3}}
      eventually(fn -> Process.info(p, :current_function) == asleep end, "hibernation")
      {:ok, _info} = Linx.Process.info(p)
      eventually(fn -> Process.info(p, :current_function) == asleep end, "hibernation")

      q = spawn!(argv: ["/bin/true"], linger: 20)
      monitor = Process.monitor(q)
      Linx.Process.proceed(q)
      assert_receive {:DOWN, ^monitor, :process, ^q, :normal}
    end

    test "who was forgotten before goes at once, and those who wait are answered" do
      p = spawn!(argv: ["/bin/true"])
      monitor = Process.monitor(p)
      waiting = Task.async(fn -> Linx.Process.wait(p) end)
      eventually(fn -> map_size(:sys.get_state(p).state.waiters) == 1 end)
      assert Linx.Process.forget(p) == :ok
      assert Linx.Process.proceed(p) == :ok
      assert Task.await(waiting) == {:ok, {:exited, 0}}
      assert_receive {:DOWN, ^monitor, :process, ^p, :normal}
    end
  end

  describe "a look" do
    test "says what a session is, and what it waits for" do
      p = spawn!(argv: sleeper(), namespaces: [:pid], tag: {:web, 1}, orphan_policy: {:kill, 7})
      pid = host_pid!(p)

      assert {:ok, %Info{stage: :ready, mode: :spawn, tag: {:web, 1}, host_pid: ^pid, child_pid: 1} = info} =
               Linx.Process.info(p)

      assert {info.session, info.owner, info.node} == {p, self(), node()}
      assert {info.argv, info.namespaces, info.orphan_policy} == {sleeper(), [:pid], {:kill, 7}}
      assert info.agent_os_pid == agent_pid()
      assert info.waits_for == "proceed/1 or abort/1"
      assert DateTime.compare(info.started_at, info.ready_at) in [:lt, :eq]
      assert {info.running_at, info.ended_at, info.usage, info.result} == {nil, nil, nil, nil}
      assert Linx.Process.host_pid(p) == {:ok, pid}

      :ok = Linx.Process.proceed(p)
      :ok = Linx.Process.await_running(p)
      assert {:ok, %Info{stage: :running, waits_for: "the workload to end"}} = Linx.Process.info(p)
      {:ok, result} = Linx.Process.stop(p, 0)
      assert {:ok, %Info{stage: :ended, result: ^result, usage: usage} = info} = Linx.Process.info(p)
      assert usage.peak_memory_kib > 0
      assert DateTime.compare(info.running_at, info.ended_at) in [:lt, :eq]
      assert info.waits_for =~ "forget"
      assert inspect(info) =~ "#Linx.Process.Info<#PID<"
    end

    test "sees every session of the node: linked ones, and those with agents of their own" do
      {:ok, linked} = Linx.Process.start_link(argv: sleeper())
      sessions = [linked, spawn!(argv: sleeper()), run!(argv: sleeper(), agent: :dedicated)]
      seen = for info <- Linx.sessions(), do: info.session
      assert sessions -- seen == []
      Process.unlink(linked)
      Linx.Process.stop(linked, 0)
    end

    test "is not hurt by sessions that die meanwhile" do
      sessions = for _ <- 1..40, do: spawn!(argv: sleeper())
      killer = Task.async(fn -> Enum.each(sessions, &Process.exit(&1, :kill)) end)
      for _ <- 1..20, do: assert(is_list(Linx.sessions()))
      Task.await(killer)
      eventually(fn -> for(info <- Linx.sessions(), info.session in sessions, do: info) == [] end)
    end
  end

  describe "enter" do
    test "joins the namespaces of a process" do
      target = run!(argv: sleeper(), namespaces: [:net, :uts, :ipc], hostname: "target")
      pid = host_pid!(target)

      assert {:ok, p} = Linx.Process.enter(pid, argv: sleeper())
      end_with_test(p)
      inside = host_pid!(p)

      for kind <- ["net", "uts", "ipc", "mnt"],
          do: assert(namespace_of(inside, kind) == namespace_of(pid, kind))

      assert {:ok, %Info{mode: {:enter, ^pid}}} = Linx.Process.info(p)
    end

    test "joins only those that are asked for" do
      target = run!(argv: sleeper(), namespaces: [:net, :uts])
      pid = host_pid!(target)
      {:ok, p} = Linx.Process.enter(pid, argv: sleeper(), namespaces: [:net])
      end_with_test(p)
      inside = host_pid!(p)
      assert namespace_of(inside, "net") == namespace_of(pid, "net")
      assert namespace_of(inside, "uts") == namespace_of("self", "uts")
    end

    test "carries PATH and TERM inside, and no more of the environment" do
      target = run!(argv: sleeper(), namespaces: [:uts])
      {:ok, p} = Linx.Process.enter(host_pid!(target), argv: sleeper(), auto_proceed: true)
      end_with_test(p)
      :ok = Linx.Process.await_running(p)
      names = for entry <- environment(host_pid!(p)), do: hd(String.split(entry, "="))
      assert names -- ["PATH", "TERM"] == []
      assert "PATH" in names
    end

    test "a process that is not there is an error that says so" do
      # The kernel's pids end below it.
      {:ok, p} = Linx.Process.enter(4_194_304, argv: sleeper())
      assert {:error, %Error{stage: :pidfd_open, code: :esrch}} = Linx.Process.wait(p)
    end
  end

  describe "no verb exits its caller" do
    @verbs [
      :await_ready,
      :proceed,
      :abort,
      :await_running,
      :kill,
      :stop,
      :wait,
      :forget,
      :info,
      :host_pid
    ]

    test "whatever it is given for a session" do
      dead = spawn(fn -> :ok end)
      plain = spawn(fn -> receive do: (:done -> :ok) end)
      {:ok, other} = Agent.start_link(fn -> 1 end)

      rubbish = [
        self(),
        dead,
        plain,
        other,
        :nobody,
        nil,
        true,
        {:global, :nobody},
        {:via, :global, :nobody},
        {:via, :no_such_module, 1},
        "web",
        'web',
        7,
        1.5,
        %{},
        {},
        {1, 2, 3},
        make_ref(),
        fn -> :ok end,
        [],
        {:nobody, node()},
        {:nobody, :"nobody@nowhere.invalid"}
      ]

      for session <- rubbish do
        for verb <- @verbs do
          assert {session, verb, apply(Linx.Process, verb, [session])} ==
                   {session, verb, {:error, :no_session}}
        end

        assert Linx.Process.signal(session, 15) == {:error, :no_session}
        assert Linx.Process.set_owner(session, self()) == {:error, :no_session}
      end

      assert Agent.get(other, & &1) == 1
      send(plain, :done)
      assert Process.info(self(), :messages) == {:messages, []}
    end

    test "whatever it is given for a time, an owner, or options" do
      p = spawn!(argv: sleeper())

      for rubbish <- [-1, "5", nil, 1.5, :forever, 4_294_967_296],
          verb <- [:await_ready, :await_running, :wait] do
        assert {:error, %Error{stage: :spec, detail: "timeout: " <> _}} =
                 apply(Linx.Process, verb, [p, rubbish])
      end

      for rubbish <- [:me, 1, "pid"],
          do:
            assert(
              {:error, %Error{stage: :spec, detail: "owner: " <> _}} = Linx.Process.set_owner(p, rubbish)
            )

      for rubbish <- [nil, "true", 7, %{"argv" => []}, [1], {}] do
        assert {:error, %Error{stage: :spec}} = Linx.Process.spawn(rubbish)
        assert {:error, %Error{stage: :spec}} = Linx.Process.enter(1, rubbish)
        assert {:error, %Error{stage: :spec}} = Linx.Process.start_link(rubbish)
        assert %{start: {Linx.Process, :start_link, [_]}} = Linx.Process.child_spec(rubbish)
      end
    end

    test "when its session is killed while it waits" do
      p = stubborn!([])
      waiting = for verb <- [:wait, :stop], do: Task.async(fn -> apply(Linx.Process, verb, [p, 100_000]) end)
      eventually(fn -> map_size(:sys.get_state(p).state.waiters) == 2 end)
      Process.exit(p, :kill)
      assert Task.await_many(waiting) == [{:error, :no_session}, {:error, :no_session}]
    end
  end

  # The shell is the workload, and has said that it ignores SIGTERM before anybody sends one.
  defp stubborn!(options) do
    flag = Path.join(scratch(), "ready")
    script = "trap '' TERM; : > #{flag}; while :; do sleep 1000; done"
    p = run!([argv: ["/bin/sh", "-c", script], stdio: :devnull] ++ options)
    eventually(fn -> File.exists?(flag) end, "the trap")
    p
  end

  defp environment(pid), do: File.read!("/proc/#{pid}/environ") |> String.split(<<0>>, trim: true)

  defp flush do
    receive do
      _any -> flush()
    after
      0 -> :ok
    end
  end
end
