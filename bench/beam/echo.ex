# The echo port from the BEAM: asked by the process that owns it, or behind one GenServer, the least that any
# server in between costs.

defmodule Bench.Echo do
  use GenServer

  @spec open(Path.t()) :: port()
  def open(program), do: Port.open({:spawn_executable, program}, [:nouse_stdio, :binary, packet: 4])

  @spec directly(port(), binary()) :: binary()
  def directly(port, bytes) do
    true = Port.command(port, bytes)

    receive do
      {^port, {:data, answer}} -> answer
    end
  end

  @spec start_link(Path.t()) :: GenServer.on_start()
  def start_link(program), do: GenServer.start_link(__MODULE__, program)

  @spec through_server(pid(), binary()) :: binary()
  def through_server(server, bytes), do: GenServer.call(server, {:echo, bytes})

  @impl true
  def init(program), do: {:ok, {open(program), nil}}

  @impl true
  def handle_call({:echo, bytes}, from, {port, nil}) do
    true = Port.command(port, bytes)
    {:noreply, {port, from}}
  end

  @impl true
  def handle_info({port, {:data, bytes}}, {port, from}) do
    GenServer.reply(from, bytes)
    {:noreply, {port, nil}}
  end
end
