# The agent's OS process: how it starts, how it dies, and what becomes of its sessions.

defmodule Linx.AgentTest do
  use Linx.Live

  import ExUnit.CaptureLog

  alias Linx.FakeAgent

  defp start_agent(options) do
    start_supervised!(%{id: make_ref(), start: {Linx.Agent, :start_link, [options]}})
  end

  defp fake(frames, then \\ "cat <&3 >/dev/null"),
    do: start_agent(executable: FakeAgent.write(scratch(), frames, then), hello_timeout: 500)

  defp refused(agent) do
    assert {:error, %Error{stage: :agent_start} = error} = Linx.Process.spawn(argv: ["true"], agent: agent)
    # Neither the server nor anything else has suffered.
    assert is_pid(agent) and Process.alive?(agent)
    Exception.message(error)
  end

  describe "an agent that cannot be started" do
    test "is an error of spawn and start_link, and says what to do" do
      agent = start_agent(executable: "/nowhere/linx_process")

      assert refused(agent) =~
               "start the agent (/nowhere/linx_process): No such file or directory\nmix compile builds it"

      assert {:error, %Error{stage: :agent_start}} = Linx.Process.start_link(argv: ["true"], agent: agent)
      assert refused(start_agent(executable: "/etc/passwd")) =~ "Permission denied"
      assert refused(start_agent(executable: System.tmp_dir!())) =~ "start the agent"
    end

    test "is an error of a session that wants its own" do
      at_path("/nowhere/linx_process", fn ->
        assert {:error, %Error{stage: :agent_start, code: :enoent}} =
                 Linx.Process.spawn(argv: ["true"], agent: :dedicated)

        assert {:error, %Error{stage: :agent_start}} =
                 Linx.Process.start_link(argv: ["true"], agent: :dedicated)
      end)
    end

    test "may be there the next time" do
      directory = scratch()
      path = Path.join(directory, "linx_process")
      agent = start_agent(executable: path)
      assert refused(agent) =~ "No such file"
      File.ln_s!(real_agent(), path)
      assert {:ok, p} = Linx.Process.spawn(argv: ["/bin/true"], agent: agent, auto_proceed: true)
      assert Linx.Process.wait(p) == {:ok, {:exited, 0}}
    end

    test "because it is no agent is told with what it did instead" do
      assert refused(fake([], "exit 3")) =~ "exited with status 3"
      assert refused(fake([], "kill -9 $$")) =~ "was killed by signal 9"
      assert refused(start_agent(executable: "/bin/true")) =~ "exited with status"
      assert refused(fake([])) =~ "said no hello within 500 ms"
    end

    test "because it speaks another protocol, or nonsense, is told so" do
      assert refused(fake([FakeAgent.hello(%{protocol: 2})])) =~ "speaks protocol 2; this side speaks 1"
      assert refused(fake([{:hello, %{protocol: 3}}])) =~ "protocol 3; this side speaks 1"
      assert refused(fake(["garbage"])) =~ "sent what is not understood"
      assert refused(fake([{7, :running}])) =~ "did not say hello first"
      assert refused(fake([{:raw, <<1000::32, "cut off">>}], "exit 0")) =~ "exited with status 0"
    end

    test "has its program's port closed, and the program with it" do
      mark = Path.join(scratch(), "ended")
      assert refused(fake([], "cat <&3 >/dev/null; : > #{mark}")) =~ "no hello"
      eventually(fn -> File.exists?(mark) end, "the end of the program")
    end

    test "because nobody has started it is told so" do
      assert {:error, %Error{stage: :agent_start, code: :esrch} = error} =
               Linx.Process.spawn(argv: ["true"], agent: NoAgent)

      assert Exception.message(error) =~ "agent: NoAgent is no agent that runs on this node"
      dead = spawn(fn -> :ok end)
      assert {:error, %Error{stage: :agent_start}} = Linx.Process.spawn(argv: ["true"], agent: dead)
    end

    test "because it is somebody else's server leaves that server alone" do
      {:ok, stranger} = Agent.start_link(fn -> :alive end)

      for agent <- [stranger, {:via, NoSuchRegistry, 1}] do
        assert {:error, %Error{stage: :agent_start}} = Linx.Process.spawn(argv: ["true"], agent: agent)
      end

      assert Agent.get(stranger, & &1) == :alive
    end
  end

  describe "an agent that speaks nonsense later" do
    test "is closed, and its sessions end with an error that says why" do
      for {nonsense, words} <- [
            {"garbage", "not a term that is known here"},
            {{:hello, %{protocol: 1}}, "an unknown hello"},
            {FakeAgent.hello(), "said hello twice"},
            {{5, {:exited, "0"}}, "an unknown event"}
          ] do
        # The nonsense comes when the first request has been read.
        agent =
          fake(
            [FakeAgent.hello()],
            "dd bs=4 count=1 <&3 >/dev/null 2>&1; cat $0.later >&4; cat <&3 >/dev/null"
          )

        bytes = if is_binary(nonsense), do: nonsense, else: :erlang.term_to_binary(nonsense)
        File.write!(:sys.get_state(agent).executable <> ".later", [<<byte_size(bytes)::32>>, bytes])

        log =
          capture_log(fn ->
            {:ok, p} = Linx.Process.spawn(argv: ["true"], agent: agent)
            assert {:error, %Error{stage: :agent_died, detail: detail}} = Linx.Process.wait(p)
            assert detail =~ words
          end)

        assert log =~ "1 session lost"
        assert Process.alive?(agent)
      end
    end

    test "to nobody in particular harms nobody" do
      frames = [
        FakeAgent.hello(),
        {4711, :running},
        {4711, {:reply, 1, :ok}},
        {0, {:error, 71, :protocol, "what?"}}
      ]

      agent = fake(frames)
      {:ok, _channel} = Linx.Agent.channel(agent)
      eventually(fn -> match?({:ok, %{complaint: %Error{detail: "what?"}}}, Linx.Agent.info(agent)) end)
      assert {:ok, %{sessions: 0, version: "0.0.1"}} = Linx.Agent.info(agent)
    end
  end

  describe "the agent's death" do
    test "is told to each of its sessions, once, at every stage; no workload survives; the next launch works" do
      test_death(fn -> kill9(agent_pid()) end, "was killed by signal 9")
    end

    test "of its server is told as well" do
      test_death(
        fn ->
          server = Process.whereis(Linx.Agent)
          Process.exit(server, :kill)
          eventually(fn -> Process.whereis(Linx.Agent) not in [server, nil] end, "another server")
        end,
        "its server ended: :killed"
      )
    end

    defp test_death(kill, words) do
      pid_before = agent_pid()
      starting = spawn!(argv: sleeper(), tag: :starting)
      ready = spawn!(argv: sleeper(), tag: :ready)
      running = run!(argv: sleeper(), tag: :running)
      {:ok, linked} = Task.async(fn -> linked() end) |> Task.await()
      ended = spawn!(argv: ["/bin/true"], tag: :ended, auto_proceed: true)
      {:ok, {:exited, 0}} = Linx.Process.wait(ended)
      pids = for p <- [ready, running, linked], do: host_pid!(p)
      monitor = Process.monitor(linked)

      kill.()

      for {p, tag} <- [{starting, :starting}, {ready, :ready}, {running, :running}] do
        assert {:error, %Error{stage: :agent_died, code: :epipe} = error} = Linx.Process.wait(p, 10_000)
        assert Exception.message(error) =~ words
        assert_receive {:linx_process, ^tag, {:error, ^error}}
        refute_received {:linx_process, ^tag, {:error, _again}}
        assert Linx.Process.signal(p, 15) == {:error, :no_process}
      end

      assert_receive {:DOWN, ^monitor, :process, ^linked, {:error, %Error{stage: :agent_died}}}
      assert Linx.Process.wait(ended) == {:ok, {:exited, 0}}
      Enum.each(pids, &await_gone/1)

      assert result!(argv: ["/bin/true"]) == {:ok, {:exited, 0}}
      assert agent_pid() != pid_before
    end

    # In a process that is gone when the session ends, as a supervisor would be told.
    defp linked do
      test = self()

      spawn(fn ->
        Process.flag(:trap_exit, true)
        send(test, {:linked, Linx.Process.start_link(argv: sleeper())})
        receive do: ({:EXIT, _session, _reason} -> :ok)
      end)

      receive do: ({:linked, result} -> result)
    end

    test "again and again takes no supervisor down, and no session of another agent" do
      supervisor = Process.whereis(Linx.Supervisor)
      server = Process.whereis(Linx.Agent)
      other = run!(argv: sleeper(), agent: :dedicated)

      for _ <- 1..8 do
        p = run!(argv: sleeper())
        kill9(agent_pid())
        assert {:error, %Error{stage: :agent_died}} = Linx.Process.wait(p)
      end

      assert {Process.whereis(Linx.Supervisor), Process.whereis(Linx.Agent)} == {supervisor, server}
      assert Linx.Process.signal(other, 0) == :ok
    end

    test "during a crowd of launches leaves every session with an answer" do
      tasks =
        for _ <- 1..60 do
          Task.async(fn ->
            with {:ok, p} <- Linx.Process.spawn(argv: ["/bin/true"], auto_proceed: true),
                 do: Linx.Process.wait(p, 10_000)
          end)
        end

      kill9(agent_pid())

      for result <- Task.await_many(tasks, 20_000) do
        assert result == {:ok, {:exited, 0}} or match?({:error, %Error{stage: :agent_died}}, result),
               "a session answered #{inspect(result)}"
      end
    end

    test "just before a launch reaches it has the next one do it, whose events the session hears" do
      agent = start_agent([])
      {:ok, _} = result!(argv: ["/bin/true"], agent: agent)
      {:ok, ended} = Linx.Agent.channel(agent)
      capture_log(fn -> kill9(ended.os_pid) && eventually(fn -> Port.info(ended.port) == nil end) end)
      options = [argv: ["/bin/sh", "-c", "exit 4"], agent: agent, auto_proceed: true, owner: nil]
      {:ok, launch} = Linx.Process.Options.check(:spawn, options)
      {:ok, id, frame} = Linx.Process.Session.frame(launch)
      {:ok, p} = Linx.Process.Session.start(launch, id, frame, ended)
      assert Linx.Process.wait(p, 10_000) == {:ok, {:exited, 4}}
    end

    test "of a dedicated agent is its session's end alone" do
      p = run!(argv: sleeper(), agent: :dedicated)
      {:ok, %Info{agent_os_pid: agent, host_pid: pid}} = Linx.Process.info(p)
      assert agent != agent_pid()
      kill9(agent)
      assert {:error, %Error{stage: :agent_died}} = Linx.Process.wait(p)
      await_gone(pid)
      assert result!(argv: ["/bin/true"]) == {:ok, {:exited, 0}}
    end

    test "takes a pid namespace with it, whoever is in there" do
      mark = "#{System.unique_integer([:positive])}"
      agent = start_agent([])
      argv = ["/bin/sh", "-c", "setsid sleep 1000 & wait"]
      env = {:inherit, LINX_TEST_MARK: mark}
      p = run!(argv: argv, env: env, namespaces: [:pid], agent: agent)
      eventually(fn -> length(marked("LINX_TEST_MARK", mark)) == 2 end, "the family")
      {:ok, %{os_pid: os_pid}} = Linx.Agent.info(agent)
      kill9(os_pid)
      assert {:error, %Error{stage: :agent_died}} = Linx.Process.wait(p)
      eventually(fn -> marked("LINX_TEST_MARK", mark) == [] end, "the end of the family")
    end
  end

  describe "an agent of one's own" do
    test "has a name, an OS process, and an end" do
      start_supervised!({Linx.Agent, name: Linx.TestAgent})
      assert Linx.Agent.info(Linx.TestAgent) == {:error, :not_started}
      p = run!(argv: sleeper(), agent: Linx.TestAgent)

      assert {:ok, %{os_pid: os_pid, sessions: 1, kernel: {_, _, _}, features: features}} =
               Linx.Agent.info(Linx.TestAgent)

      assert :net in features
      assert {:ok, %Info{agent_os_pid: ^os_pid, host_pid: pid}} = Linx.Process.info(p)
      [_line, ppid] = Regex.run(~r/^PPid:\s*(\d+)/m, File.read!("/proc/#{pid}/status"))
      assert ppid == "#{os_pid}"

      :ok = stop_supervised(Linx.TestAgent)
      assert {:error, %Error{stage: :agent_died}} = Linx.Process.wait(p)
      await_gone(pid)
      await_gone(os_pid)
      assert Linx.Agent.info(Linx.TestAgent) == {:error, :no_agent}
    end

    test "for one session is gone with it" do
      p = run!(argv: ["/bin/sleep", "0.05"], agent: :dedicated)
      {:ok, %Info{agent_os_pid: agent}} = Linx.Process.info(p)
      assert {:ok, {:exited, 0}} = Linx.Process.wait(p)
      await_gone(agent)
      assert {:ok, %Info{stage: :ended}} = Linx.Process.info(p)
    end

    test "dies with who launches, before there is a session" do
      servers = for pid <- Process.list(), dedicated?(pid), do: pid
      {:ok, _channel} = Task.await(Task.async(fn -> Linx.Agent.dedicated() end))
      eventually(fn -> for(pid <- Process.list(), dedicated?(pid), do: pid) -- servers == [] end)
    end

    defp dedicated?(pid) do
      with {:dictionary, dictionary} <- Process.info(pid, :dictionary),
           do: dictionary[:"$initial_call"] == {Linx.Agent, :init, 1} and pid != Process.whereis(Linx.Agent)
    end
  end

  describe "the log" do
    test "has one line for the start and one for the death, and not a line more" do
      agent = start_agent([])

      log =
        capture_log(fn ->
          p = run!(argv: sleeper(), agent: agent)
          {:ok, %{os_pid: os_pid}} = Linx.Agent.info(agent)
          {:ok, {:exited, 3}} = result!(argv: ["/bin/sh", "-c", "exit 3"], agent: agent)
          {:error, _} = result!(argv: ["/nowhere"], agent: agent)
          kill9(os_pid)
          {:error, _} = Linx.Process.wait(p)
          send(self(), {:os_pid, os_pid})
        end)

      assert_received {:os_pid, os_pid}
      lines = for line <- String.split(log, "\n"), line =~ "linx", do: line
      assert [start, death] = lines
      assert start =~ ~r/\[info\].* the agent .* runs as pid #{os_pid}/
      assert death =~ ~r/\[error\].* the agent of pid #{os_pid} was killed by signal 9; 1 session lost/
      refute log =~ "terminating"
    end

    test "has nothing of sessions, however they end" do
      _warm = agent_pid()

      log =
        capture_log(fn ->
          {:ok, {:signaled, 9}} = result!(argv: ["/bin/sh", "-c", "kill -9 $$"])
          {:error, _} = result!(argv: ["/bin/true"], at_checkpoint: fn _ -> raise "no" end)
          {:error, _} = Linx.Process.start_link(argv: ["/nowhere"])

          {pid, monitor} =
            spawn_monitor(fn ->
              Linx.Process.start_link(argv: ["/bin/false"]) && receive do: (:never -> :ok)
            end)

          assert_receive {:DOWN, ^monitor, :process, ^pid, {:exited, 1}}
          test = self()

          spawn(fn ->
            {:ok, p} = Linx.Process.start_link(argv: sleeper())
            send(test, {:linked, p})
            receive do: (:go -> exit(:over))
          end)
          |> tap(fn parent ->
            assert_receive {:linked, p}
            monitor = Process.monitor(p)
            send(parent, :go)
            assert_receive {:DOWN, ^monitor, :process, ^p, :over}
          end)

          q = run!(argv: sleeper(), agent: :dedicated)
          {:ok, _} = Linx.Process.stop(q, 0)
        end)

      assert log == ""
    end
  end

  test "an agent that hangs holds up nobody who has said for how long to wait" do
    p = run!(argv: sleeper())
    pid = agent_pid()
    {"", 0} = System.cmd("kill", ["-STOP", "#{pid}"])

    try do
      assert Linx.Process.wait(p, 20) == {:error, :timeout}
      assert {:ok, q} = Linx.Process.spawn(argv: ["/bin/true"], owner: nil)
      assert Linx.Process.await_ready(q, 20) == {:error, :timeout}
      assert {:ok, %Info{stage: :starting, waits_for: waits_for}} = Linx.Process.info(q)
      assert waits_for == "the child to be ready at the checkpoint"
      assert length(Linx.sessions()) >= 2
    after
      System.cmd("kill", ["-CONT", "#{pid}"])
    end

    assert Linx.Process.signal(p, 0) == :ok
  end

  test "an agent does not mind SIGTERM: a container's stop sends it to everybody" do
    p = run!(argv: sleeper())
    {"", 0} = System.cmd("kill", ["-TERM", "#{agent_pid()}"])
    assert Linx.Process.signal(p, 0) == :ok
    assert result!(argv: ["/bin/true"]) == {:ok, {:exited, 0}}
  end

  defp real_agent do
    {:ok, path} = Linx.Agent.Executable.path(nil)
    path
  end

  defp at_path(path, function) do
    before = System.get_env("LINX_PROCESS_PATH")
    System.put_env("LINX_PROCESS_PATH", path)

    try do
      function.()
    after
      if before, do: System.put_env("LINX_PROCESS_PATH", before), else: System.delete_env("LINX_PROCESS_PATH")
    end
  end

  describe "a request that goes past its session" do
    test "is answered although the agent dies, and leaves no message behind" do
      agent = start_agent([])
      p = run!(argv: sleeper(), agent: agent)
      {:ok, %{os_pid: os_pid}} = Linx.Agent.info(agent)
      test = self()

      askers =
        for _n <- 1..20 do
          Task.async(fn ->
            :ok = Linx.Process.signal(p, 0)
            send(test, :asked)
            answer = ask_on(p)
            {answer, Process.info(self(), :messages)}
          end)
        end

      for _n <- 1..20, do: assert_receive(:asked, 5_000)
      capture_log(fn -> kill9(os_pid) && Linx.Process.wait(p) end)

      for {answer, messages} <- Task.await_many(askers) do
        assert answer == {:error, :no_process}
        assert messages == {:messages, []}
      end

      assert Linx.Process.signal(p, 0) == {:error, :no_process}
    end

    test "is not counted as a session, nor kept" do
      agent = start_agent([])
      p = run!(argv: sleeper(), agent: agent)
      for _n <- 1..100, do: assert(Linx.Process.signal(p, 0) == :ok)
      assert {:ok, %{sessions: 1}} = Linx.Agent.info(agent)
      {:ok, %{routes: routes}} = Linx.Agent.channel(agent)
      assert for({{_id, _ref}, _asker, _port} <- :ets.tab2list(routes), do: :kept) == []
    end

    test "finds nobody where the session was killed" do
      p = run!(argv: sleeper())
      Process.exit(p, :kill)
      eventually(fn -> Linx.Process.signal(p, 0) == {:error, :no_session} end, "the end of the session")
    end

    test "has the answers of any other" do
      p = run!(argv: ["/bin/sh", "-c", "exec 3</dev/null; read line; exit 3"], agent: :dedicated)
      assert {:ok, {:exited, 3}} = Linx.Process.wait(p)
      assert Linx.Process.signal(p, :sigterm) == {:error, :no_process}
      :ok = Linx.Process.forget(p)
      assert Linx.Process.signal(p, :sigterm) == {:error, :no_session}
    end

    defp ask_on(p), do: if(Linx.Process.signal(p, 0) == :ok, do: ask_on(p), else: Linx.Process.signal(p, 0))
  end
end
