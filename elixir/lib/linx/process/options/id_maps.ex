# The options uid_map, gid_map and map_root, by the kernel's own rules for /proc/PID/uid_map.

defmodule Linx.Process.Options.IdMaps do
  @moduledoc false

  import Linx.Process.Options.Value

  # 4294967295 means "no id" to the kernel, so a range ends below it.
  @last_id 4_294_967_294
  # UID_GID_MAP_MAX_EXTENTS, and less than a page written at once.
  @most_lines 340
  @most_bytes 4095

  @spec check(atom(), term()) :: Linx.Process.Options.Value.checked(term())
  def check(:map_root, value), do: boolean(:map_root, value)

  def check(name, value) do
    rule = "is not a list of {inside, outside, count}"

    with {:ok, map} <- each(name, value, rule, &range(name, &1)),
         :ok <- short(name, map),
         :ok <- apart(name, map, 0, "inside"),
         :ok <- apart(name, map, 1, "outside"),
         do: {:ok, map}
  end

  defp range(name, {inside, outside, count} = range)
       when is_integer(inside) and is_integer(outside) and is_integer(count) do
    cond do
      inside < 0 or outside < 0 ->
        wrong(name, range, "has a negative id")

      count < 1 ->
        wrong(name, range, "is empty; its count must be at least 1")

      beyond?(inside, count) or beyond?(outside, count) ->
        wrong(name, range, "goes beyond the last id, #{@last_id}")

      true ->
        {:ok, range}
    end
  end

  defp range(name, other), do: wrong(name, other, "is not {inside, outside, count}")

  defp beyond?(first, count), do: first + count - 1 > @last_id

  defp short(name, map) do
    lines = length(map)
    bytes = map |> Enum.map_join(fn {i, o, c} -> "#{i} #{o} #{c}\n" end) |> byte_size()

    cond do
      lines > @most_lines -> {:wrong, "#{name}: #{lines} ranges; the kernel takes at most #{@most_lines}"}
      bytes > @most_bytes -> {:wrong, "#{name}: #{bytes} bytes; the kernel takes at most #{@most_bytes}"}
      true -> :ok
    end
  end

  # Two neighbours that overlap once the ranges are sorted by their first id.
  defp apart(name, map, side, word) do
    map
    |> Enum.sort_by(&elem(&1, side))
    |> Enum.chunk_every(2, 1, :discard)
    |> Enum.find(fn [one, next] -> elem(one, side) + elem(one, 2) > elem(next, side) end)
    |> case do
      nil -> :ok
      [one, next] -> {:wrong, "#{name}: #{show(one)} and #{show(next)} overlap #{word}"}
    end
  end

  @doc "Has the id a place inside the map? Everything has one where there is no map."
  @spec inside?(integer(), list() | nil) :: boolean()
  def inside?(_id, none) when none in [nil, []], do: true

  def inside?(id, map),
    do: Enum.any?(map, fn {inside, _outside, count} -> id >= inside and id < inside + count end)
end
