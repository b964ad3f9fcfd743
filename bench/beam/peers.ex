# What else runs a program from a BEAM: System.cmd, a plain Port, and erlexec where its ebin is named.

defmodule Bench.Peers do
  alias Bench.Sample

  @program "/bin/true"

  @doc "erlexec is there when ERLEXEC_PATH names its ebin."
  @spec available() :: %{atom() => Sample.contestant()}
  def available do
    peers = %{system_cmd: &system_cmd/0, port: &port/0}
    if path = System.get_env("ERLEXEC_PATH"), do: Map.put(peers, :erlexec, erlexec(path)), else: peers
  end

  @spec system_cmd() :: :ok
  def system_cmd do
    {"", 0} = System.cmd(@program, [])
    :ok
  end

  defp port do
    port = Port.open({:spawn_executable, @program}, [:exit_status, :binary])

    receive do
      {^port, {:exit_status, 0}} -> :ok
    end
  end

  # As root it wants to be told so, and whom it may run things as.
  defp erlexec(path) do
    true = :code.add_pathz(String.to_charlist(path))

    options =
      if System.get_env("USER") == "root" or root?(),
        do: [:root, user: 'root', limit_users: ['root']],
        else: []

    {:ok, _server} = apply(:exec, :start, [options])
    fn -> {:ok, []} = apply(:exec, :run, [[String.to_charlist(@program)], [:sync]]) end
  end

  defp root?, do: match?({:ok, %{uid: 0}}, File.stat("/proc/self"))
end
