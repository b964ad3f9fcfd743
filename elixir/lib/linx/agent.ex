# The server that owns an agent's port: opens it at first use, routes its events, and survives its end.

defmodule Linx.Agent do
  @moduledoc """
  An agent: the OS process `linx_process`, which launches the workloads and is their parent.

  The application starts one, which all sessions share (`agent: :shared`); its OS process starts at the first
  launch. Where some workloads must not share fate with others, start another one and name it to them, or
  give a session its own with `agent: :dedicated`:

      children = [
        {Linx.Agent, name: MyApp.Agent},
        {Linx.Process, argv: ["sleep", "infinity"], agent: MyApp.Agent}
      ]

  When an agent's OS process ends, each of its sessions ends with an error of the stage `:agent_died`, its
  workloads are killed by the kernel, and the next launch starts a new one. A process of this module never
  crashes because of that. Its start and its death are logged in one line each.

  Options of `start_link/1`:

    * `:name` - as `GenServer` takes it
    * `:executable` - the program; default: the environment variable `LINX_PROCESS_PATH`, else `linx_process`
      in the `priv` directory of the application `:linx`
    * `:hello_timeout` - how many milliseconds it may take to start (5000)
  """

  use GenServer

  require Logger

  alias Linx.Agent.{Channel, Executable, Wire}
  require Channel
  alias Linx.Process.Error
  alias Linx.Process.Session.Roll

  @hello_timeout 5_000
  # The server answers its callers itself when an agent says no hello; this is for a server that hangs.
  @patience 60_000
  # The table of the shared agent has a name, so that a launch need not ask the server for its channel.
  @shared_routes Linx.Agent.Routes

  defmodule State do
    @moduledoc false
    defstruct [
      :executable,
      :hello_timeout,
      :routes,
      :keeper,
      :channel,
      :hello,
      :path,
      port: nil,
      timer: nil,
      waiting: [],
      watched: %{},
      complaint: nil
    ]
  end

  @doc "Starts an agent; its OS process starts at the first launch."
  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(options \\ []) do
    GenServer.start_link(__MODULE__, options, Keyword.take(options, [:name]))
  end

  @doc "For supervisors; the id is the `:name`, so that several fit under one supervisor."
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(options) do
    %{id: Keyword.get(options, :name, __MODULE__), start: {__MODULE__, :start_link, [options]}}
  end

  @doc """
  What is known about the OS process of an agent: `:os_pid`, `:version`, `:kernel`, `:features` (the kinds of
  namespaces that its kernel has), `:path`, the number of `:sessions`, and as `:complaint` the last error that it has
  told of no session in particular; there should be none.

      iex> {:ok, _session} = Linx.Process.spawn(argv: ["/bin/true"])
      iex> {:ok, agent} = Linx.Agent.info()
      iex> File.dir?("/proc/\#{agent.os_pid}")
      true
  """
  @spec info(GenServer.server()) :: {:ok, map()} | {:error, :not_started | :no_agent}
  def info(server \\ __MODULE__) do
    GenServer.call(server, :info)
  catch
    :exit, _reason -> {:error, :no_agent}
  end

  @doc false
  @spec channel(:shared | GenServer.server()) :: {:ok, Channel.t()} | {:error, Error.t()}
  def channel(:shared) do
    case :ets.lookup(@shared_routes, :channel) do
      [{:channel, channel}] -> {:ok, channel}
      [] -> ask(__MODULE__)
    end
  rescue
    # It is being restarted, or the application is not started.
    ArgumentError -> ask(__MODULE__)
  end

  def channel(server), do: ask(server)

  @doc false
  # An agent that ends with the calling process, or with the one that adopts it.
  @spec dedicated() :: {:ok, Channel.t()} | {:error, Error.t()}
  def dedicated do
    {:ok, server} = GenServer.start(__MODULE__, keeper: self())

    with {:error, error} <- ask(server) do
      send(server, :leave)
      {:error, error}
    end
  end

  @doc false
  @spec adopt(pid()) :: :ok
  def adopt(server), do: GenServer.cast(server, {:adopt, self()})

  @doc false
  @spec leave(pid()) :: :ok
  def leave(server) do
    send(server, :leave)
    :ok
  end

  defp ask(server) do
    if agent?(GenServer.whereis(server)),
      do: GenServer.call(server, :channel, @patience),
      else: {:error, not_there(server)}
  rescue
    # A registry that is none.
    _error -> {:error, not_there(server)}
  catch
    :exit, _reason -> {:error, not_there(server)}
  end

  # Of this node, and not somebody else's server, which may not survive a call that it does not know.
  defp agent?(pid) when is_pid(pid) and node(pid) == node() do
    case Process.info(pid, :dictionary) do
      {:dictionary, dictionary} -> dictionary[:"$initial_call"] == {__MODULE__, :init, 1}
      nil -> false
    end
  end

  defp agent?(_other), do: false

  defp not_there(__MODULE__),
    do: Executable.failed(3, "the application :linx is not started", "Application.ensure_all_started(:linx)")

  defp not_there(server),
    do: Executable.failed(3, "agent: #{inspect(server)} is no agent that runs on this node")

  # --- the server ----------------------------------------------------------------------------------

  # A port's end is a message only to a process that traps exits.
  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)

    {:ok,
     %State{
       executable: options[:executable],
       hello_timeout: Keyword.get(options, :hello_timeout, @hello_timeout),
       routes: routes(options[:name]),
       keeper: keeper(options[:keeper])
     }}
  end

  defp routes(__MODULE__), do: :ets.new(@shared_routes, [:named_table | table_options()])
  defp routes(_other), do: :ets.new(@shared_routes, table_options())

  defp table_options, do: [:public, write_concurrency: true, read_concurrency: true]

  defp keeper(nil), do: nil
  defp keeper(pid), do: Process.monitor(pid)

  @impl true
  def handle_call(:channel, _from, %State{channel: %Channel{} = channel} = state),
    do: {:reply, {:ok, channel}, state}

  def handle_call(:channel, from, %State{port: nil} = state) do
    with {:ok, path} <- Executable.path(state.executable), {:ok, port} <- Executable.open(path) do
      timer = :erlang.start_timer(state.hello_timeout, self(), :hello)
      {:noreply, %{state | port: port, path: path, timer: timer, waiting: [from]}}
    else
      {:error, error} -> {:reply, {:error, error}, state}
    end
  end

  def handle_call(:channel, from, state), do: {:noreply, %{state | waiting: [from | state.waiting]}}

  def handle_call(:info, _from, %State{hello: nil} = state), do: {:reply, {:error, :not_started}, state}

  def handle_call(:info, _from, state) do
    info = Map.delete(state.hello, :protocol)

    {:reply,
     {:ok, Map.merge(info, %{path: state.path, sessions: sessions(state), complaint: state.complaint})},
     state}
  end

  def handle_call(_other, _from, state), do: {:reply, {:error, :unknown_call}, state}

  @impl true
  def handle_cast({:adopt, keeper}, state) do
    if state.keeper, do: Process.demonitor(state.keeper, [:flush])
    {:noreply, %{state | keeper: keeper(keeper)}}
  end

  def handle_cast(_other, state), do: {:noreply, state}

  @impl true
  def handle_info({port, {:data, bytes}}, %State{port: port} = state) do
    case Wire.decode(bytes) do
      {:ok, frame} -> {:noreply, frame(frame, state)}
      {:error, why} -> {:noreply, ended(state, "sent what is not understood: #{why}")}
    end
  end

  def handle_info({port, {:exit_status, status}}, %State{port: port} = state),
    do: {:noreply, ended(state, Executable.ending(status))}

  def handle_info({:EXIT, port, reason}, %State{port: port} = state),
    do: {:noreply, ended(state, "closed its port: #{inspect(reason)}")}

  def handle_info({:timeout, timer, :hello}, %State{timer: timer} = state),
    do: {:noreply, ended(state, "said no hello within #{state.hello_timeout} ms", 110)}

  def handle_info({:watch, id, pid}, state), do: {:noreply, watch(id, pid, state)}

  def handle_info({{:session, id}, _monitor, :process, pid, _reason}, state),
    do: {:noreply, orphan(id, pid, state)}

  def handle_info({:DOWN, keeper, :process, _pid, _reason}, %State{keeper: keeper} = state),
    do: {:stop, :normal, state}

  def handle_info(:leave, state), do: {:stop, :normal, state}
  # Of a port that is closed already, or of nobody.
  def handle_info(_other, state), do: {:noreply, state}

  # The end of file is all that the agent needs.
  @impl true
  def terminate(_reason, state) do
    close(state.port)
  end

  # Nobody else's secrets are in here, but a table of sessions can be long.
  @impl true
  def format_status(_reason, [_dictionary, state]) do
    [data: [{'State', [os_pid: state.hello[:os_pid], path: state.path, sessions: map_size(state.watched)]}]]
  end

  # --- frames --------------------------------------------------------------------------------------

  defp frame({:hello, hello}, %State{hello: nil} = state) do
    if hello.protocol == Wire.protocol(),
      do: opened(hello, state),
      else: ended(state, "speaks protocol #{hello.protocol}; this side speaks #{Wire.protocol()}")
  end

  defp frame(_event, %State{hello: nil} = state), do: ended(state, "did not say hello first")
  defp frame({:hello, _again}, state), do: ended(state, "said hello twice")

  defp frame({:event, 0, {:error, error}}, state), do: %{state | complaint: error}

  defp frame({:event, id, event}, state) do
    pass_on(id, {:event, event}, state)
    if terminal?(event), do: forget(id, state), else: state
  end

  defp frame({:reply, id, ref, reply}, state) when Channel.is_direct(ref) do
    case :ets.take(state.routes, {id, ref}) do
      [{_route, asker, _port}] -> send(asker, {asker, {:reply, reply}})
      [] -> :ok
    end

    state
  end

  defp frame({:reply, id, ref, reply}, state) do
    pass_on(id, {:reply, ref, reply}, state)
    state
  end

  # An id without a route is one whose session is gone.
  defp pass_on(id, message, state) do
    case :ets.lookup(state.routes, id) do
      [{_id, pid, _port}] -> send(pid, {:linx_agent, state.port, message})
      [] -> :ok
    end
  end

  defp terminal?({kind, _number, _usage}) when kind in [:exited, :signaled], do: true
  defp terminal?({:error, _error}), do: true
  defp terminal?(event), do: event == :aborted

  defp opened(hello, state) do
    :erlang.cancel_timer(state.timer)
    channel = %Channel{server: self(), port: state.port, routes: state.routes, os_pid: hello.os_pid}
    :ets.insert(state.routes, {:channel, channel})
    Enum.each(state.waiting, &GenServer.reply(&1, {:ok, channel}))
    log_start(hello, state)
    %{state | hello: hello, channel: channel, timer: nil, waiting: []}
  end

  # The start of a dedicated agent is the start of a session, and no news.
  defp log_start(_hello, %State{keeper: keeper}) when keeper != nil, do: :ok

  defp log_start(hello, state),
    do: Logger.info("linx: the agent #{hello.version} runs as pid #{hello.os_pid} (#{state.path})")

  # --- sessions ------------------------------------------------------------------------------------

  # A session that has ended before this message was read is not in the table any more.
  defp watch(id, pid, state) do
    if :ets.member(state.routes, id) do
      monitor = :erlang.monitor(:process, pid, tag: {:session, id})
      %{state | watched: Map.put(state.watched, id, monitor)}
    else
      state
    end
  end

  defp forget(id, state) do
    :ets.delete(state.routes, id)
    {monitor, watched} = Map.pop(state.watched, id)
    if monitor, do: Process.demonitor(monitor, [:flush])
    %{state | watched: watched}
  end

  # The session's process is gone and its workload may not be: the agent applies the orphan policy, and
  # whatever it says of that session from now on interests nobody.
  defp orphan(id, pid, state) do
    Roll.leave(pid)

    with [{_id, _pid, port}] <- :ets.lookup(state.routes, id), %Channel{port: ^port} <- state.channel do
      Channel.request(state.channel, id, 0, :orphan)
    end

    forget(id, state)
  end

  defp sessions(state),
    do: :ets.select_count(state.routes, [{{:"$1", :_, :_}, [is_integer: :"$1"], [true]}])

  # --- the end of the OS process -------------------------------------------------------------------

  defp ended(state, how, errno \\ 71)

  defp ended(%State{hello: nil} = state, how, errno) do
    close(state.port)
    if state.timer, do: :erlang.cancel_timer(state.timer)
    error = Executable.failed(errno, "#{state.path} #{how}")
    Enum.each(state.waiting, &GenServer.reply(&1, {:error, error}))
    %{state | port: nil, timer: nil, waiting: []}
  end

  # In this order: no launch can get through once the port is closed, so whoever has a route is told.
  defp ended(state, how, _errno) do
    :ets.delete(state.routes, :channel)
    close(state.port)

    {asked, lost} =
      state.routes |> :ets.match_object({:_, :_, state.port}) |> Enum.split_with(&is_tuple(elem(&1, 0)))

    Enum.each(asked, fn {route, asker, _port} ->
      :ets.delete(state.routes, route)
      send(asker, {asker, :died})
    end)

    error = Error.new(:agent_died, 32, "pid #{state.hello.os_pid} #{how}")
    Enum.each(lost, fn {_id, pid, port} -> send(pid, {:linx_agent, port, {:died, error}}) end)
    log_death(state, how, length(lost))
    state = Enum.reduce(lost, state, fn {id, _pid, _port}, state -> forget(id, state) end)
    %{state | port: nil, channel: nil, hello: nil}
  end

  defp log_death(state, how, lost) do
    sessions = if lost == 1, do: "1 session", else: "#{lost} sessions"
    Logger.error("linx: the agent of pid #{state.hello.os_pid} #{how}; #{sessions} lost")
  end

  defp close(nil), do: :ok

  defp close(port) do
    Port.close(port)
    :ok
  rescue
    ArgumentError -> :ok
  end
end
