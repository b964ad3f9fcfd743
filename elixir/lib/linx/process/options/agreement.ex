# The rules between options: what one of them needs, or excludes, of another.

defmodule Linx.Process.Options.Agreement do
  @moduledoc false

  alias Linx.Process.Options.{IdMaps, Value}

  # The option, the kind of fresh namespace without which it means nothing.
  @needs [
    uid_map: :user,
    gid_map: :user,
    map_root: :user,
    time_offsets: :time,
    mounts: :mount,
    hostname: :uts,
    domainname: :uts
  ]

  @doc "Checks a map of options that are right each by itself."
  @spec check(map(), :spawn | :enter) :: :ok | {:wrong, String.t()}
  def check(options, mode) do
    with :ok <- argv(options),
         :ok <- kinds(options, mode),
         :ok <- maps(options),
         :ok <- needs(options, mode),
         do: ids(options)
  end

  defp argv(%{argv: _argv}), do: :ok
  defp argv(_options), do: {:wrong, "argv: is missing; it must name a program"}

  # A kind of namespace comes from one place.
  defp kinds(options, mode) do
    chosen = Map.get(options, :namespaces, [])

    case Enum.find(Map.get(options, :join, []), fn {kind, _from} -> kind in chosen end) do
      nil ->
        :ok

      {kind, _from} when mode == :spawn ->
        {:wrong, "join: #{inspect(kind)} is to be fresh as well; a namespace is fresh or joined, not both"}

      {kind, _from} ->
        {:wrong, "join: #{inspect(kind)} is among the target's namespaces as well; it can be joined once"}
    end
  end

  defp maps(options) do
    uids = given?(options, :uid_map)
    gids = given?(options, :gid_map)

    cond do
      given?(options, :map_root) and (uids or gids) ->
        {:wrong, "map_root: true cannot be combined with uid_map or gid_map; it is a map by itself"}

      uids and not gids ->
        {:wrong, "gid_map: is missing beside the uid_map: the child would keep the launcher's gid and groups"}

      gids and not uids ->
        {:wrong, "uid_map: is missing beside the gid_map: the child would keep the launcher's uid"}

      true ->
        :ok
    end
  end

  defp needs(options, mode) do
    fresh = if mode == :spawn, do: Map.get(options, :namespaces, []), else: []

    case Enum.find(@needs, fn {name, kind} -> given?(options, name) and kind not in fresh end) do
      nil ->
        :ok

      {name, kind} ->
        {:wrong, "#{name}: #{Value.show(options[name])} needs a fresh #{kind} namespace; #{cure(kind, mode)}"}
    end
  end

  defp cure(kind, :spawn), do: "add #{inspect(kind)} to namespaces"
  defp cure(_kind, :enter), do: "enter joins those of its target"

  # What is empty or false asks for nothing.
  defp given?(options, name), do: Map.get(options, name) not in [nil, false, []]

  # Who is not in the map cannot be inside.
  defp ids(options) do
    root = if given?(options, :map_root), do: [{0, 0, 1}]

    with :ok <- placed(options, :uid, root || options[:uid_map]),
         :ok <- placed(options, :gid, root || options[:gid_map]),
         do: placed(options, :groups, root || options[:gid_map])
  end

  defp placed(options, name, map) do
    case options |> Map.get(name, []) |> List.wrap() |> Enum.find(&(not IdMaps.inside?(&1, map))) do
      nil -> :ok
      id -> {:wrong, "#{name}: #{id} has no place in the map of the user namespace"}
    end
  end
end
