# The stages of a launch in Elixir: the same list as include/linx/stage.hpp, held equal by a test.

defmodule Linx.Process.Stage do
  @moduledoc """
  The steps of a launch that can fail, each with one name.

  The name is what `Linx.Process.Error` has as its `:stage`; the words are how its sentence begins.
  Kernel calls keep the kernel's spelling.
  """

  # In the order in which they happen.
  @words [
    # before anything is created
    spec: "the specification",
    memory: "allocate memory",
    sigchld: "check the disposition of SIGCHLD",
    # acquire: the launcher, before the clone
    pidfd_open: "pin the target process",
    target: "look at the target process",
    open_ns_user: "open the user namespace",
    open_ns_mount: "open the mount namespace",
    open_ns_pid: "open the pid namespace",
    open_ns_net: "open the net namespace",
    open_ns_uts: "open the uts namespace",
    open_ns_ipc: "open the ipc namespace",
    open_ns_cgroup: "open the cgroup namespace",
    open_ns_time: "open the time namespace",
    open_root: "open the root directory of the target",
    open_cgroup: "open the cgroup of the target",
    open_stdin: "open the file for stdin",
    open_stdout: "open the file for stdout",
    open_stderr: "open the file for stderr",
    connect_stdin: "connect stdin to a socket",
    connect_stdout: "connect stdout to a socket",
    connect_stderr: "connect stderr to a socket",
    duplicate_fd: "duplicate a file descriptor",
    open_init: "load the program of the init",
    socketpair: "make the checkpoint socket",
    epoll: "watch the launch",
    # clone
    sigprocmask: "block all signals for the clone",
    clone3: "clone the child",
    clone_scout: "clone the process that opens files",
    clone_intermediate: "clone the intermediate process",
    # birth
    close_range: "close inherited file descriptors",
    parent_death_signal: "arm the parent-death signal",
    set_dumpable: "say whether other processes may look inside",
    session_keyring: "leave the launcher's session keyring",
    await_mapped: "wait for the launcher",
    # map: the launcher, the child waits
    setgroups_deny: "deny setgroups in the user namespace",
    uid_map: "write the uid map",
    gid_map: "write the gid map",
    newuidmap: "run newuidmap",
    newgidmap: "run newgidmap",
    timens_offsets: "write the time offsets",
    prlimit: "raise a hard resource limit",
    setpriority: "set the nice value",
    # prepare
    setpgid: "lead a process group",
    setsid: "lead a session",
    setns: "join the namespaces of the target",
    setns_user: "join user",
    setns_mount: "join mount",
    setns_pid: "join pid",
    setns_net: "join net",
    setns_uts: "join uts",
    setns_ipc: "join ipc",
    setns_cgroup: "join cgroup",
    setns_time: "join time",
    chroot: "change to the root of the target",
    unshare: "unshare namespaces",
    clone_workload: "clone the workload from the intermediate process",
    mount_propagation: "detach the mount namespace from the host's propagation",
    mount: "mount",
    loopback: "bring up the loopback interface",
    sethostname: "set the host name",
    setdomainname: "set the NIS domain name",
    checkpoint: "wait at the checkpoint",
    # seal
    stdio: "arrange the file descriptors",
    chdir: "change the working directory",
    verify_cwd: "verify that the working directory is inside the root",
    umask: "set the umask",
    setrlimit: "set a resource limit",
    setgroups: "set the supplementary groups",
    setresgid: "set the gid",
    setresuid: "set the uid",
    no_new_privs: "set no_new_privs",
    signals: "reset the signals",
    foreground: "take the foreground of the terminal",
    seal_fds: "mark what is not handed over close-on-exec",
    # exec and after
    exec_init: "execute the init",
    execve: "execute",
    proceed: "pass the checkpoint",
    abort: "abort at the checkpoint",
    child_died: "the child ended before it executed its program",
    signal: "send a signal",
    wait: "wait for the process",
    # the agent and the BEAM
    agent_start: "start the agent",
    agent_died: "the agent ended",
    protocol: "understand a frame",
    session: "find the session",
    at_checkpoint: "run the function given as at_checkpoint",
    node: "reach the node"
  ]

  @names Keyword.keys(@words)

  @typedoc "The name of a stage, such as `:execve`; `names/0` lists them."
  @type t :: atom()

  @doc "Every stage, in the order in which they happen."
  @spec names() :: [t()]
  def names, do: @names

  @doc """
  What a stage does, in the words of a sentence; `nil` for what is no stage.

      iex> Linx.Process.Stage.words(:setns_net)
      "join net"
      iex> Linx.Process.Stage.words(:lunch)
      nil
  """
  @spec words(atom()) :: String.t() | nil
  for {name, words} <- @words do
    def words(unquote(name)), do: unquote(words)
  end

  def words(name) when is_atom(name), do: nil
end
