# Registers a session under the name that it was given, in all the forms that GenServer knows.

defmodule Linx.Process.Session.Names do
  @moduledoc false

  alias Linx.Process.Error

  @spec register(nil | GenServer.name()) :: :ok | {:error, {:already_started, pid()} | Error.t()}
  def register(nil), do: :ok

  def register(name) when is_atom(name) do
    Process.register(self(), name)
    :ok
  rescue
    ArgumentError -> taken(name)
  end

  def register({:global, term}), do: register({:via, :global, term})

  def register({:via, module, term} = name) do
    case module.register_name(term, self()) do
      :yes -> :ok
      :no -> taken(name)
      other -> refused(name, "answered #{inspect(other, limit: 8)}, neither :yes nor :no")
    end
  rescue
    error -> refused(name, "failed: #{Exception.message(error)}")
  end

  defp refused({:via, module, _term} = name, how),
    do: {:error, Error.spec("name: #{inspect(name, limit: 8)}: #{inspect(module)}.register_name/2 #{how}")}

  defp taken(name), do: {:error, {:already_started, GenServer.whereis(name)}}
end
