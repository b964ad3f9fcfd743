# The options that choose namespaces and what is set inside fresh ones, but for the id maps.

defmodule Linx.Process.Options.Namespaces do
  @moduledoc false

  import Linx.Process.Options.Value

  alias Linx.Process.Options.Nearest

  @kinds [:user, :mount, :pid, :net, :uts, :ipc, :cgroup, :time]
  @clocks [:monotonic, :boottime]

  # The kernel's own: a host name of utsname has 64 bytes, a pid is at most PID_MAX_LIMIT.
  @longest_name 64
  @last_pid 4_194_304
  @first_second -9_223_372_036
  @last_second 9_223_372_036
  @last_nanosecond 999_999_999

  @spec kinds() :: [atom()]
  def kinds, do: @kinds

  @spec check(atom(), term()) :: Linx.Process.Options.Value.checked(term())
  def check(:namespaces, value) do
    rule = "is not a list of namespaces, as [:user, :pid] is"

    with {:ok, kinds} <- each(:namespaces, value, rule, &kind(:namespaces, &1)),
         do: {:ok, Enum.uniq(kinds)}
  end

  def check(:join, value) do
    rule = "is not a list, as [net: \"/run/netns/blue\"] is"

    with {:ok, joins} <- each(:join, pairs(value), rule, &join/1) do
      case twice(Keyword.keys(joins)) do
        nil -> {:ok, joins}
        {:twice, kind} -> wrong(:join, kind, "is joined twice")
      end
    end
  end

  def check(:time_offsets, value) do
    rule = "is not a list, as [monotonic: 3600] is"

    with {:ok, offsets} <- each(:time_offsets, pairs(value), rule, &offset/1) do
      case twice(Enum.map(offsets, &elem(&1, 0))) do
        nil -> {:ok, offsets}
        {:twice, clock} -> wrong(:time_offsets, clock, "is given twice")
      end
    end
  end

  def check(name, value) when name in [:hostname, :domainname] do
    with {:ok, text} <- string(name, value) do
      if byte_size(text) <= @longest_name,
        do: {:ok, text},
        else: wrong(name, text, "has #{byte_size(text)} bytes; it may have #{@longest_name}")
    end
  end

  def check(:loopback, value), do: boolean(:loopback, value)

  defp kind(_option, kind) when kind in @kinds, do: {:ok, kind}

  defp kind(option, other),
    do: wrong(option, other, "is no namespace#{meant(other)}; there are #{listed(@kinds)}")

  defp meant(:mnt), do: "; did you mean :mount?"
  defp meant(:network), do: "; did you mean :net?"

  defp meant(other) when is_atom(other) or is_binary(other) do
    case Nearest.to(to_string(other), Enum.map(@kinds, &Atom.to_string/1)) do
      nil -> ""
      name -> "; did you mean :#{name}?"
    end
  end

  defp meant(_other), do: ""

  defp join({kind, from}) do
    with {:ok, kind} <- kind(:join, kind), {:ok, from} <- source(kind, from), do: {:ok, {kind, from}}
  end

  defp join(other), do: wrong(:join, other, "is not {namespace, path} or {namespace, {:pid, pid}}")

  defp source(_kind, {:pid, pid} = from) when pid in 1..@last_pid, do: {:ok, from}
  defp source(kind, {:pid, pid}), do: wrong("join: #{kind}", pid, "is no pid; pids are positive")

  defp source(kind, path) do
    case text(path) do
      {:ok, _path} -> string("join: #{kind}", path)
      :error -> wrong("join: #{kind}", path, "is neither a path nor {:pid, pid}")
    end
  end

  defp offset({clock, seconds}) when is_integer(seconds), do: offset({clock, seconds, 0})
  defp offset({clock, {seconds, nanoseconds}}), do: offset({clock, seconds, nanoseconds})

  defp offset({clock, _seconds, _nanoseconds}) when clock not in @clocks,
    do: wrong(:time_offsets, clock, "is no clock; there are :monotonic and :boottime")

  defp offset({_clock, seconds, nanoseconds} = offset) do
    with {:ok, _} <- integer(:time_offsets, seconds, @first_second, @last_second),
         {:ok, _} <- integer(:time_offsets, nanoseconds, 0, @last_nanosecond),
         do: {:ok, offset}
  end

  defp offset(other) do
    rule = "is not {clock, seconds} or {clock, seconds, nanoseconds}"
    wrong(:time_offsets, other, rule)
  end

  defp listed(kinds), do: Enum.map_join(kinds, ", ", &inspect/1)
end
