# The option mounts: filesystems for the fresh mount namespace.

defmodule Linx.Process.Options.Mounts do
  @moduledoc false

  import Linx.Process.Options.Value

  @spec check(atom(), term()) :: Linx.Process.Options.Value.checked(term())
  def check(:mounts, value) do
    rule = "is not a list, as [{\"proc\", \"/proc\"}] is"
    each(:mounts, value, rule, &mount/1)
  end

  defp mount({type, target}), do: mount({type, target, []})

  defp mount({type, target, options}) do
    with {:ok, type} <- string("mounts: type", type),
         {:ok, target} <- absolute(target),
         {:ok, options} <- options(target, options),
         do: {:ok, {type, target, options}}
  end

  defp mount(other), do: wrong(:mounts, other, "is not {type, target} or {type, target, options}")

  defp absolute(target) do
    with {:ok, target} <- string("mounts: target", target) do
      if String.starts_with?(target, "/"),
        do: {:ok, target},
        else: wrong("mounts: target", target, "is not an absolute path")
    end
  end

  defp options(target, value) do
    rule = "is not a list of options, as [\"size=1m\", \"nosuid\"] is"

    # A charlist is a list, but one option is not a list of options.
    if value != [] and text(value) != :error,
      do: wrong("mounts: #{target}", value, rule),
      else: each("mounts: #{target}", value, rule, &option(target, &1))
  end

  defp option(target, value) do
    with {:ok, option} <- string("mounts: #{target}: option", value) do
      if String.starts_with?(option, "="),
        do: wrong("mounts: #{target}: option", option, "has no name"),
        else: {:ok, option}
    end
  end
end
