# What options do to a workload, as the kernel tells it.

defmodule Linx.KernelTest do
  use Linx.Live

  defp launched!(options), do: host_pid!(run!([argv: sleeper()] ++ options))

  test "argv, arg0, cwd, umask and the environment are the workload's" do
    pid =
      launched!(
        argv: ["sleep", "1000"],
        arg0: "günter",
        cwd: '/usr',
        umask: 0o137,
        env: [A: "ä", PATH: "/bin"]
      )

    assert File.read!("/proc/#{pid}/cmdline") == "günter\0" <> "1000\0"
    assert File.read_link!("/proc/#{pid}/cwd") == "/usr"
    assert status_of(pid, "Umask") == "0137"

    assert File.read!("/proc/#{pid}/environ") |> String.split(<<0>>, trim: true) |> Enum.sort() == [
             "A=ä",
             "PATH=/bin"
           ]
  end

  test "by default cwd and environment are the VM's as they are now" do
    System.put_env("LINX_TEST_KERNEL", "now")
    pid = launched!([])
    assert File.read_link!("/proc/#{pid}/cwd") == File.cwd!()
    assert "LINX_TEST_KERNEL=now" in String.split(File.read!("/proc/#{pid}/environ"), <<0>>)
  after
    System.delete_env("LINX_TEST_KERNEL")
  end

  test "a relative cwd is one from the VM's" do
    assert File.read_link!("/proc/#{launched!(cwd: "test/..")}/cwd") == File.cwd!()
  end

  test "every namespace can be fresh" do
    kinds = [:user, :mount, :pid, :net, :uts, :ipc, :cgroup, :time]
    pid = launched!(namespaces: kinds, map_root: true, hostname: 'blue')

    for file <- ["user", "mnt", "pid", "net", "uts", "ipc", "cgroup", "time"],
        do: assert(namespace_of(pid, file) != namespace_of("self", file))

    assert File.read!("/proc/#{pid}/uid_map") |> String.split() == ["0", "0", "1"]
    assert status_of(pid, "NSpid") =~ ~r/\t1$/
  end

  test "a host name, clocks and mounts are inside" do
    file = Path.join(scratch(), "told")
    script = "{ hostname; cat /proc/self/timens_offsets; cat /proc/mounts | grep ' /mnt '; } > #{file}"

    assert result!(
             argv: ["/bin/sh", "-c", script],
             namespaces: [:uts, :time, :mount],
             hostname: "blue",
             time_offsets: [monotonic: 3600, boottime: {7, 5}],
             mounts: [{"tmpfs", "/mnt", ["size=1m", "nosuid"]}]
           ) == {:ok, {:exited, 0}}

    told = File.read!(file)
    assert told =~ ~r/^blue$/m
    assert told =~ ~r/^monotonic\s+3600\s+0$/m
    assert told =~ ~r/^boottime\s+7\s+5$/m
    assert told =~ ~r/^tmpfs \/mnt tmpfs rw,nosuid.*size=1024k/m
  end

  test "id maps and ids are inside" do
    # The checkout may lie where the mapped ids must not go.
    pid =
      launched!(
        cwd: "/",
        namespaces: [:user],
        uid_map: [{0, 100_000, 10}, {1000, 200_000, 1}],
        gid_map: [{0, 100_000, 20}],
        uid: 1000,
        gid: 5,
        groups: [6, 7]
      )

    assert File.read!("/proc/#{pid}/uid_map") |> String.split() == ~w(0 100000 10 1000 200000 1)
    assert status_of(pid, "Uid") == "200000\t200000\t200000\t200000"
    assert status_of(pid, "Gid") == "100005\t100005\t100005\t100005"
    assert status_of(pid, "Groups") |> String.split() == ["100006", "100007"]
  end

  test "an identity without namespaces is the host's" do
    pid = launched!(uid: 65_534, gid: 65_534, groups: [], no_new_privs: true)
    assert status_of(pid, "Uid") =~ "65534\t65534"
    assert status_of(pid, "Groups") |> String.trim() == ""
    assert status_of(pid, "NoNewPrivs") == "1"
  end

  test "limits and niceness are the workload's" do
    pid = launched!(rlimits: [nofile: {100, 200}, core: 0, cpu: :infinity], nice: 7)
    limits = File.read!("/proc/#{pid}/limits")
    assert limits =~ ~r/Max open files\s+100\s+200/
    assert limits =~ ~r/Max core file size\s+0\s+0/
    assert limits =~ ~r/Max cpu time\s+unlimited\s+unlimited/

    nice =
      File.read!("/proc/#{pid}/stat") |> String.split(") ") |> List.last() |> String.split() |> Enum.at(16)

    assert nice == "7"
  end

  test "a namespace can be joined by path and by pid" do
    target = launched!(namespaces: [:net, :ipc])
    pid = launched!(join: [net: "/proc/#{target}/ns/net", ipc: {:pid, target}])
    for kind <- ["net", "ipc"], do: assert(namespace_of(pid, kind) == namespace_of(target, kind))
  end

  test "loopback is up in a fresh net namespace, unless it is not wanted" do
    up = ["/bin/sh", "-c", "ip link show lo | grep -q ,UP"]
    assert result!(argv: up, namespaces: [:net]) == {:ok, {:exited, 0}}
    assert result!(argv: up, namespaces: [:net], loopback: false) == {:ok, {:exited, 1}}
  end

  describe "stdio" do
    test "by default is /dev/null for stdin, and the VM's for the others" do
      pid = launched!([])
      assert File.read_link!("/proc/#{pid}/fd/0") == "/dev/null"

      for fd <- [1, 2],
          do: assert(File.read_link!("/proc/#{pid}/fd/#{fd}") == File.read_link!("/proc/self/fd/#{fd}"))

      # The dynamic linker may still be at work.
      eventually(fn -> Enum.sort(File.ls!("/proc/#{pid}/fd")) == ["0", "1", "2"] end, "three descriptors")
    end

    test "may be /dev/null altogether" do
      pid = launched!(stdio: :devnull)
      for fd <- 0..2, do: assert(File.read_link!("/proc/#{pid}/fd/#{fd}") == "/dev/null")
    end

    test "reads, writes, appends to and creates files" do
      directory = scratch()
      [input, log, fresh] = for name <- ["in", "log", "fresh"], do: Path.join(directory, name)
      File.write!(input, "hello")
      File.write!(log, "before\n")
      stdio = fn out, modes -> [stdin: {:file, input}, stdout: {:file, out, modes}, stderr: :stdout] end
      cat = ["/bin/sh", "-c", "cat; echo oops >&2"]

      assert result!(argv: cat, stdio: stdio.(log, [:append])) == {:ok, {:exited, 0}}
      assert File.read!(log) == "before\nhellooops\n"
      assert result!(argv: cat, stdio: stdio.(log, [:write])) == {:ok, {:exited, 0}}
      assert File.read!(log) == "hellooops\n"
      assert result!(argv: cat, stdio: stdio.(fresh, [:write, :exclusive])) == {:ok, {:exited, 0}}
      assert File.read!(fresh) == "hellooops\n"

      assert {:error, %Error{stage: :open_stdout, code: :eexist}} =
               result!(argv: cat, stdio: stdio.(fresh, [:write, :exclusive]))

      missing = [stdin: {:file, Path.join(directory, "missing")}]
      assert {:error, %Error{stage: :open_stdin, code: :enoent}} = result!(argv: cat, stdio: missing)
    end

    test "connects to a unix socket, on the host, before the clone" do
      path = Path.join(scratch(), "socket")
      {:ok, listener} = :gen_tcp.listen(0, [:binary, active: false, ifaddr: {:local, path}])

      p =
        spawn!(
          argv: ["/bin/cat"],
          namespaces: [:net, :mount],
          stdio: [stdin: {:connect_unix, path}, stdout: {:connect_unix, path}]
        )

      {:ok, input} = :gen_tcp.accept(listener, 5_000)
      {:ok, output} = :gen_tcp.accept(listener, 5_000)
      :ok = Linx.Process.proceed(p)
      :ok = :gen_tcp.send(input, "through a cat")
      assert :gen_tcp.recv(output, 13, 5_000) == {:ok, "through a cat"}
      :ok = :gen_tcp.close(input)
      assert Linx.Process.wait(p) == {:ok, {:exited, 0}}
      assert :gen_tcp.recv(output, 0, 5_000) == {:error, :closed}
    end

    test "that cannot be connected fails the launch with the stream's name" do
      path = Path.join(scratch(), "nobody")

      for stream <- [:stdin, :stdout, :stderr] do
        stage = :"connect_#{stream}"

        assert {:error, %Error{stage: ^stage, code: :enoent}} =
                 result!(argv: ["true"], stdio: [{stream, {:connect_unix, path}}])
      end
    end
  end
end
