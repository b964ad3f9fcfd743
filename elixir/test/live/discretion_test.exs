# What nobody may see, and what whoever measures may.

defmodule Linx.DiscretionTest do
  use Linx.Live

  import ExUnit.CaptureLog

  @secret "hunter2-of-linx"

  defp secretive(options \\ []),
    do: [argv: sleeper(), env: %{"TOKEN" => @secret, "PATH" => System.get_env("PATH")}] ++ options

  defp silent(term) do
    refute inspect(term, limit: :infinity, printable_limit: :infinity) =~ @secret
    refute to_string(:io_lib.format("~p", [term])) =~ @secret
  end

  test "the environment reaches the workload, and nobody else" do
    p = run!(secretive())
    assert File.read!("/proc/#{host_pid!(p)}/environ") =~ @secret
    silent(:sys.get_state(p))
    silent(:sys.get_status(p))
    silent(Linx.Process.info(p))
    silent(Linx.sessions())
    silent(:sys.get_state(Linx.SessionSupervisor))
    silent(Process.info(p, [:dictionary, :messages, :current_stacktrace]))
    silent(:sys.get_status(Linx.Agent))
  end

  test "not even before it is launched" do
    parked = spawn!(secretive(at_checkpoint: fn _pid -> Process.sleep(:infinity) end))
    host_pid!(parked)
    silent(:sys.get_state(parked))
  end

  test "a supervisor's view of its child has no value of it, and its restart has them all" do
    supervisor = start_supervised!({DynamicSupervisor, strategy: :one_for_one})
    {:ok, p} = DynamicSupervisor.start_child(supervisor, {Linx.Process, secretive()})
    silent(:sys.get_state(supervisor))
    kill9(host_pid!(p))

    next = fn ->
      case DynamicSupervisor.which_children(supervisor) do
        [{_, next, _, _}] when is_pid(next) and next != p -> next
        _restarting -> nil
      end
    end

    assert File.read!("/proc/#{host_pid!(eventually(next))}/environ") =~ @secret
  end

  test "a crash report of a session has no value of it" do
    log =
      capture_log(fn ->
        p = run!(secretive())
        monitor = Process.monitor(p)
        # Nothing that a session ever gets.
        :sys.replace_state(p, fn data -> %{data | state: :broken} end)
        catch_exit(GenServer.call(p, {:verb, :host_pid}))
        assert_receive {:DOWN, ^monitor, :process, ^p, _reason}
      end)

    assert log =~ "terminating"
    refute log =~ @secret
  end

  test "an error has no value of it" do
    {:ok, p} = Linx.Process.spawn(secretive(argv: ["/nowhere"], auto_proceed: true))
    Linx.Process.proceed(p)
    Linx.Process.stop(p, 0)
    silent(Linx.Process.wait(p))
  end

  describe "telemetry" do
    # The library is not here; what linx calls of it is.
    setup do
      [{:telemetry, code}] =
        Code.compile_string("""
        defmodule :telemetry do
          def execute(event, measurements, metadata) do
            for pid <- [Process.whereis(:linx_test_telemetry)], pid do
              send(pid, {event, measurements, metadata})
            end
            :ok
          end
        end
        """)

      assert is_binary(code)
      Process.register(self(), :linx_test_telemetry)

      on_exit(fn ->
        :code.delete(:telemetry)
        :code.purge(:telemetry)
      end)
    end

    test "tells the start and the end, with duration, result and usage" do
      p = spawn!(argv: ["/bin/sh", "-c", "exit 3"], auto_proceed: true)

      assert_receive {[:linx, :process, :start], %{system_time: _},
                      %{session: ^p, mode: :spawn, argv: ["/bin/sh" | _]}}

      assert_receive {[:linx, :process, :stop], %{duration: duration},
                      %{session: ^p, result: {:exited, 3}, usage: usage}}

      assert System.convert_time_unit(duration, :native, :microsecond) in 100..20_000_000
      assert usage.peak_memory_kib > 0
    end

    test "tells a failure" do
      p = spawn!(argv: ["/nowhere"], auto_proceed: true)

      assert_receive {[:linx, :process, :error], %{duration: _},
                      %{session: ^p, error: %Error{stage: :execve}}}

      refute_received {[:linx, :process, :stop], _, _}
    end
  end
end
