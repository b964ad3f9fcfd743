# A session as a pure state machine: what happens goes in, what is to be done comes out. No process in here.

defmodule Linx.Process.Session.State do
  @moduledoc """
  What a session is, and what it does about everything that can happen to it.

  `handle/3` takes an input and answers with the actions that the session's process is to carry out, in order:

    * `{:send, ref, command}` - to the agent
    * `{:reply, from, answer}` - to a caller
    * `{:notify, event}` - to the owner
    * `{:start_timer, key, ms}`, `{:cancel_timer, key}`
    * `{:monitor_owner, pid}` - from now on this one; `nil` for nobody
    * `{:run_at_checkpoint, host_pid}`, `:stop_at_checkpoint`
    * `{:started, :ok | {:error, reason}}` - what start_link is to answer; of linked sessions only
    * `:ended` - the workload is gone; once, after its terminal event
    * `:doze`, `{:stop, reason}` - the last of all: nothing will happen but questions, or nothing at all

  Whatever the order of inputs: there is exactly one terminal event, and every caller is answered once.
  """

  alias Linx.Agent.Wire
  alias Linx.Process.{Error, Launch}

  @type stage :: :starting | :ready | :proceeding | :running | :ended
  @type result :: {:exited, 0..255} | {:signaled, pos_integer()} | :aborted | {:error, Error.t()}
  @type from :: term()

  @type t :: %__MODULE__{stage: stage(), result: result() | nil}

  @type input ::
          {:event, Wire.event()}
          | {:reply, non_neg_integer(), Wire.reply()}
          | {:call, from(), term()}
          | {:timer, term()}
          | :owner_down
          | {:failed, Error.t()}
          | {:checkpoint_done, :ok | {:error, String.t()}}
          | :shutdown

  @type action :: tuple() | atom()

  defstruct stage: :starting,
            result: nil,
            host_pid: nil,
            child_pid: nil,
            usage: nil,
            timed_out: false,
            killing: false,
            # Nothing stops it at the checkpoint any more.
            released: false,
            # Of the function given as at_checkpoint.
            checkpoint: :none,
            failure: nil,
            held: [],
            requests: %{},
            waiters: %{},
            next: 1,
            times: %{},
            forgotten: false,
            linked: false,
            owner: nil,
            auto_proceed: false,
            orphan_policy: {:kill, 5_000},
            timeout: :infinity,
            kill_grace: 5_000,
            linger: :infinity,
            actions: []

  @settings [:owner, :auto_proceed, :orphan_policy, :timeout, :kill_grace, :linger]

  @doc "A session whose launch has just been asked for."
  @spec new(Launch.t(), boolean(), integer()) :: t()
  def new(launch, linked, now) do
    state = struct!(__MODULE__, Map.take(launch, @settings))
    checkpoint = if launch.at_checkpoint, do: :pending, else: :none
    released = launch.auto_proceed and checkpoint == :none
    %{state | checkpoint: checkpoint, released: released, linked: linked, times: %{started: now}}
  end

  @doc "Something happens at the time `now` (microseconds)."
  @spec handle(t(), input(), integer()) :: {[action()], t()}
  def handle(state, input, now) do
    state = input(input, state, now)
    {Enum.reverse(state.actions), %{state | actions: []}}
  end

  # --- events of the agent ---------------------------------------------------------------------------

  # After its end a session is deaf to its agent.
  defp input({:event, _event}, %{stage: :ended} = state, _now), do: state
  defp input({:event, {:spawned, pid}}, state, _now), do: %{state | host_pid: pid}

  defp input({:event, {:ready, pid, child_pid}}, %{stage: :starting} = state, now) do
    %{state | host_pid: pid, child_pid: child_pid, stage: parked(state)}
    |> at(:ready, now)
    |> add({:notify, {:ready, pid}})
    |> answer_waiters(:ready)
    |> begin_at_checkpoint()
  end

  defp input({:event, :running}, %{stage: stage} = state, now) when stage != :running do
    %{state | stage: :running}
    |> at(:running, now)
    |> add({:notify, :running})
    |> answer_waiters(:running)
    |> started(:ok)
    |> begin_timeout()
  end

  defp input({:event, {kind, number, usage}}, state, now) when kind in [:exited, :signaled],
    do: finish(%{state | usage: usage}, {kind, number}, now)

  # It was aborted because the function at the checkpoint failed: that is the news.
  defp input({:event, :aborted}, %{failure: %Error{} = failure} = state, now),
    do: finish(state, {:error, failure}, now)

  defp input({:event, :aborted}, state, now), do: finish(state, :aborted, now)
  defp input({:event, {:error, error}}, state, now), do: finish(state, {:error, error}, now)
  # Told twice, or late.
  defp input({:event, _again}, state, _now), do: state

  defp input({:failed, _error}, %{stage: :ended} = state, _now), do: state
  defp input({:failed, error}, state, now), do: finish(state, {:error, error}, now)

  defp input({:reply, ref, reply}, state, _now) do
    case Map.pop(state.requests, ref) do
      {nil, _requests} ->
        state

      {{verb, from}, requests} ->
        %{state | requests: requests} |> granted(verb, reply) |> reply(from, verdict(reply))
    end
  end

  # --- the function at the checkpoint ----------------------------------------------------------------

  defp input({:checkpoint_done, _outcome}, %{stage: :ended} = state, _now), do: state

  defp input({:checkpoint_done, :ok}, %{checkpoint: :running} = state, _now) do
    state = if state.auto_proceed, do: request(state, :proceed, nil), else: state
    held = Enum.reverse(state.held)
    Enum.reduce(held, %{state | checkpoint: :done, held: []}, &request(&2, :proceed, &1))
  end

  defp input({:checkpoint_done, {:error, detail}}, %{checkpoint: :running} = state, _now) do
    failure = Error.new(:at_checkpoint, 125, detail)
    state = answer_held(state, {:error, failure})
    request(%{state | checkpoint: :done, failure: failure}, :abort, nil)
  end

  defp input({:checkpoint_done, _again}, state, _now), do: state

  # --- verbs -----------------------------------------------------------------------------------------

  defp input({:call, from, verb}, %{stage: :ended} = state, _now), do: call_after_end(verb, from, state)
  defp input({:call, from, verb}, state, _now), do: call(verb, from, state)

  # --- timers and deaths -----------------------------------------------------------------------------

  defp input({:timer, {:waiter, key}}, state, _now) do
    case Map.pop(state.waiters, key) do
      {nil, _waiters} -> state
      {{_kind, from, _timer}, waiters} -> reply(%{state | waiters: waiters}, from, {:error, :timeout})
    end
  end

  defp input({:timer, :timeout}, %{stage: :running} = state, _now),
    do: kill(%{state | timed_out: true}, state.kill_grace, nil)

  defp input({:timer, :linger}, %{stage: :ended} = state, _now), do: add(state, {:stop, :normal})
  defp input({:timer, _late}, state, _now), do: state

  defp input(:owner_down, state, _now) do
    case state do
      %{owner: nil} -> state
      %{stage: :ended} -> %{state | owner: nil}
      %{orphan_policy: {:kill, grace}} -> kill(%{state | owner: nil}, grace, nil)
      %{orphan_policy: :keep} -> %{state | owner: nil}
    end
  end

  defp input(:shutdown, %{stage: :ended} = state, _now), do: state
  defp input(:shutdown, state, _now), do: kill(state, state.kill_grace, nil)

  # --- verbs while there is a workload, or will be ---------------------------------------------------

  defp call(:proceed, from, %{stage: stage} = state) when stage in [:proceeding, :running],
    do: reply(state, from, {:error, :too_late})

  # The function at the checkpoint comes first.
  defp call(:proceed, from, %{checkpoint: checkpoint} = state) when checkpoint in [:pending, :running],
    do: %{state | held: [from | state.held]}

  # Also before ready, so that the answer does not depend on how far the launch has come.
  defp call(:abort, from, %{stage: stage, released: released} = state) when released or stage == :running,
    do: reply(state, from, {:error, :too_late})

  defp call(verb, from, state) when verb in [:proceed, :abort], do: request(state, verb, from)
  defp call({:signal, number}, from, state), do: request(state, {:signal, number}, from)
  defp call({:kill, grace}, from, state), do: kill(state, grace(grace, state), from)

  defp call({:stop, grace}, from, state),
    do: state |> kill(grace(grace, state), nil) |> wait_for(:ended, from, :infinity)

  defp call({:await, kind, timeout}, from, state) do
    if kind != :ended and is_map_key(state.times, kind),
      do: reply(state, from, answer(kind, state)),
      else: wait_for(state, kind, from, timeout)
  end

  defp call(:forget, from, state), do: reply(%{state | forgotten: true}, from, :ok)

  defp call({:set_owner, owner}, from, state),
    do: %{state | owner: owner} |> add({:monitor_owner, owner}) |> reply(from, :ok)

  defp call(:host_pid, from, %{host_pid: nil} = state), do: reply(state, from, {:error, :no_process})
  defp call(:host_pid, from, state), do: reply(state, from, {:ok, state.host_pid})

  # --- verbs after the end ---------------------------------------------------------------------------

  defp call_after_end({:await, kind, _timeout}, from, state), do: reply(state, from, answer(kind, state))
  defp call_after_end({:stop, _grace}, from, state), do: reply(state, from, answer(:ended, state))
  defp call_after_end(:abort, from, %{result: :aborted} = state), do: reply(state, from, :ok)
  defp call_after_end(:forget, from, state), do: state |> reply(from, :ok) |> add({:stop, :normal})
  defp call_after_end(_other, from, state), do: reply(state, from, {:error, :no_process})

  # --- requests to the agent -------------------------------------------------------------------------

  defp request(state, command, from) do
    ref = state.next

    %{state | next: ref + 1, requests: Map.put(state.requests, ref, {verb(command), from})}
    |> add({:send, ref, command})
  end

  defp verb({verb, _argument}), do: verb
  defp verb(verb), do: verb

  defp kill(state, grace, from), do: request(%{state | killing: true}, {:kill, grace}, from)

  defp grace(:default, state), do: state.kill_grace
  defp grace(grace, _state), do: grace

  defp granted(%{stage: :ready} = state, :proceed, :ok), do: %{state | stage: :proceeding, released: true}
  defp granted(state, :proceed, :ok), do: %{state | released: true}
  defp granted(state, _verb, _reply), do: state

  @doc "What a verb answers when the agent replies this."
  # ESRCH: nobody is there any more; EALREADY: what was asked for has been decided.
  @spec verdict(Wire.reply()) :: Wire.reply() | {:error, :no_process | :too_late}
  def verdict({:error, %Error{errno: 3}}), do: {:error, :no_process}
  def verdict({:error, %Error{errno: 114}}), do: {:error, :too_late}
  def verdict(reply), do: reply

  # --- stages ----------------------------------------------------------------------------------------

  defp parked(%{released: true}), do: :proceeding
  defp parked(_state), do: :ready

  defp begin_at_checkpoint(%{checkpoint: :pending} = state),
    do: add(%{state | checkpoint: :running}, {:run_at_checkpoint, state.host_pid})

  defp begin_at_checkpoint(state), do: state

  defp begin_timeout(%{timeout: :infinity} = state), do: state
  defp begin_timeout(state), do: add(state, {:start_timer, :timeout, state.timeout})

  defp finish(state, result, now) do
    %{state | stage: :ended, result: result}
    |> at(:ended, now)
    |> add({:notify, result})
    |> end_at_checkpoint()
    |> end_timeout()
    |> answer_requests()
    |> answer_held({:error, :no_process})
    |> answer_waiters(:all)
    |> started({:error, reason(result)})
    |> add(:ended)
    |> rest()
  end

  defp end_at_checkpoint(%{checkpoint: :running} = state),
    do: add(%{state | checkpoint: :done}, :stop_at_checkpoint)

  defp end_at_checkpoint(state), do: state

  defp end_timeout(%{timeout: ms, times: %{running: _}} = state) when ms != :infinity,
    do: add(state, {:cancel_timer, :timeout})

  defp end_timeout(state), do: state

  defp rest(%{linked: true} = state), do: add(state, {:stop, reason(state.result)})
  defp rest(%{forgotten: true} = state), do: add(state, {:stop, :normal})
  defp rest(%{linger: 0} = state), do: add(state, {:stop, :normal})
  defp rest(%{linger: :infinity} = state), do: add(state, :doze)
  defp rest(state), do: state |> add({:start_timer, :linger, state.linger}) |> add(:doze)

  # The reasons that supervisors understand.
  defp reason({:exited, 0}), do: :normal
  defp reason(:aborted), do: {:shutdown, :aborted}
  defp reason(other), do: other

  # Only the first of them is start_link's answer.
  defp started(%{linked: false} = state, _answer), do: state
  defp started(%{times: %{running: _}} = state, {:error, _reason}), do: state
  defp started(state, {:error, {:error, error}}), do: add(state, {:started, {:error, error}})
  defp started(state, answer), do: add(state, {:started, answer})

  # --- those who wait --------------------------------------------------------------------------------

  defp wait_for(state, _kind, from, 0), do: reply(state, from, {:error, :timeout})

  defp wait_for(state, kind, from, timeout) do
    key = state.next
    state = %{state | next: key + 1, waiters: Map.put(state.waiters, key, {kind, from, timeout != :infinity})}
    if timeout == :infinity, do: state, else: add(state, {:start_timer, {:waiter, key}, timeout})
  end

  defp answer_waiters(state, which) do
    {answered, waiting} = Enum.split_with(state.waiters, fn {_key, {kind, _, _}} -> which in [:all, kind] end)

    Enum.reduce(answered, %{state | waiters: Map.new(waiting)}, fn {key, {kind, from, timed}}, state ->
      state = if timed, do: add(state, {:cancel_timer, {:waiter, key}}), else: state
      reply(state, from, answer(kind, state))
    end)
  end

  # An abort that was asked for has come true, in whatever order the agent tells so.
  defp answer_requests(state) do
    Enum.reduce(state.requests, %{state | requests: %{}}, fn {_ref, {verb, from}}, state ->
      done = state.result == :aborted and verb in [:abort, :kill]
      reply(state, from, if(done, do: :ok, else: {:error, :no_process}))
    end)
  end

  defp answer_held(state, answer) do
    Enum.reduce(state.held, %{state | held: []}, &reply(&2, &1, answer))
  end

  # Once ready, always ready: so that the answer does not depend on when it is asked for. But who aborts
  # takes the process back.
  defp answer(:ready, %{result: :aborted}), do: {:error, :no_process}
  defp answer(:ready, %{times: %{ready: _}, host_pid: pid}), do: {:ok, pid}
  defp answer(:running, %{times: %{running: _}}), do: :ok
  defp answer(_kind, %{result: {:error, error}}), do: {:error, error}
  defp answer(:ended, %{result: result}), do: {:ok, result}
  defp answer(_kind, _aborted_or_gone), do: {:error, :no_process}

  defp at(state, name, now), do: %{state | times: Map.put(state.times, name, now)}

  defp reply(state, nil, _answer), do: state
  defp reply(state, from, answer), do: add(state, {:reply, from, answer})

  defp add(state, action), do: %{state | actions: [action | state.actions]}
end
