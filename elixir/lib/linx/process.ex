# The public face of a session: launch, checkpoint, signal, wait, look.

defmodule Linx.Process do
  @moduledoc """
  Starts Linux processes in namespaces, with a checkpoint between clone and exec.

      {:ok, p} = Linx.Process.spawn(argv: ["sleep", "infinity"], namespaces: [:user, :net, :pid], map_root: true)
      {:ok, host_pid} = Linx.Process.await_ready(p)
      # It exists, in its own namespaces, and has not run one instruction: move an interface into
      # /proc/host_pid/ns/net, write its cgroup, whatever the host must do. Then let it go:
      :ok = Linx.Process.proceed(p)
      :ok = Linx.Process.await_running(p)
      :ok = Linx.Process.signal(p, :sigterm)
      {:ok, {:signaled, 15}} = Linx.Process.wait(p)

  ## The session

  `spawn/1` and `enter/2` answer with a *session*, a process of the BEAM that is the handle for everything
  else. It is not linked to its caller. It monitors its **owner** (the caller, unless `:owner` says otherwise),
  whose end is the workload's end (`:orphan_policy`). When the workload has ended, the session stays for
  `:linger` milliseconds, so that `wait/1` and `info/1` still answer, or until `forget/1`.

  Every verb answers, and none exits its caller: `{:error, reason}` with

    * `:no_process` - the workload has ended
    * `:no_session` - there is no such session (any more)
    * `:too_late` - the checkpoint has been passed
    * `:timeout`
    * a `Linx.Process.Error`, which names the step that failed

  ## Events

  The owner gets them as `{:linx_process, session, event}`, all from the session's process: `{:ready, host_pid}`,
  `:running`, and exactly one of `{:exited, code}`, `{:signaled, number}`, `:aborted` and
  `{:error, %Linx.Process.Error{}}`. `:tag` puts a term of yours in the session's place.
  An owner that must know of a killed session, or of a lost node, monitors the session.

  ## Supervision

  `{Linx.Process, argv: [...]}` is a child of a supervisor. Such a session is linked, ends with its workload, and
  for a reason that supervisors understand: an exit with 0 is `:normal`, with N `{:exited, N}`, a signal
  `{:signaled, number}`, an abort `{:shutdown, :aborted}`, a failure `{:error, %Linx.Process.Error{}}`. It has no
  owner unless `:owner` is given, and proceeds by itself. `:at_checkpoint` sets up the host's side, at every restart:

      children = [
        {Linx.Process,
         id: :web, restart: :transient, argv: ["/usr/sbin/nginx", "-g", "daemon off;"],
         namespaces: [:net, :pid, :mount], mounts: [{"proc", "/proc"}],
         at_checkpoint: fn host_pid -> MyApp.Network.plug_in(host_pid) end}
      ]

  ## Options

  A keyword list or a map; charlists are taken wherever strings are. Of an option that is given twice the first
  counts. What cannot be meant is `{:error, %Linx.Process.Error{stage: :spec}}` at once, and nothing is started.

  *The program*

    * `:argv` - required, the program and its arguments. A name without `/` is looked up in the workload's own
      PATH, inside its own root
    * `:arg0` - what it finds as its `argv[0]`
    * `:env` - the whole environment (a map, a keyword list, a list of pairs), `{:inherit, changes}`, where `nil`
      unsets, or a function of no arguments, called at launch. Default: the VM's environment as it is now; for
      `enter/2` PATH and TERM of it only (of which `{:inherit, changes}` starts there, too).
      No error, no report and no `inspect` shows a value of it
    * `:cwd` - default: the VM's working directory now; for `enter/2` the target's root
    * `:umask`
    * `:init` - `linx-init` between the agent and the workload (false): it forwards signals, reaps what is left to it,
      and kills what is left of it when the workload has ended. It comes from memory, so that nothing of it has to
      be in the workload's root, and runs as the workload's user. Pids are then the init's; results are the workload's

  *Namespaces*

    * `:namespaces` - fresh ones, of `:user, :mount, :pid, :net, :uts, :ipc, :cgroup, :time`; for `enter/2` which
      of the target's to join (all, by default). A workload that is the first in a pid namespace is shielded
      by the kernel from signals that it has no handler for, SIGTERM among them; `init: true` is the cure
    * `:join` - existing ones, `[net: "/run/netns/blue", ipc: {:pid, 71}]`
    * `:uid_map`, `:gid_map` - `[{inside, outside, count}]`, or `map_root: true`, root inside is you outside
    * `:time_offsets` - `[monotonic: seconds]`, `[boottime: {seconds, nanoseconds}]`
    * `:hostname`, `:domainname` - in a fresh uts namespace
    * `:loopback` - bring up `lo` in a fresh net namespace (true)
    * `:mounts` - filesystems for a fresh mount namespace, `[{"tmpfs", "/tmp", ["size=1m", "nosuid"]}]`

  *Identity and resources*

    * `:uid`, `:gid`, `:groups` - ids inside
    * `:no_new_privs` - setuid programs give no rights
    * `:rlimits` - `[nofile: 1024, core: {0, :infinity}]`, soft and hard limit
    * `:nice` - -20 to 19

  *Stdio*

    * `:stdio` - `:inherit`, `:devnull`, or `[stdin: ..., stdout: ..., stderr: ...]`, each `:inherit`, `:devnull`,
      `{:file, path}`, `{:file, path, modes}` with modes of `:read, :write, :append, :exclusive`,
      `{:connect_unix, path}`, and `stderr: :stdout`. Default: stdin is `/dev/null`, the others are the VM's

  *Lifecycle*

    * `:owner` - a pid, or `nil` for nobody
    * `:tag` - a term that stands in the session's place in events
    * `:auto_proceed` - do not stop at the checkpoint (false; for `start_link/1` true)
    * `:at_checkpoint` - a function of the host pid, run in a process of its own while the child is parked.
      `{:error, reason}`, `:error` or a crash aborts, and the session ends with an error of the stage
      `:at_checkpoint`; whatever else it answers is fine
    * `:checkpoint_timeout` - ms at the checkpoint after which the launch fails (`:infinity`)
    * `:timeout` - ms from *running* after which it is killed, as by `kill/1` (`:infinity`)
    * `:kill_grace` - ms between SIGTERM and SIGKILL (5000)
    * `:orphan_policy` - what becomes of the workload when its owner, its session or the VM dies: `{:kill, ms}`, a
      kill with that grace (5000), or `:keep`. A session that keeps gets an agent of its own where it would have
      shared one, so that at the VM's end the shared agent may kill all that descends from it. When the
      application `:linx` is stopped, the workloads of sessions are ended with `:kill_grace`, but for those that
      `spawn/1` and `enter/2` have started with `:keep`
    * `:linger` - ms for which an ended session stays (60000), or `:infinity`
    * `:agent` - `:shared`, `:dedicated`, or one that was started (`Linx.Agent`)
    * `:node` - start the session on that node. Functions among the options are called there, and the agent is
      that node's. The owner is here; when this node goes away, the orphan policy applies
    * `:name` - as `GenServer` takes it
    * `:id`, `:restart` - of `child_spec/1` and `start_link/1` only
  """

  import Kernel, except: [spawn: 1]

  alias Linx.Agent.Channel
  alias Linx.Process.{Error, Info, Launch, Options, Session, Signal}
  alias Linx.Process.Session.{Roll, State}

  # For verbs that are answered by the session or, at once, by its agent: one that hangs is no reason to hang.
  @patience 15_000

  @typedoc "A session: its pid or its name."
  @type t :: GenServer.server()

  @type verb_error :: :no_process | :no_session | :too_late | :timeout | Error.t()
  @type result :: {:exited, 0..255} | {:signaled, pos_integer()} | :aborted

  # --- launch --------------------------------------------------------------------------------------

  @doc """
  Launches a workload into fresh namespaces, as far as the checkpoint.

      iex> {:ok, p} = Linx.Process.spawn(argv: ["/bin/sh", "-c", "exit 3"])
      iex> :ok = Linx.Process.proceed(p)
      iex> Linx.Process.wait(p)
      {:ok, {:exited, 3}}

      iex> {:error, error} = Linx.Process.spawn(argv: [])
      iex> error.detail
      "argv: [] is empty; it must name a program"
  """
  @spec spawn(Options.t()) :: {:ok, pid()} | {:error, Error.t() | {:already_started, pid()}}
  def spawn(options), do: launch(:spawn, options, :spawn, [])

  @doc """
  The same inside the namespaces of a process that runs, by its pid on the host.

  By default it joins all namespaces of the target that differ, its cgroup and its root, as `docker exec` does.

      iex> {:ok, p} = Linx.Process.enter(String.to_integer(System.pid()), argv: ["/bin/true"], auto_proceed: true)
      iex> Linx.Process.wait(p)
      {:ok, {:exited, 0}}
  """
  @spec enter(pos_integer(), Options.t()) :: {:ok, pid()} | {:error, Error.t() | {:already_started, pid()}}
  def enter(pid, options), do: launch({:enter, pid}, options, :enter, [pid])

  defp launch(use, options, function, arguments) do
    with {:ok, launch} <- Options.check(use, options) do
      launch = %{launch | owner: owner(launch)}

      if launch.node in [nil, node()],
        do: launch_here(launch),
        else: launch_there(launch, options, function, arguments)
    end
  end

  defp launch_here(launch) do
    with {:ok, id, frame} <- Session.frame(launch),
         {:ok, channel} <- Session.channel(launch),
         {:error, reason} <- Session.start(launch, id, frame, channel) do
      # Nobody has adopted it.
      if launch.agent == :dedicated, do: Linx.Agent.leave(channel.server)
      {:error, reason}
    end
  end

  # Whoever said `owner: nil` wants nobody.
  defp owner(%Launch{owner: :unset}), do: self()
  defp owner(%Launch{owner: owner}), do: owner

  # The other node checks the options again: they may name what only it has.
  defp launch_there(launch, options, function, arguments) do
    {:ok, map} = Options.to_map(options)
    options = map |> Map.delete(:node) |> Map.put(:owner, launch.owner)
    :erpc.call(launch.node, __MODULE__, function, arguments ++ [options])
  catch
    :error, {:erpc, :noconnection} -> {:error, no_node(launch.node, 113, "there is no connection")}
    :error, {:exception, :undef, _stack} -> {:error, no_node(launch.node, 38, "linx is not loaded there")}
    kind, reason -> {:error, no_node(launch.node, 71, "#{kind}: #{inspect(reason, limit: 8)}")}
  end

  defp no_node(node, errno, why), do: Error.new(:node, errno, "#{node}: #{why}")

  @doc """
  Launches a workload with a session that is linked to the caller, for supervisors: returns when it runs, or with
  the error.

      iex> {:ok, p} = Linx.Process.start_link(argv: ["sleep", "infinity"])
      iex> {:ok, info} = Linx.Process.info(p)
      iex> info.stage
      :running
      iex> Linx.Process.stop(p, 0)
      {:ok, {:signaled, 15}}
  """
  @spec start_link(Options.t()) :: {:ok, pid()} | {:error, Error.t() | {:already_started, pid()} | term()}
  def start_link(options), do: Session.start_link(proceeding(options))

  defp proceeding(options) do
    case Options.to_map(options) do
      {:ok, map} -> Map.put_new(map, :auto_proceed, true)
      :error -> options
    end
  end

  @doc """
  A session as the child of a supervisor. `:id` (default: `:name`, else this module), `:restart` (`:permanent`) and
  `:kill_grace`, from which the time for its shutdown follows, are taken from the options.

      iex> Linx.Process.child_spec(argv: ["sleep", "infinity"], id: :sleeper, restart: :transient).shutdown
      6000
  """
  @spec child_spec(Options.t()) :: Supervisor.child_spec()
  def child_spec(options) do
    case Options.to_map(options) do
      {:ok, map} -> child(map, sealed(map))
      # start_link/1 says what is wrong with them.
      :error -> child(%{}, options)
    end
  end

  defp child(map, options) do
    %{
      id: map[:id] || map[:name] || __MODULE__,
      start: {__MODULE__, :start_link, [options]},
      restart: Map.get(map, :restart, :permanent),
      shutdown: Session.shutdown(grace_of(map)),
      type: :worker
    }
  end

  # Supervisors report how they start a child. A function shows nothing.
  defp sealed(%{env: env} = options) when not is_function(env), do: %{options | env: fn -> env end}
  defp sealed(options), do: options

  defp grace_of(%{kill_grace: grace}) when is_integer(grace) and grace >= 0, do: grace
  defp grace_of(_options), do: Launch.default_grace()

  # --- checkpoint ----------------------------------------------------------------------------------

  @doc """
  Waits until the child is parked at the checkpoint; answers with its pid on the host.

  Once it was ready the answer stays the same, but for an abort, after which it is `{:error, :no_process}`.
  A launch that has failed before is `{:error, %Linx.Process.Error{}}`.
  """
  @spec await_ready(t(), timeout()) :: {:ok, pos_integer()} | {:error, verb_error()}
  def await_ready(session, timeout \\ :infinity), do: await(session, :ready, timeout)

  @doc """
  Passes the checkpoint. Before *ready*: the child will not stop there.

  Where `:at_checkpoint` is given, that function is done first.
  """
  @spec proceed(t()) :: :ok | {:error, verb_error()}
  def proceed(session), do: ask(session, :proceed, :infinity)

  @doc """
  Discards the child, which has not run one instruction of the workload. After `proceed/1`, or with
  `:auto_proceed`, it is too late: `kill/1` is for every stage.

      iex> {:ok, p} = Linx.Process.spawn(argv: ["/bin/true"])
      iex> Linx.Process.abort(p)
      :ok
      iex> Linx.Process.wait(p)
      {:ok, :aborted}
  """
  @spec abort(t()) :: :ok | {:error, verb_error()}
  def abort(session), do: ask(session, :abort)

  @doc "Waits until the workload runs: its program was executed. `:ok` as well when it has ended since."
  @spec await_running(t(), timeout()) :: :ok | {:error, verb_error()}
  def await_running(session, timeout \\ :infinity), do: await(session, :running, timeout)

  # --- lifecycle -----------------------------------------------------------------------------------

  @doc """
  Sends a signal: a number, or a name as `:sigterm`, `:term`, `"HUP"`. 0 asks whether the workload lives.

  Signals that are sent before *running* are delivered when it runs, in their order. The first process of a pid
  namespace is shielded by the kernel from signals that it has no handler for; SIGKILL always works. With
  `init: true` that first process is an init, which forwards them to the workload and its process group:

      iex> options = [argv: ["sleep", "1000"], namespaces: [:pid], auto_proceed: true]
      iex> {:ok, p} = Linx.Process.spawn([init: true] ++ options)
      iex> :ok = Linx.Process.await_running(p)
      iex> :ok = Linx.Process.signal(p, :sigterm)
      iex> Linx.Process.wait(p)
      {:ok, {:signaled, 15}}
  """
  @spec signal(t(), Signal.t()) :: :ok | {:error, verb_error()}
  def signal(session, signal) do
    with {:ok, number} <- Signal.number(signal), do: ask_agent(session, {:signal, number})
  end

  @doc """
  Ends the workload, and everything it has started: SIGTERM, and after the grace SIGKILL. Before *running* the child
  is discarded. Answers at once; `stop/1` waits.
  """
  @spec kill(t(), non_neg_integer() | :default) :: :ok | {:error, verb_error()}
  def kill(session, grace \\ :default) do
    with :ok <- grace(grace), do: ask(session, {:kill, grace})
  end

  @doc """
  Ends the session's workload in whatever stage it is, and waits for that: answers as `wait/1`.

      iex> {:ok, p} = Linx.Process.spawn(argv: ["sleep", "infinity"])
      iex> Linx.Process.stop(p)
      {:ok, :aborted}
  """
  @spec stop(t(), non_neg_integer() | :default) :: {:ok, result()} | {:error, verb_error()}
  def stop(session, grace \\ :default) do
    with :ok <- grace(grace), do: ask(session, {:stop, grace}, :infinity)
  end

  @doc """
  Waits for the end of the workload; after it, answers at once. A wait that times out leaves nothing behind.

  A launch that failed, or an agent that died, is `{:error, %Linx.Process.Error{}}`.
  """
  @spec wait(t(), timeout()) :: {:ok, result()} | {:error, verb_error()}
  def wait(session, timeout \\ :infinity), do: await(session, :ended, timeout)

  @doc "Lets the session go as soon as its workload has ended, which may be now, whatever its `:linger`."
  @spec forget(t()) :: :ok | {:error, verb_error()}
  def forget(session), do: ask(session, :forget)

  # --- look ----------------------------------------------------------------------------------------

  @doc """
  What the session is, and what it waits for.

      iex> {:ok, p} = Linx.Process.spawn(argv: ["/bin/true"], tag: :example)
      iex> {:ok, _host_pid} = Linx.Process.await_ready(p)
      iex> {:ok, info} = Linx.Process.info(p)
      iex> {info.tag, info.stage, info.waits_for}
      {:example, :ready, "proceed/1 or abort/1"}
  """
  @spec info(t()) :: {:ok, Info.t()} | {:error, verb_error()}
  def info(session), do: call(session, :info, @patience)

  @doc """
  The workload's pid on the host, with `init: true` the init's; `{:error, :no_process}` while there is none, and when
  there is none any more.
  """
  @spec host_pid(t()) :: {:ok, pos_integer()} | {:error, verb_error()}
  def host_pid(session), do: ask(session, :host_pid)

  @doc """
  Gives the session to another owner, or with `nil` to nobody. Events go there from now on; what lies in the old
  owner's mailbox stays.
  """
  @spec set_owner(t(), pid() | nil) :: :ok | {:error, verb_error()}
  def set_owner(session, owner) when is_pid(owner) or is_nil(owner), do: ask(session, {:set_owner, owner})

  def set_owner(_session, owner),
    do: {:error, Error.spec("owner: #{Options.Value.show(owner)} is neither a pid nor nil")}

  # --- asking the session --------------------------------------------------------------------------

  # The session holds the timer: it forgets who waits no longer.
  defp await(session, kind, timeout) do
    with :ok <- timeout(timeout), do: ask(session, {:await, kind, timeout}, :infinity)
  end

  defp ask(session, verb, patience \\ @patience), do: call(session, {:verb, verb}, patience)

  # Past the session, which need not know of it: one process less on the way there, and one on the way back. Where
  # the agent cannot be reached in this way, the session knows what there is to say.
  defp ask_agent(session, command) do
    with pid when is_pid(pid) and node(pid) == node() <- resolve(session),
         {channel, id} <- Roll.line(pid),
         true <- Process.alive?(pid) do
      case Channel.ask(channel, id, command, @patience) do
        :closed -> ask(session, command)
        :timeout -> {:error, :timeout}
        reply -> State.verdict(reply)
      end
    else
      _starting_or_elsewhere -> ask(session, command)
    end
  end

  defp call(session, request, patience) do
    case resolve(session) do
      nil -> {:error, :no_session}
      server -> GenServer.call(server, request, patience)
    end
  catch
    :exit, {:timeout, _call} -> {:error, :timeout}
    :exit, _reason -> {:error, :no_session}
  end

  # A process of this node is asked only if it is a session: no other would know what to do with the question.
  defp resolve(session) when is_pid(session) and node(session) == node(),
    do: if(Roll.member?(session), do: session)

  defp resolve(session) when is_pid(session), do: session

  defp resolve(name) do
    case GenServer.whereis(name) do
      pid when is_pid(pid) -> resolve(pid)
      other -> other
    end
  rescue
    _no_name_at_all -> nil
  end

  defp grace(grace) when grace == :default or (is_integer(grace) and grace >= 0 and grace <= 4_294_967_295),
    do: :ok

  defp grace(other), do: not_a_time("grace", other)

  defp timeout(:infinity), do: :ok
  defp timeout(ms) when is_integer(ms) and ms >= 0 and ms <= 4_294_967_295, do: :ok
  defp timeout(other), do: not_a_time("timeout", other)

  defp not_a_time(name, value) do
    rule = "is not a number of milliseconds between 0 and 4294967295"
    {:error, Error.spec("#{name}: #{Options.Value.show(value)} #{rule}")}
  end
end
