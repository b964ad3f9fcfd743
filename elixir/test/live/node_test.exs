# Sessions on other nodes: started there, owned here.

defmodule Linx.NodeTest do
  use Linx.Live

  alias Linx.OtherVM

  @cookie "linx-test"
  # Seconds after which a silent node counts as gone, on either side.
  @tick 4

  setup_all do
    {_output, 0} = System.cmd("epmd", ["-daemon"])
    {:ok, _pid} = Node.start(:"linx-test-#{System.pid()}@127.0.0.1", :longnames)
    Node.set_cookie(String.to_atom(@cookie))
    :net_kernel.set_net_ticktime(@tick, 0)
    on_exit(fn -> Node.stop() end)
  end

  defp other_node(host \\ "127.0.0.1", options \\ %{}) do
    name = "linx-other-#{System.unique_integer([:positive])}-#{System.pid()}"

    options =
      Map.merge(%{name: String.to_charlist(name), host: String.to_charlist(host), longnames: true}, options)

    {peer, os_pid} = OtherVM.start(Map.put(options, :args, arguments()))
    node = :"#{name}@#{host}"
    true = Node.connect(node)
    {peer, node, os_pid}
  end

  defp arguments do
    OtherVM.arguments() ++
      ['-setcookie', String.to_charlist(@cookie), '-connect_all', 'false'] ++
      ['-kernel', 'net_ticktime', Integer.to_charlist(@tick)]
  end

  defp ends_with_its_owner(session, pid) do
    monitor = Process.monitor(session)
    await_gone(pid)
    Process.demonitor(monitor, [:flush])
  end

  test "a session is started there, and everything works on its pid" do
    {_peer, node, _os_pid} = other_node()
    p = spawn!(argv: sleeper(), node: node, tag: :far, stdio: :devnull)
    assert node(p) == node
    assert {:ok, pid} = Linx.Process.await_ready(p)
    assert_receive {:linx_process, :far, {:ready, ^pid}}
    assert {:ok, %Info{node: ^node, owner: owner, stage: :ready, tag: :far}} = Linx.Process.info(p)
    assert owner == self()
    assert Linx.Process.proceed(p) == :ok
    assert Linx.Process.await_running(p) == :ok
    assert_receive {:linx_process, :far, :running}
    assert Linx.Process.proceed(p) == {:error, :too_late}
    assert Linx.Process.signal(p, :sigusr1) == :ok
    assert Linx.Process.wait(p) == {:ok, {:signaled, 10}}
    assert_receive {:linx_process, :far, {:signaled, 10}}
    assert Linx.Process.kill(p) == {:error, :no_process}
    assert Linx.Process.forget(p) == :ok
    eventually(fn -> Linx.Process.info(p) == {:error, :no_session} end)
    refute p in for(info <- Linx.sessions(), do: info.session)
  end

  test "a process is entered there" do
    {_peer, node, _os_pid} = other_node()
    target = run!(argv: sleeper(), namespaces: [:uts])
    {:ok, p} = Linx.Process.enter(host_pid!(target), argv: sleeper(), node: node, stdio: :devnull)
    assert namespace_of(host_pid!(p), "uts") == namespace_of(host_pid!(target), "uts")
    assert Linx.Process.stop(p) == {:ok, :aborted}
  end

  test "the environment and the working directory are those of the other node" do
    {peer, node, _os_pid} = other_node()
    true = OtherVM.call(peer, :os, :putenv, ['LINX_TEST_FAR', 'there'])
    :ok = OtherVM.call(peer, :file, :set_cwd, ['/usr'])
    p = run!(argv: sleeper(), node: node, stdio: :devnull)
    pid = host_pid!(p)
    assert "LINX_TEST_FAR=there" in String.split(File.read!("/proc/#{pid}/environ"), <<0>>)
    assert File.read_link!("/proc/#{pid}/cwd") == "/usr"
  end

  test "an agent of another node is none for a session of this one" do
    {peer, _node, _os_pid} = other_node()
    agent = OtherVM.call(peer, :erlang, :whereis, [Linx.Agent])
    assert {:error, %Error{stage: :agent_start} = error} = Linx.Process.spawn(argv: ["true"], agent: agent)
    assert Exception.message(error) =~ "is no agent that runs on this node"
  end

  test "options are checked before the other node is asked" do
    assert {:error, %Error{stage: :spec}} = Linx.Process.spawn(argv: [], node: :"nobody@127.0.0.1")
  end

  test "this node is no other" do
    p = spawn!(argv: ["/bin/true"], node: node())
    assert node(p) == node()
  end

  test "a node that cannot be reached, or has no linx, is an error" do
    assert {:error, %Error{stage: :node, code: :ehostunreach} = error} =
             Linx.Process.spawn(argv: ["true"], node: :"nobody@127.0.0.1")

    assert Exception.message(error) =~ "reach the node (nobody@127.0.0.1: there is no connection)"

    {_peer, node, os_pid} = other_node()
    p = run!(argv: sleeper(), node: node, stdio: :devnull)
    monitor = Process.monitor(p)
    kill9(os_pid)
    assert_receive {:DOWN, ^monitor, :process, ^p, :noconnection}

    for verb <- [:wait, :info, :kill, :await_ready],
        do: assert(apply(Linx.Process, verb, [p]) == {:error, :no_session})

    assert {:error, %Error{stage: :node}} = Linx.Process.spawn(argv: ["true"], node: node)

    bare = :"linx-bare-#{System.pid()}"

    options = %{
      name: bare,
      host: '127.0.0.1',
      longnames: true,
      args: ['-setcookie', String.to_charlist(@cookie)]
    }

    {:ok, peer, bare} = :peer.start(Map.put(options, :connection, {{127, 0, 0, 1}, 0}))
    true = Node.connect(bare)
    assert {:error, %Error{stage: :node, code: :enosys}} = Linx.Process.spawn(argv: ["true"], node: bare)
    :peer.stop(peer)
  end

  test "a wait on a node that goes away is answered" do
    {_peer, node, os_pid} = other_node()
    p = run!(argv: sleeper(), node: node, stdio: :devnull)
    waiting = Task.async(fn -> Linx.Process.wait(p) end)
    eventually(fn -> map_size(:sys.get_state(p).state.waiters) == 1 end)
    kill9(os_pid)
    assert Task.await(waiting, 20_000) == {:error, :no_session}
  end

  test "the end of the owner's node is the owner's end" do
    {owners, owners_node, os_pid} = other_node()
    {_peer, node, _os_pid} = other_node()
    # A process that stays, on the first of the two.
    owner = OtherVM.call(owners, :erlang, :spawn, [:timer, :sleep, [:infinity]])
    assert node(owner) == owners_node
    killed = run!(argv: sleeper(), node: node, owner: owner, stdio: :devnull)
    kept = run!(argv: sleeper(), node: node, owner: owner, orphan_policy: :keep, stdio: :devnull)
    [killed_pid, kept_pid] = for p <- [killed, kept], do: host_pid!(p)
    kill9(os_pid)
    assert Linx.Process.wait(killed) == {:ok, {:signaled, 15}}
    await_gone(killed_pid)
    eventually(fn -> match?({:ok, %Info{owner: nil}}, Linx.Process.info(kept)) end)
    assert alive?(kept_pid)
    {:ok, _result} = Linx.Process.stop(kept, 0)
  end

  describe "across network namespaces" do
    @describetag :root

    setup do
      number = rem(System.unique_integer([:positive]), 200) + 20
      name = "linx-#{number}-#{System.pid()}"
      [inside, outside] = for end_of <- ["a", "b"], do: "lx#{number}#{end_of}"
      ip(["netns", "add", name])
      on_exit(fn -> ip(["netns", "del", name]) end)
      ip(["link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name])
      ip(["addr", "add", "10.213.#{number}.1/24", "dev", outside])
      ip(["link", "set", outside, "up"])
      ip(["-n", name, "addr", "add", "10.213.#{number}.2/24", "dev", inside])
      ip(["-n", name, "link", "set", inside, "up"])
      ip(["-n", name, "link", "set", "lo", "up"])
      %{namespace: name, link: outside, host: "10.213.#{number}.2"}
    end

    defp ip(arguments) do
      {output, 0} = System.cmd("ip", arguments, stderr_to_stdout: true)
      output
    end

    # With an epmd of its own, in there; it ends with the namespace's last test.
    defp node_inside(%{namespace: namespace, host: host}) do
      epmd =
        Port.open({:spawn_executable, System.find_executable("ip")},
          args: ["netns", "exec", namespace, "epmd"]
        )

      {:os_pid, epmd_pid} = Port.info(epmd, :os_pid)
      on_exit(fn -> System.cmd("kill", ["#{epmd_pid}"], stderr_to_stdout: true) end)

      epmd_answers = fn ->
        match?(
          {_names, 0},
          System.cmd("ip", ["netns", "exec", namespace, "epmd", "-names"], stderr_to_stdout: true)
        )
      end

      eventually(epmd_answers, "epmd")
      exec = {System.find_executable("ip"), ["netns", "exec", namespace, System.find_executable("erl")]}
      other_node(host, %{connection: :standard_io, exec: exec_of(exec)})
    end

    defp exec_of({file, arguments}),
      do: {String.to_charlist(file), Enum.map(arguments, &String.to_charlist/1)}

    test "a session is started, signalled and waited for", context do
      {_peer, node, os_pid} = node_inside(context)
      p = spawn!(argv: sleeper(), node: node, stdio: :devnull)
      pid = host_pid!(p)
      assert namespace_of(pid, "net") == namespace_of(os_pid, "net")
      assert namespace_of(pid, "net") != namespace_of("self", "net")
      :ok = Linx.Process.proceed(p)
      :ok = Linx.Process.await_running(p)
      assert_receive {:linx_process, ^p, :running}
      :ok = Linx.Process.signal(p, :sigterm)
      assert Linx.Process.wait(p) == {:ok, {:signaled, 15}}
    end

    test "a lost link is the end of the owner, and the session is lost here", context do
      {_peer, node, _os_pid} = node_inside(context)
      p = run!(argv: sleeper(), node: node, stdio: :devnull)
      pid = host_pid!(p)
      monitor = Process.monitor(p)
      ip(["link", "set", context.link, "down"])
      assert_receive {:DOWN, ^monitor, :process, ^p, :noconnection}, 30_000
      assert Linx.Process.info(p) == {:error, :no_session}
      ends_with_its_owner(p, pid)
    end
  end
end
