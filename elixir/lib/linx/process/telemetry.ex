# Telemetry events, where that library is loaded; linx does not depend on it.

defmodule Linx.Process.Telemetry do
  @moduledoc """
  Events for the library `telemetry`, when it is loaded. They are emitted by the session's process.

    * `[:linx, :process, :start]` - measurements `:system_time`; metadata `:session`, `:mode`, `:argv`
    * `[:linx, :process, :stop]` - `:duration` (native units); the same metadata, and `:result`, `:usage`
    * `[:linx, :process, :error]` - `:duration`; the same metadata, and `:error`
  """

  alias Linx.Process.Launch
  alias Linx.Process.Session.State

  @doc false
  @spec start(Launch.t()) :: :ok
  def start(launch) do
    if loaded?(), do: execute(:start, %{system_time: System.system_time()}, metadata(launch))
    :ok
  end

  @doc false
  @spec ended(Launch.t(), State.t(), integer()) :: :ok
  def ended(launch, state, started) do
    if loaded?(), do: ended(launch, state, state.result, System.monotonic_time() - started)
    :ok
  end

  defp ended(launch, _state, {:error, error}, duration),
    do: execute(:error, %{duration: duration}, Map.put(metadata(launch), :error, error))

  defp ended(launch, state, result, duration) do
    outcome = %{result: result, usage: state.usage}
    execute(:stop, %{duration: duration}, Map.merge(metadata(launch), outcome))
  end

  # Who attached a handler has loaded it. To ask the code server at every launch would take longer than the launch.
  defp loaded?, do: function_exported?(:telemetry, :execute, 3)

  defp execute(name, measurements, metadata),
    do: apply(:telemetry, :execute, [[:linx, :process, name], measurements, metadata])

  defp metadata(launch), do: %{session: self(), mode: launch.mode, argv: launch.spec[:argv]}
end
