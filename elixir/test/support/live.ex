# What tests that launch real processes share: sessions that are ended with the test, and the kernel's own words.

defmodule Linx.Live do
  @moduledoc false

  use ExUnit.CaseTemplate

  import ExUnit.Assertions

  @deadline 10_000

  using do
    quote do
      import Linx.Live
      alias Linx.Process.{Error, Info}
    end
  end

  @doc "A session whose workload is ended with the test."
  def spawn!(options) do
    {:ok, session} = Linx.Process.spawn(options)
    end_with_test(session)
  end

  @doc "The same, when its workload runs."
  def run!(options) do
    session = spawn!([auto_proceed: true] ++ options)
    :ok = Linx.Process.await_running(session, @deadline)
    session
  end

  def end_with_test(session) do
    on_exit_of_test(fn -> Linx.Process.stop(session, 0) end)
    session
  end

  @doc "Runs to its end; its result."
  def result!(options) do
    {:ok, session} = Linx.Process.spawn([auto_proceed: true] ++ options)
    Linx.Process.wait(session, @deadline)
  end

  def sleeper, do: ["/bin/sleep", "1000"]

  def host_pid!(session) do
    {:ok, pid} = Linx.Process.await_ready(session, @deadline)
    pid
  end

  @doc "A directory that is removed with the test."
  def scratch do
    path = Path.join(System.tmp_dir!(), "linx-test-#{System.pid()}-#{System.unique_integer([:positive])}")
    File.mkdir_p!(path)
    # A workload of another user writes here as well.
    File.chmod!(path, 0o777)
    on_exit_of_test(fn -> File.rm_rf!(path) end)
    path
  end

  defp on_exit_of_test(function), do: ExUnit.Callbacks.on_exit(make_ref(), function)

  # --- the kernel's words --------------------------------------------------------------------------

  @doc "The letter of a process' state; `nil` when there is no such process."
  def state_of(pid) do
    case File.read("/proc/#{pid}/stat") do
      {:ok, stat} -> stat |> String.split(") ") |> List.last() |> String.first()
      {:error, _gone} -> nil
    end
  end

  # A machine's pid 1 may take its time to reap what was left to it.
  def gone?(pid), do: state_of(pid) in [nil, "Z", "X"]

  def alive?(pid), do: not gone?(pid)

  @doc "A line of /proc/PID/status, without its name."
  def status_of(pid, name) do
    [_line, value] = Regex.run(~r/^#{name}:[ \t]*(.*)$/m, File.read!("/proc/#{pid}/status"))
    value
  end

  def namespace_of(pid, kind), do: File.read_link!("/proc/#{pid}/ns/#{kind}")

  @doc "The pids of all processes whose environment holds NAME=value, which marks what a test has started."
  def marked(name, value) do
    mark = "#{name}=#{value}"

    for directory <- File.ls!("/proc"),
        directory =~ ~r/^\d+$/,
        {:ok, environment} <- [File.read("/proc/#{directory}/environ")],
        mark in String.split(environment, <<0>>),
        alive?(directory),
        do: String.to_integer(directory)
  end

  def kill9(pid), do: {"", 0} = System.cmd("kill", ["-KILL", to_string(pid)])

  @doc "The pid of the shared agent, which is started where it is not."
  def agent_pid do
    {:ok, _channel} = Linx.Agent.channel(:shared)
    {:ok, agent} = Linx.Agent.info()
    agent.os_pid
  end

  # --- deadlines -----------------------------------------------------------------------------------

  @doc "Asks again and again until it is true; fails at the deadline."
  def eventually(condition, what \\ "it") do
    eventually(condition, what, System.monotonic_time(:millisecond) + @deadline)
  end

  defp eventually(condition, what, deadline) do
    cond do
      result = condition.() -> result
      System.monotonic_time(:millisecond) > deadline -> flunk("#{what} did not become true in time")
      true -> again(condition, what, deadline)
    end
  end

  defp again(condition, what, deadline) do
    receive do
    after
      3 -> eventually(condition, what, deadline)
    end
  end

  def await_gone(pid), do: eventually(fn -> gone?(pid) end, "the end of process #{pid}")
end
