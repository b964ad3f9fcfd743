# The options that say as whom the workload runs: uid, gid, groups, no_new_privs.

defmodule Linx.Process.Options.Identity do
  @moduledoc false

  import Linx.Process.Options.Value

  # 4294967295 means "no id" to the kernel.
  @last_id 4_294_967_294
  # NGROUPS_MAX since Linux 2.6.4.
  @most_groups 65_536

  @spec check(atom(), term()) :: Linx.Process.Options.Value.checked(term())
  def check(:no_new_privs, value), do: boolean(:no_new_privs, value)

  def check(:groups, value) do
    with {:ok, groups} <- each(:groups, value, "is not a list of gids", &id(:groups, &1)) do
      if length(groups) <= @most_groups,
        do: {:ok, groups},
        else: {:wrong, "groups: #{length(groups)} groups; the kernel takes at most #{@most_groups}"}
    end
  end

  def check(name, value), do: id(name, value)

  defp id(name, value), do: integer(name, value, 0, @last_id)
end
