# The options that limit: rlimits, by the names of getrlimit(2), and nice.

defmodule Linx.Process.Options.Resources do
  @moduledoc false

  import Linx.Process.Options.Value

  alias Linx.Process.Options.Nearest

  @names [
    :cpu,
    :fsize,
    :data,
    :stack,
    :core,
    :rss,
    :nproc,
    :nofile,
    :memlock,
    :as,
    :locks,
    :sigpending,
    :msgqueue,
    :nice,
    :rtprio,
    :rttime
  ]

  # RLIM_INFINITY is the number above it, and has a name here.
  @last_limit 18_446_744_073_709_551_614

  @spec check(atom(), term()) :: Linx.Process.Options.Value.checked(term())
  def check(:nice, value), do: integer(:nice, value, -20, 19)

  def check(:rlimits, value) do
    rule = "is not a list, as [nofile: 1024] is"

    with {:ok, limits} <- each(:rlimits, pairs(value), rule, &limit/1) do
      case twice(Enum.map(limits, &elem(&1, 0))) do
        nil -> {:ok, limits}
        {:twice, name} -> wrong(:rlimits, name, "is limited twice")
      end
    end
  end

  defp limit({name, {soft, hard}}), do: limit({name, soft, hard})
  defp limit({name, both}), do: limit({name, both, both})

  defp limit({name, soft, hard}) when name in @names do
    with :ok <- number(name, soft), :ok <- number(name, hard) do
      # Atoms come after all numbers, so :infinity is above each of them.
      if soft <= hard,
        do: {:ok, {name, soft, hard}},
        else: {:wrong, "rlimits: #{name}: the soft limit #{show(soft)} is above the hard limit #{show(hard)}"}
    end
  end

  defp limit({name, _soft, _hard}), do: wrong(:rlimits, name, "is no resource of getrlimit(2)#{meant(name)}")
  defp limit(other), do: wrong(:rlimits, other, "is not {name, limit} or {name, soft, hard}")

  defp number(_name, :infinity), do: :ok
  defp number(_name, value) when value in 0..@last_limit, do: :ok

  defp number(name, value),
    do: wrong("rlimits: #{name}", value, "is neither an integer from 0 on nor :infinity")

  defp meant(name) when is_atom(name) or is_binary(name) do
    bare = name |> to_string() |> String.downcase() |> String.replace_prefix("rlimit_", "")

    case Nearest.to(bare, Enum.map(@names, &Atom.to_string/1)) do
      nil -> ""
      near -> "; did you mean :#{near}?"
    end
  end

  defp meant(_other), do: ""
end
