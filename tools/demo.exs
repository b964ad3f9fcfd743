# The part of tools/demo that runs on the BEAM: each line is shown, then run, then its value is shown.
#
#   elixir tools/demo.exs INTERFACE HOST_ADDRESS CHILD_ADDRESS     as root: with a cable between host and child
#   elixir tools/demo.exs                                          as anybody

defmodule Demo do
  def show(lines) do
    plain = Code.env_for_eval([])
    environment = %{plain | functions: [{__MODULE__, [sh: 1]} | plain.functions]}
    Enum.reduce(lines, [], &step(&1, &2, environment))
  end

  # What a person would type into a second terminal: the last line of what it says, :ok if it says nothing.
  def sh(command) do
    {said, code} = System.cmd("sh", ["-c", command], stderr_to_stdout: true)
    if code != 0, do: raise("#{command}: #{said}")
    said |> String.split("\n", trim: true) |> List.last(:ok)
  end

  def wired(interface, host_address, child_address) do
    [
      ~s|{:ok, p} = Linx.Process.spawn(argv: ["sleep", "infinity"], namespaces: [:net, :uts, :ipc])|,
      "{:ok, host_pid} = Linx.Process.await_ready(p)",
      ~S|File.read!("/proc/#{host_pid}/comm")|,
      ~s|sh("ip link add #{interface} type veth peer name eth0 netns \#{host_pid}")|,
      ~s|sh("ip address add #{host_address}/30 dev #{interface}; ip link set #{interface} up")|,
      ~s|sh("nsenter -n -t \#{host_pid} ip address add #{child_address}/30 dev eth0")|,
      ~S|sh("nsenter -n -t #{host_pid} ip link set eth0 up")|
    ] ++ released() ++ [~s/sh("ping -c 1 -w 5 #{child_address} | grep 'bytes from'")/] ++ ended()
  end

  def unwired do
    [
      ~s|{:ok, p} = Linx.Process.spawn(argv: ["sleep", "infinity"], namespaces: [:user, :net], map_root: true)|,
      "{:ok, host_pid} = Linx.Process.await_ready(p)",
      ~S|File.read!("/proc/#{host_pid}/comm")|,
      ~S|sh("cat /proc/#{host_pid}/uid_map")|
    ] ++ released() ++ ended()
  end

  defp released do
    ["Linx.Process.proceed(p)", "Linx.Process.await_running(p)", ~S|File.read!("/proc/#{host_pid}/comm")|]
  end

  defp ended do
    ["Linx.Process.signal(p, :sigterm)", "Linx.Process.wait(p)", ~S|File.exists?("/proc/#{host_pid}")|]
  end

  defp step(line, bindings, environment) do
    IO.puts("    iex> " <> line)
    {value, bindings} = Code.eval_string(line, bindings, environment)
    IO.puts("    " <> inspect(value))
    bindings
  end
end

# The agent's start is logged; here it would stand between the lines.
{:ok, _} = Application.ensure_all_started(:logger)
Logger.configure(level: :warning)
{:ok, _} = Application.ensure_all_started(:linx)

lines =
  case System.argv() do
    [interface, host_address, child_address] -> Demo.wired(interface, host_address, child_address)
    [] -> Demo.unwired()
  end

Demo.show(lines)
