# The options of spawn, enter and start_link: which there are, and from what was given to a launch.

defmodule Linx.Process.Options do
  @moduledoc """
  Every option of `Linx.Process`, checked before anything is created.

  Options are a keyword list or a map with atom keys. Charlists are taken wherever strings are. What is wrong
  is told with the option, its value and the rule:

      iex> {:error, error} = Linx.Process.Options.check(:spawn, argv: ["true"], nice: 20)
      iex> error.detail
      "nice: 20 is not between -20 and 19"

      iex> {:error, error} = Linx.Process.Options.check(:spawn, argv: ["true"], hotsname: "a")
      iex> error.detail
      "hotsname: is not an option; did you mean hostname?"

  `Linx.Process.spawn/1` describes the options.
  """

  alias Linx.Process.{Error, Launch}

  alias Linx.Process.Options.{
    Agreement,
    Environment,
    Identity,
    IdMaps,
    Lifecycle,
    Mounts,
    Namespaces,
    Nearest,
    Program,
    Resources,
    Stdio,
    Value
  }

  @groups [
    {Program, [:argv, :arg0, :cwd, :umask, :init]},
    {Namespaces, [:namespaces, :join, :time_offsets, :hostname, :domainname, :loopback]},
    {IdMaps, [:uid_map, :gid_map, :map_root]},
    {Mounts, [:mounts]},
    {Identity, [:uid, :gid, :groups, :no_new_privs]},
    {Resources, [:rlimits, :nice]},
    {Stdio, [:stdio]},
    {Lifecycle,
     [
       :owner,
       :tag,
       :auto_proceed,
       :at_checkpoint,
       :checkpoint_timeout,
       :orphan_policy,
       :timeout,
       :kill_grace,
       :linger,
       :agent,
       :node,
       :name,
       :id,
       :restart
     ]}
  ]

  @names [:env | Enum.flat_map(@groups, &elem(&1, 1))]

  # Those that mean something to a supervisor only, and the one that means nothing to it.
  @of_child_specs [:id, :restart]
  @last_pid 4_194_304

  @typedoc "A keyword list or a map of options."
  @type t :: keyword() | map()

  @typedoc "The function that the options are for; for `enter`, with the pid to enter."
  @type use :: :spawn | {:enter, term()} | :start_link

  @doc "The names of all options."
  @spec names() :: [atom()]
  def names, do: @names

  @doc "The options as a map; `:error` for what is neither a keyword list nor a map."
  @spec to_map(t() | term()) :: {:ok, map()} | :error
  def to_map(options) when is_map(options) and not is_struct(options), do: {:ok, options}

  # Of an option that is given twice the first counts.
  def to_map(options) do
    if Keyword.keyword?(options),
      do: {:ok, options |> Enum.reverse() |> Map.new()},
      else: :error
  end

  @doc "Checks the options and makes a launch of them. Nothing is started, no function is called."
  @spec check(use(), t() | term()) :: {:ok, Launch.t()} | {:error, Error.t()}
  def check(use, options) do
    with {:ok, mode} <- mode(use),
         {:ok, pairs} <- pairs(options),
         {:ok, checked} <- check_each(pairs, use, %{}),
         :ok <- Agreement.check(checked, Launch.kind(mode)) do
      {:ok, Launch.new(mode, checked)}
    else
      {:wrong, detail} -> {:error, Error.spec(detail)}
    end
  end

  defp mode({:enter, pid}) when pid in 1..@last_pid, do: {:ok, {:enter, pid}}

  defp mode({:enter, other}),
    do: Value.wrong(:pid, other, "is not the pid of a process; pids are positive integers")

  defp mode(_spawn_or_start_link), do: {:ok, :spawn}

  defp pairs(options) do
    case to_map(options) do
      {:ok, map} ->
        {:ok, Map.to_list(map)}

      :error when is_list(options) ->
        {:wrong, "options: the list is no keyword list; the command goes under argv"}

      :error ->
        {:wrong, "options: neither a keyword list nor a map was given"}
    end
  end

  defp check_each([], _use, checked), do: {:ok, checked}

  defp check_each([{name, value} | rest], use, checked) do
    with {:ok, value} <- check_one(name, value, use),
         do: check_each(rest, use, Map.put(checked, name, value))
  end

  defp check_one(name, _value, use) when name in @of_child_specs and use != :start_link,
    do: {:wrong, "#{name}: is for supervised sessions; start_link/1 and child_spec/1 take it"}

  defp check_one(:node, node, :start_link) when node != node(),
    do: {:wrong, "node: #{Value.show(node)} cannot be linked to; spawn/1 and enter/2 take other nodes"}

  defp check_one(:env, value, _use), do: Environment.check(value)

  for {module, names} <- @groups, name <- names do
    defp check_one(unquote(name), value, _use), do: unquote(module).check(unquote(name), value)
  end

  defp check_one(name, _value, _use) when is_atom(name) do
    case Nearest.to(Atom.to_string(name), Enum.map(@names, &Atom.to_string/1)) do
      nil -> {:wrong, "#{name}: is not an option"}
      near -> {:wrong, "#{name}: is not an option; did you mean #{near}?"}
    end
  end

  defp check_one(name, _value, _use),
    do: Value.wrong(:options, name, "is not an atom, as the names of options are")
end
