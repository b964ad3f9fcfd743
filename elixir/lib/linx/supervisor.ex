# The top of the supervision tree: the shared agent, then the sessions.

defmodule Linx.Supervisor do
  @moduledoc false

  use Supervisor

  alias Linx.Process.Session.Roll
  alias Linx.Process.WorkingDirectory

  @sessions Linx.SessionSupervisor

  @spec start_link(keyword()) :: Supervisor.on_start()
  def start_link([]), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)

  @doc "The supervisor of the sessions that spawn and enter make."
  @spec sessions() :: module()
  def sessions, do: @sessions

  # In this order: at the end of the application the sessions end first, while their agent still serves.
  @impl true
  def init([]) do
    Roll.open()
    WorkingDirectory.open()

    children = [
      {Linx.Agent, name: Linx.Agent},
      {DynamicSupervisor, name: @sessions, strategy: :one_for_one}
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end
end
