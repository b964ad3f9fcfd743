# The process around a session's state machine: it carries out what the machine decides.

defmodule Linx.Process.Session do
  @moduledoc false

  use GenServer, restart: :temporary

  alias Linx.Agent.{Channel, Wire}
  alias Linx.Process.{Error, Info, Launch, Options, Telemetry}
  alias Linx.Process.Session.{AtCheckpoint, Names, Roll, State}

  # Milliseconds without a question after which an ended session hibernates: many are forgotten before.
  @doze 200

  # Beyond the kill grace, for the terminal event to arrive; supervisors wait as long.
  @slack 1_000

  defstruct [
    :id,
    :launch,
    :channel,
    :state,
    :started,
    owner_monitor: nil,
    agent_monitor: nil,
    at_checkpoint: nil,
    starter: nil,
    timers: %{},
    agent_os_pid: nil
  ]

  # --- start ---------------------------------------------------------------------------------------

  @doc "How long a supervisor is to wait for the end of a session, in milliseconds."
  @spec shutdown(non_neg_integer()) :: pos_integer()
  def shutdown(kill_grace), do: kill_grace + @slack

  @doc "A session under the application's supervisor, linked to nobody else."
  @spec start(Launch.t(), Wire.id(), binary(), Channel.t()) :: {:ok, pid()} | {:error, term()}
  def start(launch, id, frame, channel) do
    spec = %{
      id: __MODULE__,
      start: {__MODULE__, :start_ready, [launch, id, frame, channel]},
      restart: :temporary,
      shutdown: shutdown(launch.kill_grace)
    }

    DynamicSupervisor.start_child(Linx.Supervisor.sessions(), spec)
  catch
    :exit, _reason -> {:error, Linx.Agent.Executable.failed(3, "the application :linx is not started")}
  end

  @doc false
  def start_ready(launch, id, frame, channel),
    do: :proc_lib.start_link(__MODULE__, :init_ready, [launch, id, frame, channel])

  @doc "A session linked to the calling process; returns when its workload runs, or with the error."
  @spec start_link(Options.t()) :: {:ok, pid()} | {:error, term()}
  def start_link(options) do
    with {:ok, launch} <- Options.check(:start_link, options) do
      launch = if launch.owner == :unset, do: %{launch | owner: nil}, else: launch
      :proc_lib.start_link(__MODULE__, :init_linked, [self(), launch])
    end
  end

  @doc false
  def init_ready(launch, id, frame, channel) do
    Process.flag(:trap_exit, true)

    case begin(launch) do
      :ok ->
        # Before the answer: a dedicated agent belongs to the caller until now, and ends with it.
        data = launch |> new(false, nil) |> attach(channel)
        :proc_lib.init_ack({:ok, self()})
        data |> launched(id, frame) |> loop()

      {:error, reason} ->
        :proc_lib.init_ack({:error, reason})
    end
  end

  # What the options ask for is done here and not by the caller, which may be a supervisor: the function
  # that makes the environment, and the start of a dedicated agent.
  @doc false
  def init_linked(starter, launch) do
    Process.flag(:trap_exit, true)

    with {:ok, id, frame} <- frame(launch), {:ok, channel} <- channel(launch), :ok <- begin(launch) do
      launch |> new(true, starter) |> attach(channel) |> launched(id, frame) |> loop()
    else
      {:error, reason} -> give_up(starter, reason)
    end
  end

  # The error is the answer; an exit signal would come on top of it.
  defp give_up(starter, reason) do
    Process.unlink(starter)
    :proc_lib.init_ack(starter, {:error, reason})
  end

  @doc "The number of a new session, and the frame that begins it."
  @spec frame(Launch.t()) :: {:ok, Wire.id(), binary()} | {:error, Error.t()}
  def frame(launch) do
    with {:ok, command} <- Launch.command(launch) do
      id = Wire.new_id()
      frame = Wire.request(id, 0, command)

      if byte_size(frame) <= Wire.longest_frame(),
        do: {:ok, id, frame},
        else:
          {:error,
           Error.spec(
             "options: argv, env and the rest take #{byte_size(frame)} bytes; a launch has room for #{Wire.longest_frame()}"
           )}
    end
  end

  @doc "The way to the agent that the launch asks for. A dedicated one belongs to the caller until adopted."
  @spec channel(Launch.t()) :: {:ok, Channel.t()} | {:error, Error.t()}
  def channel(%Launch{agent: :dedicated}), do: Linx.Agent.dedicated()
  def channel(%Launch{agent: agent}), do: Linx.Agent.channel(agent)

  defp begin(launch) do
    with :ok <- Names.register(launch.name) do
      if Roll.enter(),
        do: :ok,
        else: {:error, Linx.Agent.Executable.failed(3, "the application :linx is not started")}
    end
  end

  defp new(launch, linked, starter) do
    owner_monitor = launch.owner && Process.monitor(launch.owner)

    %__MODULE__{
      # What the environment was is nobody's business any more.
      launch: %{launch | env: :default},
      state: State.new(launch, linked, now()),
      started: System.monotonic_time(),
      owner_monitor: owner_monitor,
      starter: starter
    }
  end

  # An agent that has ended just now is started again once: the channel was good when it was asked for.
  defp launched(data, id, frame) do
    data = %{data | id: id}
    Telemetry.start(data.launch)

    case Channel.launch(data.channel, id, frame) do
      :ok -> noted(data)
      :closed -> launched_again(data, id, frame)
    end
  end

  defp launched_again(data, id, frame) do
    with {:ok, data} <- reattach(data),
         {:ok, data} <- sent(data, Channel.launch(data.channel, id, frame)) do
      noted(data)
    else
      {:error, error} -> step(data, {:failed, error})
    end
  end

  defp sent(data, :ok), do: {:ok, data}
  defp sent(_data, :closed), do: {:error, Error.new(:agent_died, 32, "it ended before the launch reached it")}

  defp noted(data) do
    Roll.note(data.channel, data.id)
    {:go_on, data}
  end

  defp reattach(%{launch: %{agent: :dedicated}}),
    do: {:error, Error.new(:agent_died, 32, "it ended before the launch reached it")}

  defp reattach(data) do
    Process.demonitor(data.agent_monitor, [:flush])

    with {:ok, channel} <- channel(data.launch), do: {:ok, attach(data, channel)}
  end

  defp attach(data, channel) do
    if data.launch.agent == :dedicated, do: Linx.Agent.adopt(channel.server)
    %{data | channel: channel, agent_os_pid: channel.os_pid, agent_monitor: Process.monitor(channel.server)}
  end

  defp loop({:go_on, data}), do: :gen_server.enter_loop(__MODULE__, [], data)
  defp loop({:doze, data}), do: :gen_server.enter_loop(__MODULE__, [], data, @doze)
  defp loop({{:stop, reason}, _data}), do: depart(reason)

  # Started by enter_loop: this is never called.
  @impl true
  def init(_arguments), do: {:stop, :not_started_this_way}

  # --- what happens ----------------------------------------------------------------------------------

  @impl true
  def handle_call(:info, _from, data), do: resting({:reply, {:ok, Info.of(data)}, data})
  def handle_call({:verb, verb}, from, data), do: step(data, {:call, from, verb}) |> answer()
  def handle_call(_other, _from, data), do: resting({:reply, {:error, :no_session}, data})

  @impl true
  def handle_cast(_other, data), do: resting({:noreply, data})

  @impl true
  def handle_info({:linx_agent, port, message}, %{channel: %{port: port}} = data),
    do: data |> step(from_agent(message)) |> answer()

  def handle_info({:timeout, timer, key}, data) do
    case data.timers do
      %{^key => ^timer} -> %{data | timers: Map.delete(data.timers, key)} |> step({:timer, key}) |> answer()
      _late -> resting({:noreply, data})
    end
  end

  def handle_info({:DOWN, monitor, :process, _pid, _reason}, %{owner_monitor: monitor} = data),
    do: %{data | owner_monitor: nil} |> step(:owner_down) |> answer()

  def handle_info({:DOWN, monitor, :process, _pid, reason}, %{agent_monitor: monitor} = data) do
    error = Error.new(:agent_died, 32, "its server ended: #{inspect(reason, limit: 8)}")
    %{data | agent_monitor: nil} |> step({:failed, error}) |> answer()
  end

  def handle_info({:DOWN, monitor, :process, _pid, reason}, %{at_checkpoint: {_, monitor}} = data),
    do: data |> step({:checkpoint_done, AtCheckpoint.outcome(reason)}) |> answer()

  # Somebody whom we did not link to asks for our end, as with Process.exit(session, :shutdown).
  def handle_info({:EXIT, pid, reason}, data) when reason != :normal do
    if ours?(pid, data), do: resting({:noreply, data}), else: end_with(data, reason)
  end

  # An ended session takes as little memory as a process can.
  def handle_info(:timeout, %{state: %{stage: :ended}} = data), do: {:noreply, data, :hibernate}
  def handle_info(_other, data), do: resting({:noreply, data})

  # The end of the process at the checkpoint comes as its monitor's message as well, before or after this one.
  defp ours?(pid, data), do: match?({^pid, _monitor}, data.at_checkpoint)

  @spec end_with(struct(), term()) :: no_return()
  defp end_with(data, reason) do
    wind_up(data)
    depart(reason)
  end

  defp from_agent({:event, event}), do: {:event, event}
  defp from_agent({:reply, ref, reply}), do: {:reply, ref, reply}
  defp from_agent({:died, error}), do: {:failed, error}

  defp resting({:noreply, %{state: %{stage: :ended}} = data}), do: {:noreply, data, @doze}
  defp resting({:reply, answer, %{state: %{stage: :ended}} = data}), do: {:reply, answer, data, @doze}
  defp resting(result), do: result

  defp answer({:go_on, data}), do: resting({:noreply, data})
  defp answer({:doze, data}), do: {:noreply, data, @doze}
  defp answer({{:stop, :normal}, data}), do: {:stop, :normal, data}
  defp answer({{:stop, reason}, _data}), do: depart(reason)

  # With this reason, and without a crash report: that a workload has failed is no crash of ours. A server
  # that stops with it would log one.
  @spec depart(term()) :: no_return()
  defp depart(reason) do
    Roll.leave()
    Process.flag(:trap_exit, false)
    Process.exit(self(), reason)
    exit(reason)
  end

  # --- the state machine's wishes ---------------------------------------------------------------------

  defp step(data, input) do
    {actions, state} = State.handle(data.state, input, now())

    Enum.reduce(actions, {:go_on, %{data | state: state}}, fn action, {course, data} ->
      act(action, course, data)
    end)
  end

  defp act({:stop, reason}, _course, data), do: {{:stop, reason}, data}
  defp act(:doze, _course, data), do: {:doze, data}
  defp act(action, course, data), do: {course, act(action, data)}

  defp act({:send, ref, command}, data) do
    Channel.request(data.channel, data.id, ref, command)
    data
  end

  defp act({:reply, from, answer}, data) do
    GenServer.reply(from, answer)
    data
  end

  defp act({:notify, event}, data) do
    if data.state.owner, do: send(data.state.owner, {:linx_process, handle_of(data.launch), event})
    data
  end

  defp act({:start_timer, key, ms}, data),
    do: %{data | timers: Map.put(data.timers, key, :erlang.start_timer(ms, self(), key))}

  defp act({:cancel_timer, key}, data) do
    {timer, timers} = Map.pop(data.timers, key)
    if timer, do: :erlang.cancel_timer(timer, async: true, info: false)
    %{data | timers: timers}
  end

  defp act({:monitor_owner, owner}, data) do
    if data.owner_monitor, do: Process.demonitor(data.owner_monitor, [:flush])
    %{data | owner_monitor: owner && Process.monitor(owner)}
  end

  defp act({:run_at_checkpoint, host_pid}, data),
    do: %{data | at_checkpoint: AtCheckpoint.run(data.launch.at_checkpoint, host_pid)}

  defp act(:stop_at_checkpoint, data) do
    AtCheckpoint.stop(data.at_checkpoint)
    data
  end

  defp act({:started, :ok}, data) do
    :proc_lib.init_ack(data.starter, {:ok, self()})
    data
  end

  defp act({:started, {:error, reason}}, data) do
    give_up(data.starter, reason)
    data
  end

  defp act(:ended, data) do
    Process.demonitor(data.agent_monitor || make_ref(), [:flush])
    if data.launch.agent == :dedicated, do: Linx.Agent.leave(data.channel.server)
    Telemetry.ended(data.launch, data.state, data.started)
    %{data | agent_monitor: nil}
  end

  defp handle_of(%Launch{tag: {:tag, tag}}), do: tag
  defp handle_of(%Launch{tag: nil}), do: self()

  defp now, do: System.system_time(:microsecond)

  # --- the end of the process ------------------------------------------------------------------------

  # The session is to end, and with it its workload. What is to be kept (:keep) stays where nobody but the
  # application's own end asks for this: its agent then ends without it.
  @impl true
  def terminate(reason, data) do
    wind_up(data)
    Roll.leave()
    if orphaned?(), do: depart(reason)
  end

  # To have lost the process that it was linked to is no crash of the session's own, which would be logged.
  defp orphaned? do
    case Process.get(:"$ancestors") do
      [parent | _others] when is_pid(parent) and node(parent) == node() -> not Process.alive?(parent)
      _registered -> false
    end
  end

  defp wind_up(%{state: %{stage: :ended}} = data), do: data
  defp wind_up(%{state: %{orphan_policy: :keep, linked: false}} = data), do: data

  defp wind_up(data) do
    {_course, data} = step(data, :shutdown)
    await_end(data, System.monotonic_time(:millisecond) + shutdown(data.launch.kill_grace))
  end

  defp await_end(%{state: %{stage: :ended}} = data, _deadline), do: data

  defp await_end(%{channel: %{port: port}, agent_monitor: monitor} = data, deadline) do
    receive do
      {:linx_agent, ^port, message} -> data |> step(from_agent(message)) |> elem(1) |> await_end(deadline)
      {:DOWN, ^monitor, :process, _server, _reason} -> data
    after
      max(0, deadline - System.monotonic_time(:millisecond)) -> data
    end
  end

  # What the launch was given may be secret.
  @impl true
  def format_status(_reason, [_dictionary, data]) do
    shown = [
      argv: data.launch.spec[:argv],
      stage: data.state.stage,
      result: data.state.result,
      host_pid: data.state.host_pid
    ]

    [data: [{'State', shown}]]
  end
end
