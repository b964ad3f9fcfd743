# The state machine of a session: what happens goes in, what is to be done comes out.

defmodule Linx.Process.Session.StateTest do
  use ExUnit.Case, async: true

  alias Linx.Process.{Error, Options}
  alias Linx.Process.Session.State
  alias Linx.Property

  @usage %{user_us: 1, system_us: 2, peak_memory_kib: 3}
  @lost Error.new(:agent_died, 32, "pid 1 was killed by signal 9")

  defp new(options \\ [], linked \\ false) do
    {:ok, launch} = Options.check(:spawn, [argv: ["true"], owner: self()] ++ options)
    State.new(launch, linked, 0)
  end

  # Runs inputs one after the other; the actions of all of them, and the state in the end.
  defp run(state, inputs) do
    Enum.reduce(inputs, {[], state}, fn input, {actions, state} ->
      {more, state} = State.handle(state, input, 1)
      {actions ++ more, state}
    end)
  end

  defp actions(state, inputs), do: state |> run(inputs) |> elem(0)
  defp after_all(state, inputs), do: state |> run(inputs) |> elem(1)

  defp answers(actions, from), do: for({:reply, ^from, answer} <- actions, do: answer)
  defp sent(actions), do: for({:send, _ref, command} <- actions, do: command)
  defp events(actions), do: for({:notify, event} <- actions, do: event)

  @ready {:event, {:ready, 71, 1}}
  @running {:event, :running}
  @exited {:event, {:exited, 3, @usage}}

  defp granted(ref), do: {:reply, ref, :ok}
  defp refused(ref, errno, stage), do: {:reply, ref, {:error, Error.new(stage, errno, "no")}}

  test "a life: spawned, ready, proceeded, running, exited" do
    inputs = [{:event, {:spawned, 71}}, @ready, {:call, :a, :proceed}, granted(1), @running, @exited]
    {actions, state} = run(new(), inputs)

    assert events(actions) == [{:ready, 71}, :running, {:exited, 3}]
    assert sent(actions) == [:proceed]
    assert answers(actions, :a) == [:ok]
    assert {state.stage, state.result, state.usage} == {:ended, {:exited, 3}, @usage}
    assert Enum.slice(actions, -3..-1) == [:ended, {:start_timer, :linger, 60_000}, :doze]
  end

  test "stages follow one another" do
    state = new()
    assert state.stage == :starting
    state = after_all(state, [@ready])
    assert state.stage == :ready
    state = after_all(state, [{:call, :a, :proceed}])
    assert state.stage == :ready
    state = after_all(state, [granted(1)])
    assert state.stage == :proceeding
    assert after_all(state, [@running]).stage == :running
  end

  test "a proceed before ready is sent on, and there is no stop at the checkpoint" do
    state = after_all(new(), [{:call, :a, :proceed}, granted(1), @ready])
    assert state.stage == :proceeding
    assert after_all(new(auto_proceed: true), [@ready]).stage == :proceeding
  end

  test "proceed and abort come too late once the checkpoint is passed" do
    state = after_all(new(), [@ready, {:call, :a, :proceed}, granted(1)])

    for inputs <- [[], [@running]], verb <- [:proceed, :abort] do
      actions = actions(state, inputs ++ [{:call, :b, verb}])
      assert answers(actions, :b) == [{:error, :too_late}]
      assert sent(actions) == []
    end

    assert answers(actions(new(), [{:call, :a, :abort}, refused(1, 114, :abort)]), :a) == [
             {:error, :too_late}
           ]
  end

  test "what the agent refuses is said in the words of the verbs" do
    signal = {:call, :a, {:signal, 15}}
    assert answers(actions(new(), [signal, refused(1, 3, :session)]), :a) == [{:error, :no_process}]
    assert answers(actions(new(), [signal, refused(1, 3, :signal)]), :a) == [{:error, :no_process}]
    assert [{:error, %Error{code: :eperm}}] = answers(actions(new(), [signal, refused(1, 1, :signal)]), :a)
  end

  test "an abort that was asked for is granted by the end, whichever the agent tells first" do
    assert answers(actions(new(), [{:call, :a, :abort}, {:event, :aborted}, granted(1)]), :a) == [:ok]
    assert answers(actions(new(), [{:call, :a, :abort}, granted(1), {:event, :aborted}]), :a) == [:ok]
    assert answers(actions(new(), [{:call, :a, {:kill, 0}}, {:event, :aborted}]), :a) == [:ok]
    assert answers(actions(new(), [{:call, :a, {:kill, 0}}, @exited]), :a) == [{:error, :no_process}]
  end

  describe "those who wait" do
    test "are answered when it happens" do
      inputs = [
        {:call, :r, {:await, :ready, 100}},
        {:call, :x, {:await, :running, :infinity}},
        {:call, :w, {:await, :ended, 100}}
      ]

      {actions, state} = run(new(), inputs)
      assert [{:start_timer, {:waiter, r}, 100}, {:start_timer, {:waiter, w}, 100}] = actions

      {actions, state} = run(state, [@ready])
      assert answers(actions, :r) == [{:ok, 71}]
      assert {:cancel_timer, {:waiter, r}} in actions

      {actions, state} = run(state, [@running])
      assert answers(actions, :x) == [:ok]

      actions = actions(state, [@exited])
      assert answers(actions, :w) == [{:ok, {:exited, 3}}]
      assert {:cancel_timer, {:waiter, w}} in actions
    end

    test "in vain are told so, and forgotten" do
      {[{:start_timer, timer, 5}], state} = run(new(), [{:call, :w, {:await, :ended, 5}}])
      {actions, state} = run(state, [{:timer, timer}])
      assert actions == [{:reply, :w, {:error, :timeout}}]
      assert state.waiters == %{}
      assert actions(new(), [{:call, :w, {:await, :ready, 0}}]) == [{:reply, :w, {:error, :timeout}}]
    end

    test "ask late and are answered at once" do
      state = after_all(new(), [@ready, @running, @exited])
      assert answers(actions(state, [{:call, :a, {:await, :ready, 0}}]), :a) == [{:ok, 71}]
      assert answers(actions(state, [{:call, :a, {:await, :running, 0}}]), :a) == [:ok]
      assert answers(actions(state, [{:call, :a, {:await, :ended, 0}}]), :a) == [{:ok, {:exited, 3}}]
      assert answers(actions(state, [{:call, :a, {:stop, 0}}]), :a) == [{:ok, {:exited, 3}}]
    end

    test "for a launch that fails get its error" do
      error = Error.new(:clone3, 11)
      waiting = for kind <- [:ready, :running, :ended], do: {:call, kind, {:await, kind, :infinity}}
      actions = actions(new(), waiting ++ [{:event, {:error, error}}])
      for kind <- [:ready, :running, :ended], do: assert(answers(actions, kind) == [{:error, error}])
    end

    test "for an aborted launch are told that there is no process" do
      waiting = for kind <- [:ready, :running, :ended], do: {:call, kind, {:await, kind, :infinity}}
      actions = actions(new(), waiting ++ [{:event, :aborted}])
      assert answers(actions, :ready) == [{:error, :no_process}]
      assert answers(actions, :running) == [{:error, :no_process}]
      assert answers(actions, :ended) == [{:ok, :aborted}]
    end

    test "for ready get the same answer however late, but after an abort" do
      failed = after_all(new(), [@ready, {:event, {:error, Error.new(:execve, 2)}}])
      assert answers(actions(failed, [{:call, :a, {:await, :ready, 0}}]), :a) == [{:ok, 71}]

      assert [{:error, %Error{stage: :execve}}] =
               answers(actions(failed, [{:call, :a, {:await, :running, 0}}]), :a)

      aborted = after_all(new(), [@ready, {:event, :aborted}])
      assert answers(actions(aborted, [{:call, :a, {:await, :ready, 0}}]), :a) == [{:error, :no_process}]
    end
  end

  test "after the end there is no process, but an aborted one can be aborted again" do
    ended = after_all(new(), [@ready, @running, @exited])

    for verb <- [:proceed, :abort, {:signal, 0}, {:kill, 0}, {:set_owner, nil}, :host_pid],
        do: assert(answers(actions(ended, [{:call, :a, verb}]), :a) == [{:error, :no_process}])

    aborted = after_all(new(), [{:event, :aborted}])
    assert answers(actions(aborted, [{:call, :a, :abort}]), :a) == [:ok]
  end

  test "the host pid is there as long as the process is" do
    assert answers(actions(new(), [{:call, :a, :host_pid}]), :a) == [{:error, :no_process}]
    assert answers(actions(new(), [@ready, {:call, :a, :host_pid}]), :a) == [{:ok, 71}]
  end

  test "stop kills and waits, with the grace that was given or the one of the options" do
    actions =
      actions(new(kill_grace: 7), [
        {:call, :a, {:stop, :default}},
        {:call, :b, {:stop, 1}},
        {:event, :aborted}
      ])

    assert sent(actions) == [{:kill, 7}, {:kill, 1}]
    assert answers(actions, :a) == [{:ok, :aborted}]
    assert answers(actions, :b) == [{:ok, :aborted}]
  end

  describe "the timeout" do
    test "counts from running, then kills with the grace, and is told" do
      {actions, state} = run(new(timeout: 50, kill_grace: 7), [@ready])
      refute Enum.any?(actions, &match?({:start_timer, :timeout, _}, &1))
      {actions, state} = run(state, [@running])
      assert {:start_timer, :timeout, 50} in actions
      {actions, state} = run(state, [{:timer, :timeout}])
      assert sent(actions) == [{:kill, 7}]
      state = after_all(state, [{:event, {:signaled, 15, @usage}}])
      assert {state.timed_out, state.result} == {true, {:signaled, 15}}
    end

    test "is cancelled by the end" do
      {actions, state} = run(new(timeout: 50), [@ready, @running, @exited])
      assert {:cancel_timer, :timeout} in actions
      {actions, state} = run(state, [{:timer, :timeout}])
      assert {actions, state.timed_out} == {[], false}
    end
  end

  describe "the owner's end" do
    test "kills with the policy's grace" do
      assert sent(actions(new(orphan_policy: {:kill, 9}), [@ready, :owner_down])) == [{:kill, 9}]
    end

    test "changes nothing where the workload is to be kept" do
      {actions, state} = run(new(orphan_policy: :keep), [@ready, @running, :owner_down])
      assert {sent(actions), state.owner, state.stage} == {[], nil, :running}
    end

    test "after the workload's end is no news" do
      assert actions(after_all(new(), [@ready, @running, @exited]), [:owner_down]) == []
    end
  end

  describe "the function at the checkpoint" do
    setup do
      %{state: new(auto_proceed: true, at_checkpoint: fn _pid -> :ok end)}
    end

    test "runs at ready; then it goes on", %{state: state} do
      {actions, state} = run(state, [@ready])
      assert {:run_at_checkpoint, 71} in actions
      assert state.stage == :ready
      assert sent(actions) == []
      assert sent(actions(state, [{:checkpoint_done, :ok}])) == [:proceed]
    end

    test "without auto_proceed leaves the last word to proceed", %{} do
      state = new(at_checkpoint: fn _pid -> :ok end)
      {actions, state} = run(state, [@ready, {:checkpoint_done, :ok}])
      assert sent(actions) == []
      assert sent(actions(state, [{:call, :a, :proceed}])) == [:proceed]
    end

    test "is waited for by those who proceed", %{} do
      state = new(at_checkpoint: fn _pid -> :ok end)
      {actions, state} = run(state, [{:call, :a, :proceed}, @ready, {:call, :b, :proceed}])
      assert sent(actions) == []
      {actions, state} = run(state, [{:checkpoint_done, :ok}])
      assert sent(actions) == [:proceed, :proceed]
      actions = actions(state, [granted(1), refused(2, 114, :proceed)])
      assert {answers(actions, :a), answers(actions, :b)} == {[:ok], [{:error, :too_late}]}
    end

    test "that fails aborts, and its reason is the news", %{state: state} do
      {actions, state} = run(state, [@ready, {:checkpoint_done, {:error, "no veth"}}])
      assert sent(actions) == [:abort]
      {actions, state} = run(state, [{:event, :aborted}])
      assert [{:error, %Error{stage: :at_checkpoint, detail: "no veth"} = error}] = events(actions)
      assert state.result == {:error, error}
    end

    test "is ended with the session", %{state: state} do
      actions = actions(state, [@ready, {:event, {:error, Error.new(:checkpoint, 110)}}])
      assert :stop_at_checkpoint in actions
    end
  end

  describe "a linked session" do
    test "tells its starter once, and ends for a reason that supervisors understand" do
      for {event, reason} <- [
            {{:exited, 0, @usage}, :normal},
            {{:exited, 3, @usage}, {:exited, 3}},
            {{:signaled, 9, @usage}, {:signaled, 9}},
            {{:error, @lost}, {:error, @lost}}
          ] do
        actions = actions(new([], true), [@ready, @running, {:event, event}])
        assert for({:started, answer} <- actions, do: answer) == [:ok]
        assert List.last(actions) == {:stop, reason}
      end
    end

    test "that never runs is its starter's error" do
      started = fn inputs -> for {:started, answer} <- actions(new([], true), inputs), do: answer end
      assert started.([{:event, {:error, @lost}}]) == [{:error, @lost}]
      assert started.([@ready, {:event, :aborted}]) == [{:error, {:shutdown, :aborted}}]
    end
  end

  describe "the time after the end" do
    test "is the linger" do
      assert {:start_timer, :linger, 5} in actions(new(linger: 5), [@ready, @running, @exited])
      assert List.last(actions(new(linger: 0), [@exited])) == {:stop, :normal}
      assert List.last(actions(new(linger: :infinity), [@exited])) == :doze
      assert actions(after_all(new(), [@exited]), [{:timer, :linger}]) == [{:stop, :normal}]
    end

    test "is over for who is forgotten" do
      assert List.last(actions(new(), [{:call, :a, :forget}, @exited])) == {:stop, :normal}

      assert actions(after_all(new(), [@exited]), [{:call, :a, :forget}]) == [
               {:reply, :a, :ok},
               {:stop, :normal}
             ]
    end
  end

  describe "whatever happens, in whatever order" do
    defp input do
      :proper_types.oneof([
        :proper_types.oneof(
          for event <- [
                {:spawned, 71},
                {:ready, 71, 1},
                :running,
                {:exited, 3, @usage},
                {:signaled, 9, @usage},
                :aborted,
                {:error, Error.new(:execve, 2)}
              ],
              do: :proper_types.exactly({:event, event})
        ),
        :proper_types.tuple([:reply, :proper_types.range(1, 12), reply()]),
        :proper_types.tuple([:call, :unnamed, verb()]),
        :proper_types.oneof([
          {:timer, :timeout},
          {:timer, :linger},
          {:timer, {:waiter, 2}},
          {:timer, {:waiter, 5}},
          :owner_down,
          :shutdown,
          {:failed, @lost},
          {:checkpoint_done, :ok},
          {:checkpoint_done, {:error, "no"}}
        ])
      ])
    end

    defp reply do
      :proper_types.oneof([
        :ok,
        {:error, Error.new(:session, 3)},
        {:error, Error.new(:proceed, 114)},
        {:error, Error.new(:signal, 1)}
      ])
    end

    defp verb do
      :proper_types.oneof([
        :proceed,
        :abort,
        :forget,
        :host_pid,
        {:signal, 15},
        {:kill, 0},
        {:stop, :default},
        {:await, :ready, :infinity},
        {:await, :running, 100},
        {:await, :ended, 0},
        {:set_owner, nil}
      ])
    end

    defp settings do
      :proper_types.tuple([
        :proper_types.boolean(),
        :proper_types.oneof([
          [],
          [auto_proceed: true],
          [at_checkpoint: fn _pid -> :ok end],
          [auto_proceed: true, at_checkpoint: fn _pid -> :ok end, timeout: 5],
          [orphan_policy: :keep, linger: 0],
          [timeout: 5, linger: :infinity]
        ])
      ])
    end

    # Every caller has a name of its own, and the agent ends in the end.
    defp story({inputs, {linked, options}}) do
      named =
        inputs
        |> Enum.with_index()
        |> Enum.map(fn
          {{:call, :unnamed, verb}, index} -> {:call, {:caller, index}, verb}
          {input, _index} -> input
        end)

      {new(options, linked), named ++ [{:failed, @lost}]}
    end

    defp histories, do: :proper_types.tuple([:proper_types.list(input()), settings()])

    defp terminal?(event), do: event not in [:running, {:ready, 71}]

    test "property: there is exactly one terminal event, and nothing after it" do
      Property.holds(
        histories(),
        fn history ->
          {state, inputs} = story(history)
          events = events(actions(state, inputs))
          Enum.count(events, &terminal?/1) == 1 and terminal?(List.last(events))
        end,
        2_000
      )
    end

    test "property: every caller is answered exactly once" do
      Property.holds(
        histories(),
        fn history ->
          {state, inputs} = story(history)
          actions = actions(state, inputs)
          callers = for {:call, from, _verb} <- inputs, do: from
          answered = for {:reply, from, _answer} <- actions, do: from
          Enum.sort(callers) == Enum.sort(answered)
        end,
        2_000
      )
    end

    test "property: it ends once, tells its starter once, and leaves no timer but the linger" do
      Property.holds(
        histories(),
        fn history ->
          {state, inputs} = story(history)
          actions = actions(state, inputs)
          started = for {:start_timer, key, _ms} <- actions, do: key
          cancelled = for {:cancel_timer, key} <- actions, do: key
          fired = for {:timer, key} <- inputs, do: key
          tellings = Enum.count(actions, &match?({:started, _}, &1))

          Enum.count(actions, &(&1 == :ended)) == 1 and tellings == if(state.linked, do: 1, else: 0) and
            started -- (cancelled ++ fired ++ [:linger]) == []
        end,
        2_000
      )
    end
  end
end
