# The OTP application: starts the supervisor.

defmodule Linx.Application do
  @moduledoc false

  use Application

  @impl true
  def start(_type, _arguments), do: Linx.Supervisor.start_link([])
end
