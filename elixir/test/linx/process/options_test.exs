# Every option, right and wrong. Nothing is launched here.

defmodule Linx.Process.OptionsTest do
  # Not async: the VM's working directory and environment are everybody's.
  use ExUnit.Case

  alias Linx.Process.{Error, Launch, Options}

  doctest Linx.Process.Options

  @base [argv: ["true"]]

  defp check(options, use \\ :spawn), do: Options.check(use, options)

  defp spec(options, use \\ :spawn) do
    assert {:ok, launch} = check(Keyword.merge(@base, options), use)
    launch.spec
  end

  defp launch(options, use \\ :spawn) do
    assert {:ok, launch} = check(Keyword.merge(@base, options), use)
    launch
  end

  defp wrong(options, use \\ :spawn) do
    assert {:error, %Error{stage: :spec, errno: 22, code: :einval, detail: detail}} = check(options, use)
    refute detail =~ "\n"
    assert String.length(detail) < 250
    detail
  end

  # Each beside options that would be right: the detail must hold the words.
  @wrong [
    # program
    {[argv: "echo hello"], ~s(argv: "echo hello" is not a list of strings)},
    {[argv: 'echo'], "argv: 'echo' is not a list of strings"},
    {[argv: []], "argv: [] is empty"},
    {[argv: [""]], "argv: the name of the program is empty"},
    {[argv: ["echo", :hello]], "argv: :hello is neither a string nor a charlist"},
    {[argv: ["echo", 1]], "argv: 1 is neither"},
    {[argv: ["echo", nil]], "argv: nil is neither"},
    {[argv: ["echo", ["a", "b"]]], ~s(argv: ["a", "b"] is neither)},
    {[argv: ["echo" | "hello"]], "is not a list of strings"},
    {[argv: ["echo", "a\0b"]], "holds a NUL byte"},
    {[argv: ["echo", [0xD800]]], "is neither a string nor a charlist"},
    {[argv: nil], "argv: nil is not a list"},
    {[argv: %{}], "argv: %{} is not a list"},
    {[arg0: 1], "arg0: 1 is neither"},
    {[arg0: "a\0"], "arg0: \"a\\0\" holds a NUL byte"},
    {[cwd: ""], "cwd: is empty"},
    {[cwd: :tmp], "cwd: :tmp is neither"},
    {[cwd: "/\0"], "holds a NUL byte"},
    {[cwd: nil], "cwd: nil is neither"},
    {[umask: 0o1000], "umask: 512 is not an integer between 0 and 0o777"},
    {[umask: -1], "umask: -1 is not"},
    {[umask: "022"], ~s(umask: "022" is not)},
    {[umask: 0.5], "umask: 0.5 is not"},
    # namespaces
    {[namespaces: :user], "namespaces: :user is not a list of namespaces"},
    {[namespaces: [:mnt]], "namespaces: :mnt is no namespace; did you mean :mount?"},
    {[namespaces: [:network]], "did you mean :net?"},
    {[namespaces: [:uesr]], "did you mean :user?"},
    {[namespaces: ["user"]], ~s(namespaces: "user" is no namespace)},
    {[namespaces: [:user | :pid]], "is not a list of namespaces"},
    {[namespaces: nil], "namespaces: nil is not a list"},
    {[namespaces: [1]], "namespaces: 1 is no namespace"},
    {[join: "/run/netns/blue"], "join: \"/run/netns/blue\" is not a list"},
    {[join: [net: ""]], "join: net: is empty"},
    {[join: [net: "/a\0"]], "join: net: \"/a\\0\" holds a NUL byte"},
    {[join: [net: 71]], "join: net: 71 is neither a path nor {:pid, pid}"},
    {[join: [net: {:pid, 0}]], "join: net: 0 is no pid"},
    {[join: [net: {:pid, -3}]], "join: net: -3 is no pid"},
    {[join: [net: {:pid, "71"}]], "is no pid"},
    {[join: [net: {:fd, 7}]], "is neither a path nor {:pid, pid}"},
    {[join: [nett: "/a"]], "join: :nett is no namespace; did you mean :net?"},
    {[join: [net: "/a", net: "/b"]], "join: :net is joined twice"},
    {[join: [:net]], "join: :net is not {namespace, path}"},
    {[join: [net: "/a"], namespaces: [:net]], "join: :net is to be fresh as well"},
    {[time_offsets: 3600], "time_offsets: 3600 is not a list"},
    {[time_offsets: [monotonic: "1h"]], "time_offsets: {:monotonic, \"1h\"} is not {clock, seconds}"},
    {[time_offsets: [realtime: 1]], "time_offsets: :realtime is no clock"},
    {[time_offsets: [{:monotonic, 1, 1_000_000_000}]], "1000000000 is not between 0 and 999999999"},
    {[time_offsets: [{:monotonic, 1, -1}]], "-1 is not between 0 and 999999999"},
    {[time_offsets: [monotonic: 10_000_000_000]], "10000000000 is not between"},
    {[time_offsets: [monotonic: 1, monotonic: 2]], "time_offsets: :monotonic is given twice"},
    {[time_offsets: [1]], "time_offsets: 1 is not {clock, seconds}"},
    {[time_offsets: [monotonic: 1]], "needs a fresh time namespace; add :time to namespaces"},
    {[hostname: ""], "hostname: is empty"},
    {[hostname: :blue], "hostname: :blue is neither"},
    {[hostname: String.duplicate("a", 65), namespaces: [:uts]], "has 65 bytes; it may have 64"},
    {[hostname: "a\0b", namespaces: [:uts]], "holds a NUL byte"},
    {[hostname: "blue"], "hostname: \"blue\" needs a fresh uts namespace; add :uts to namespaces"},
    {[domainname: "blue"], "domainname: \"blue\" needs a fresh uts namespace"},
    {[domainname: 1, namespaces: [:uts]], "domainname: 1 is neither"},
    {[loopback: 1], "loopback: 1 is neither true nor false"},
    # id maps
    {[uid_map: [{0, 1}], gid_map: [{0, 0, 1}], namespaces: [:user]],
     "uid_map: {0, 1} is not {inside, outside, count}"},
    {[uid_map: {0, 0, 1}], "uid_map: {0, 0, 1} is not a list of {inside, outside, count}"},
    {[uid_map: [{0, 0, "1"}]], "is not {inside, outside, count}"},
    {[uid_map: [{0, 0, 0}]], "uid_map: {0, 0, 0} is empty; its count must be at least 1"},
    {[uid_map: [{-1, 0, 1}]], "uid_map: {-1, 0, 1} has a negative id"},
    {[gid_map: [{0, 4_294_967_295, 1}]], "goes beyond the last id, 4294967294"},
    {[gid_map: [{0, 1, 4_294_967_295}]], "goes beyond the last id"},
    {[uid_map: [{0, 0, 10}, {5, 100, 1}]], "uid_map: {0, 0, 10} and {5, 100, 1} overlap inside"},
    {[uid_map: [{0, 0, 10}, {50, 9, 1}]], "uid_map: {0, 0, 10} and {50, 9, 1} overlap outside"},
    {[uid_map: for(n <- 0..340, do: {n, n, 1})], "341 ranges; the kernel takes at most 340"},
    {[uid_map: for(n <- 1..300, do: {n * 10_000_000, n * 10_000_000, 1})],
     "bytes; the kernel takes at most 4095"},
    {[uid_map: [{0, 0, 1}], namespaces: [:user]], "gid_map: is missing beside the uid_map"},
    {[gid_map: [{0, 0, 1}], namespaces: [:user]], "uid_map: is missing beside the gid_map"},
    {[uid_map: [{0, 0, 1}], gid_map: [{0, 0, 1}]], "uid_map: [{0, 0, 1}] needs a fresh user namespace"},
    {[map_root: true], "map_root: true needs a fresh user namespace; add :user to namespaces"},
    {[map_root: "yes"], "map_root: \"yes\" is neither true nor false"},
    {[map_root: true, uid_map: [{0, 0, 1}], gid_map: [{0, 0, 1}], namespaces: [:user]],
     "map_root: true cannot be combined with uid_map or gid_map"},
    # mounts
    {[mounts: {"proc", "/proc"}], "mounts: {\"proc\", \"/proc\"} is not a list"},
    {[mounts: [{"proc", "/proc"}]], "needs a fresh mount namespace; add :mount to namespaces"},
    {[mounts: [{"", "/proc"}]], "mounts: type: is empty"},
    {[mounts: [{:proc, "/proc"}]], "mounts: type: :proc is neither"},
    {[mounts: [{"proc", "proc"}]], "mounts: target: \"proc\" is not an absolute path"},
    {[mounts: [{"proc", ""}]], "mounts: target: is empty"},
    {[mounts: ["proc"]], "mounts: \"proc\" is not {type, target} or {type, target, options}"},
    {[mounts: [{"tmpfs", "/tmp", "size=1m"}]], "mounts: /tmp: \"size=1m\" is not a list of options"},
    {[mounts: [{"tmpfs", "/tmp", 'size=1m'}]], "mounts: /tmp: 'size=1m' is not a list of options"},
    {[mounts: [{"tmpfs", "/tmp", [size: "1m"]}]], "mounts: /tmp: option: {:size, \"1m\"} is neither"},
    {[mounts: [{"tmpfs", "/tmp", [""]}]], "mounts: /tmp: option: is empty"},
    {[mounts: [{"tmpfs", "/tmp", ["=1m"]}]], "mounts: /tmp: option: \"=1m\" has no name"},
    {[mounts: [{"tmpfs", "/t\0mp"}]], "holds a NUL byte"},
    # identity
    {[uid: -1], "uid: -1 is not between 0 and 4294967294"},
    {[uid: 4_294_967_295], "uid: 4294967295 is not between"},
    {[uid: "root"], "uid: \"root\" is not an integer"},
    {[gid: 1.0], "gid: 1.0 is not an integer"},
    {[groups: 1], "groups: 1 is not a list of gids"},
    {[groups: [1, -1]], "groups: -1 is not between"},
    {[groups: List.duplicate(1, 65_537)], "groups: 65537 groups; the kernel takes at most 65536"},
    {[uid: 5, namespaces: [:user], uid_map: [{0, 0, 1}], gid_map: [{0, 0, 1}]],
     "uid: 5 has no place in the map of the user namespace"},
    {[gid: 5, namespaces: [:user], map_root: true], "gid: 5 has no place in the map"},
    {[groups: [0, 7], namespaces: [:user], map_root: true], "groups: 7 has no place in the map"},
    {[init: 1], "init: 1 is neither true nor false"},
    {[no_new_privs: nil], "no_new_privs: nil is neither true nor false"},
    # resources
    {[rlimits: 1024], "rlimits: 1024 is not a list"},
    {[rlimits: [nofiles: 1]], "rlimits: :nofiles is no resource of getrlimit(2); did you mean :nofile?"},
    {[rlimits: [{"RLIMIT_NOFILE", 1}]], "did you mean :nofile?"},
    {[rlimits: [nofile: -1]], "rlimits: nofile: -1 is neither an integer from 0 on nor :infinity"},
    {[rlimits: [nofile: :unlimited]], "rlimits: nofile: :unlimited is neither"},
    {[rlimits: [nofile: 18_446_744_073_709_551_615]], "is neither an integer from 0 on nor :infinity"},
    {[rlimits: [nofile: {10, 5}]], "the soft limit 10 is above the hard limit 5"},
    {[rlimits: [nofile: {:infinity, 5}]], "the soft limit :infinity is above the hard limit 5"},
    {[rlimits: [nofile: 1, nofile: 2]], "rlimits: :nofile is limited twice"},
    {[rlimits: [:nofile]], "rlimits: :nofile is not {name, limit}"},
    {[nice: 20], "nice: 20 is not between -20 and 19"},
    {[nice: -21], "nice: -21 is not between"},
    {[nice: "5"], "nice: \"5\" is not an integer"},
    # stdio
    {[stdio: :pipe], "stdio: :pipe is not :inherit, :devnull"},
    {[stdio: :pty], "stdio: :pty is not"},
    {[stdio: "/dev/null"], "stdio: \"/dev/null\" is not"},
    {[stdio: [stdou: :inherit]], "stdio: :stdou is not :stdin, :stdout or :stderr"},
    {[stdio: [stdout: :pipe]], "stdio: stdout: :pipe is not :inherit"},
    {[stdio: [stdout: :stdout]], "stdio: stdout: only stderr can be the same as stdout"},
    {[stdio: [stdin: :stdout]], "stdio: stdin: only stderr can be the same as stdout"},
    {[stdio: [stdout: :inherit, stdout: :devnull]], "stdio: :stdout is given twice"},
    {[stdio: [stdout: {:file, ""}]], "stdio: stdout: is empty"},
    {[stdio: [stdout: {:file, 1}]], "stdio: stdout: 1 is neither"},
    {[stdio: [stdout: {:file, "/tmp/x", :append}]], "stdio: stdout: :append is not a list of modes"},
    {[stdio: [stdout: {:file, "/tmp/x", [:truncate]}]], "stdio: stdout: :truncate is no mode"},
    {[stdio: [stdout: {:file, "/tmp/x", []}]], "stdio: stdout: [] neither reads nor writes"},
    {[stdio: [stdout: {:file, "/tmp/x", [:exclusive]}]], "neither reads nor writes"},
    {[stdio: [stdin: {:file, "/tmp/x", [:read, :exclusive]}]], ":exclusive goes with :write or :append"},
    {[stdio: [stdout: {:file, "/tmp/x", [:write, :append]}]], "both truncates and appends"},
    {[stdio: [stdin: {:connect_unix, ""}]], "stdio: stdin: is empty"},
    {[stdio: [stdin: {:connect_unix, "/" <> String.duplicate("a", 107)}]],
     "has 108 bytes; a socket's path may have 107"},
    {[stdio: [stdin: 0]], "stdio: stdin: 0 is not"},
    {[stdio: [:stdin]], "stdio: :stdin is not {stream, how}"},
    # lifecycle
    {[owner: :me], "owner: :me is neither a pid nor nil"},
    {[auto_proceed: :yes], "auto_proceed: :yes is neither true nor false"},
    {[at_checkpoint: "touch /tmp/x"], "is not a function of one argument, the host pid"},
    {[at_checkpoint: &Kernel.+/2], "is not a function of one argument"},
    {[at_checkpoint: nil], "at_checkpoint: nil is not a function"},
    {[checkpoint_timeout: 0], "checkpoint_timeout: 0 is not a number of milliseconds between 1"},
    {[checkpoint_timeout: "5s"], "checkpoint_timeout: \"5s\" is not"},
    {[timeout: -5], "timeout: -5 is not a number of milliseconds"},
    {[timeout: 1.5], "timeout: 1.5 is not"},
    {[timeout: nil], "timeout: nil is not"},
    {[timeout: 4_294_967_296], "timeout: 4294967296 is not"},
    {[kill_grace: :infinity], "kill_grace: :infinity is not"},
    {[kill_grace: -1], "kill_grace: -1 is not"},
    {[linger: -1], "linger: -1 is not"},
    {[linger: :forever], "linger: :forever is not"},
    {[orphan_policy: :kill], "orphan_policy: :kill is neither {:kill, milliseconds} nor :keep"},
    {[orphan_policy: {:kill, -1}], "orphan_policy: {:kill, -1} is neither"},
    {[orphan_policy: {:keep, 1}], "orphan_policy: {:keep, 1} is neither"},
    {[agent: nil], "agent: nil is not :shared, :dedicated"},
    {[agent: "shared"], "agent: \"shared\" is not"},
    {[node: "b@host"], "node: \"b@host\" is not the name of a node"},
    {[node: nil], "node: nil is not"},
    {[name: "web"], "name: \"web\" is not an atom, {:global, term}"},
    {[name: {:via, "registry", :web}], "name: {:via, \"registry\", :web} is not"},
    {[id: :web], "id: is for supervised sessions"},
    {[restart: :permanent], "restart: is for supervised sessions"}
  ]

  for {{options, words}, index} <- Enum.with_index(@wrong) do
    {name, _value} = hd(options)

    test "wrong #{index}: #{name}, #{String.slice(words, 0, 60)}" do
      options = unquote(Macro.escape(options))
      assert wrong(Keyword.merge(@base, options)) =~ unquote(words)
    end
  end

  test "what is no set of options is told so" do
    for rubbish <- ["echo", nil, 1, :argv, {:argv, ["true"]}, %Error{}, fn -> [] end],
        do: assert(wrong(rubbish) =~ "options: neither a keyword list nor a map was given")

    for list <- [["echo", "hello"], 'echo', [argv: ["true"]] ++ ["x"], [{"argv", ["true"]}], [:a | :b]],
        do: assert(wrong(list) =~ "options: the list is no keyword list; the command goes under argv")

    assert wrong(%{"argv" => ["true"]}) =~ "options: \"argv\" is not an atom"
    assert wrong([]) =~ "argv: is missing"
    assert wrong(%{}) =~ "argv: is missing"
  end

  test "an unknown option is told with the nearest one that is known" do
    for {wrong, meant} <- [
          arv: "argv",
          argvs: "argv",
          namespace: "namespaces",
          uidmap: "uid_map",
          hostnmae: "hostname",
          no_new_priv: "no_new_privs",
          rlimit: "rlimits"
        ] do
      assert wrong(@base ++ [{wrong, 1}]) =~ "#{wrong}: is not an option; did you mean #{meant}?"
    end

    assert wrong(@base ++ [banana: 1]) == "banana: is not an option"
  end

  test "an option of a later day is unknown until then" do
    for name <- [:rootfs, :capabilities, :seccomp, :cgroup, :devices, :scheduler, :demand, :sysctls],
        do: assert(wrong(@base ++ [{name, true}]) =~ "#{name}: is not an option")
  end

  test "a target of enter is a pid" do
    for rubbish <- [0, -1, "1", nil, self(), 1.0, 4_194_305],
        do: assert(wrong(@base, {:enter, rubbish}) =~ "pid: ")
  end

  test "enter makes no namespaces, and what needs fresh ones is refused" do
    for options <- [
          [map_root: true],
          [hostname: "a"],
          [mounts: [{"proc", "/proc"}]],
          [time_offsets: [monotonic: 1]]
        ],
        do:
          assert(
            wrong(@base ++ [namespaces: [:user, :uts, :mount, :time]] ++ options, {:enter, 1}) =~
              "enter joins those of its target"
          )

    assert wrong(@base ++ [namespaces: [:net], join: [net: "/a"]], {:enter, 1}) =~
             "join: :net is among the target's namespaces as well"

    assert spec([namespaces: [:net], join: [ipc: "/a"]], {:enter, 1}).namespaces == [:net]
  end

  test "another node cannot be linked to" do
    assert wrong(@base ++ [node: :b@nowhere], :start_link) =~ "node: :b@nowhere cannot be linked to"
    assert {:ok, _launch} = check(@base ++ [node: node()], :start_link)
  end

  describe "what is right" do
    test "reaches the wire in the wire's shape" do
      assert spec(rlimits: [nofile: 1024, core: {0, :infinity}]).rlimits == [
               {:nofile, 1024, 1024},
               {:core, 0, :infinity}
             ]

      assert spec(rlimits: [{:cpu, 1, 2}]).rlimits == [{:cpu, 1, 2}]
      assert spec(namespaces: [:time], time_offsets: [monotonic: 5]).time_offsets == [{:monotonic, 5, 0}]

      assert spec(namespaces: [:time], time_offsets: %{boottime: {-1, 7}}).time_offsets == [
               {:boottime, -1, 7}
             ]

      assert spec(namespaces: [:mount], mounts: [{"proc", "/proc"}]).mounts == [{"proc", "/proc", []}]

      assert spec(join: %{net: "/run/netns/blue", ipc: {:pid, 71}}).join |> Enum.sort() == [
               ipc: {:pid, 71},
               net: "/run/netns/blue"
             ]

      assert spec(namespaces: [:user, :pid, :user]).namespaces == [:user, :pid]
      assert spec(stdio: :devnull).stdio == [stdin: :devnull, stdout: :devnull, stderr: :devnull]

      assert spec(stdio: [stderr: :stdout]).stdio |> Enum.sort() == [
               stderr: :stdout,
               stdin: :devnull,
               stdout: :inherit
             ]

      assert spec(stdio: [stdin: {:file, "/x"}, stdout: {:file, '/y'}]).stdio[:stdin] ==
               {:file, "/x", [:read]}

      assert spec(stdio: [stdout: {:file, '/y'}]).stdio[:stdout] == {:file, "/y", [:write]}
      assert spec(groups: []).groups == []
      assert spec(uid: 0, gid: 4_294_967_294).gid == 4_294_967_294
      refute Map.has_key?(spec([]), :stdio)
    end

    test "may be a map, and may hold charlists wherever strings are" do
      assert {:ok, launch} =
               check(%{argv: ['/bin/echo', 'grüß'], cwd: '/', arg0: '', hostname: 'blue', namespaces: [:uts]})

      assert launch.spec.argv == ["/bin/echo", "grüß"]
      assert {launch.spec.cwd, launch.spec.arg0, launch.spec.hostname} == {"/", "", "blue"}
    end

    test "is what the kernel's own bounds allow" do
      full = for n <- 0..339, do: {n, n, 1}
      options = [namespaces: [:user], uid_map: full, gid_map: [{0, 0, 4_294_967_295}]]
      assert length(spec(options).uid_map) == 340
      assert spec(namespaces: [:uts], hostname: String.duplicate("a", 64)).hostname
      assert spec(uid_map: [], gid_map: []).uid_map == []
      assert spec(map_root: false)
      assert spec(namespaces: [:user], map_root: true, uid: 0, gid: 0, groups: [0])
    end

    test "a relative path of a file is the VM's, not the agent's" do
      assert spec(stdio: [stdout: {:file, "log"}]).stdio[:stdout] ==
               {:file, Path.join(File.cwd!(), "log"), [:write]}

      assert {:ok, {:spawn, spec}} = Launch.command(launch(cwd: "sub"))
      assert spec.cwd == Path.join(File.cwd!(), "sub")
    end

    test "is the VM's working directory as it is at the launch" do
      for directory <- ["/usr", "/", "/usr", "/tmp"] do
        {:ok, {:spawn, spec}} = File.cd!(directory, fn -> Launch.command(launch([])) end)
        assert spec.cwd == directory
        assert {:ok, {:spawn, %{cwd: ^directory}}} = File.cd!(directory, fn -> Launch.command(launch([])) end)
      end

      here = File.cwd!()
      for _ <- 1..3, do: assert({:ok, {:spawn, %{cwd: ^here}}} = Launch.command(launch([])))
    end

    test "of an option that is given twice the first counts" do
      assert spec(nice: 1, nice: 2).nice == 1
    end
  end

  describe "the lifecycle" do
    test "has defaults" do
      launch = launch([])
      assert {launch.kill_grace, launch.linger, launch.timeout} == {5_000, 60_000, :infinity}
      assert {launch.orphan_policy, launch.agent, launch.auto_proceed} == {{:kill, 5_000}, :shared, false}
      assert {:ok, {:spawn, spec}} = Launch.command(launch)
      refute Map.has_key?(spec, :orphan_policy) or Map.has_key?(spec, :auto_proceed)
      refute Map.has_key?(spec, :checkpoint_timeout)
    end

    test "to keep the workload takes an agent of its own" do
      assert launch(orphan_policy: :keep).agent == :dedicated
      assert launch(orphan_policy: :keep, agent: MyAgent).agent == MyAgent
      assert launch(orphan_policy: {:kill, 0}).agent == :shared
    end

    test "with a function at the checkpoint it is the session that proceeds" do
      {:ok, {:spawn, spec}} = Launch.command(launch(auto_proceed: true))
      assert spec.auto_proceed
      {:ok, {:spawn, spec}} = Launch.command(launch(auto_proceed: true, at_checkpoint: fn _pid -> :ok end))
      refute Map.has_key?(spec, :auto_proceed)
    end

    test "a tag may be any term, nil as well" do
      assert launch(tag: nil).tag == {:tag, nil}
      assert launch([]).tag == nil
    end
  end

  describe "the environment" do
    @secret "hunter2"

    defp env(options, use \\ :spawn) do
      command =
        case Launch.command(launch(options, use)) do
          {:ok, {:spawn, spec}} -> spec
          {:ok, {:enter, _pid, spec}} -> spec
        end

      Map.new(command.env)
    end

    test "is the whole one as a map, a keyword list or a list of pairs" do
      assert env(env: %{"A" => "1", B: '2'}) == %{"A" => "1", "B" => "2"}
      assert env(env: [A: "1", B: "2"]) == %{"A" => "1", "B" => "2"}
      assert env(env: [{'A', ''}, {"A", "last"}]) == %{"A" => "last"}
      assert env(env: []) == %{}
    end

    test "is the VM's as it is at the launch" do
      launch = launch([])
      System.put_env("LINX_TEST_NOW", "now")
      {:ok, {:spawn, spec}} = Launch.command(launch)
      environment = for {name, value} <- spec.env, do: {to_string(name), to_string(value)}
      assert Map.new(environment) == System.get_env()
      assert {"LINX_TEST_NOW", "now"} in environment
    after
      System.delete_env("LINX_TEST_NOW")
    end

    test "is what is inherited, with changes, of which nil unsets" do
      changed = env(env: {:inherit, %{"LINX_A" => "1", "PATH" => nil}})
      assert changed["LINX_A"] == "1"
      refute Map.has_key?(changed, "PATH")
      assert changed["HOME"] == System.get_env("HOME")
      assert env(env: {:inherit, []}) == System.get_env()
    end

    test "is PATH and TERM only where another process is entered" do
      assert Map.keys(env([], {:enter, 1})) -- ["PATH", "TERM"] == []
      assert env([], {:enter, 1})["PATH"] == System.get_env("PATH")
      assert Map.keys(env([env: {:inherit, [A: "1"]}], {:enter, 1})) -- ["PATH", "TERM", "A"] == []
    end

    test "may be made by a function at the launch" do
      launch = launch(env: fn -> send(self(), :called) && [A: "1"] end)
      refute_received :called
      assert {:ok, {:spawn, %{env: [{"A", "1"}]}}} = Launch.command(launch)
      assert_received :called
      assert env(env: fn -> {:inherit, A: "1"} end)["A"] == "1"
    end

    test "made by a function that fails is an error, and not its caller's end" do
      for {function, words} <- [
            {fn -> raise "#{@secret}" end, "env: the function raised RuntimeError"},
            {fn -> throw(@secret) end, "env: the function ended with throw"},
            {fn -> exit(@secret) end, "env: the function ended with exit"},
            {fn -> @secret end, "env: a string is not a map"},
            {fn -> %{"A" => 1} end, "env: the value of \"A\" is neither a string nor a charlist"}
          ] do
        assert {:error, %Error{stage: :spec, detail: detail}} = Launch.command(launch(env: function))
        assert detail =~ words
        refute detail =~ @secret
      end
    end

    test "that is wrong is told without any value of it" do
      for {env, words} <- [
            {nil, "env: nil is not a map"},
            {@secret, "env: a string is not a map"},
            {[@secret], "env: an entry is not a pair"},
            {["A=#{@secret}"], "env: an entry is not a pair"},
            {[{"A", @secret, 1}], "env: an entry is not a pair"},
            {[{"A=#{@secret}", "x"}], "env: the name that begins with \"A\" holds a ="},
            {[{"", @secret}], "env: the name of an entry is empty"},
            {[{"A\0#{@secret}", ""}], "env: the name that begins with \"A\" holds a NUL byte"},
            {[{nil, @secret}], "env: the name of an entry is not a string"},
            {[{1, @secret}], "env: the name of an entry is not a string"},
            {%{"A" => nil}, "env: the value of \"A\" is nil; {:inherit, changes} is what unsets"},
            {%{"A" => {:secret, @secret}}, "env: the value of \"A\" is neither"},
            {%{"A" => true}, "env: the value of \"A\" is neither"},
            {%{"A" => "#{@secret}\0"}, "env: the value of \"A\" holds a NUL byte"},
            {{:inherit, @secret}, "env: a string is not a map"},
            {{:inherit, [{"A", {@secret}}]}, "env: the value of \"A\" is neither"},
            {{:replace, [{"A", @secret}]}, "env: a tuple is not a map"},
            {fn _a -> @secret end, "env: a function that takes arguments is not a map"},
            {[{"A", @secret} | :b], "env: what was given is not a map"},
            {42, "env: a number is not a map"},
            {:inherit, "env: an atom is not a map"}
          ] do
        detail = wrong(@base ++ [env: env])
        assert detail =~ words
        refute detail =~ @secret
      end
    end

    test "is shown by no inspect" do
      launch = launch(env: %{"A" => @secret})
      assert inspect(launch) =~ "true"
      refute inspect(launch) =~ @secret
    end
  end
end
