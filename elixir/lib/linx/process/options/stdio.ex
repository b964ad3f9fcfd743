# The option stdio: where stdin, stdout and stderr come from and go to.

defmodule Linx.Process.Options.Stdio do
  @moduledoc false

  import Linx.Process.Options.Value

  @streams [:stdin, :stdout, :stderr]
  @modes [:read, :write, :append, :exclusive]
  @default [stdin: :devnull, stdout: :inherit, stderr: :inherit]
  # sun_path has 108 bytes, the last of which is 0.
  @longest_socket_path 107

  @spec check(atom(), term()) :: Linx.Process.Options.Value.checked(term())
  def check(:stdio, whole) when whole in [:inherit, :devnull],
    do: {:ok, for(stream <- @streams, do: {stream, whole})}

  def check(:stdio, value) do
    rule = "is not :inherit, :devnull, or a list as [stdout: :devnull] is"

    with {:ok, streams} <- each(:stdio, pairs(value), rule, &stream/1) do
      case twice(Keyword.keys(streams)) do
        nil -> {:ok, Keyword.merge(@default, streams)}
        {:twice, name} -> wrong(:stdio, name, "is given twice")
      end
    end
  end

  defp stream({name, how}) when name in @streams do
    with {:ok, how} <- how(name, how), do: {:ok, {name, how}}
  end

  defp stream({name, _how}), do: wrong(:stdio, name, "is not :stdin, :stdout or :stderr")
  defp stream(other), do: wrong(:stdio, other, "is not {stream, how}, as {:stdout, :devnull} is")

  defp how(_name, how) when how in [:inherit, :devnull], do: {:ok, how}
  defp how(:stderr, :stdout), do: {:ok, :stdout}

  defp how(name, :stdout),
    do: {:wrong, "stdio: #{name}: only stderr can be the same as stdout"}

  defp how(:stdin, {:file, path}), do: how(:stdin, {:file, path, [:read]})
  defp how(name, {:file, path}), do: how(name, {:file, path, [:write]})

  defp how(name, {:file, path, modes}) do
    with {:ok, path} <- string("stdio: #{name}", path),
         {:ok, modes} <- modes(name, modes),
         do: {:ok, {:file, absolute(path), modes}}
  end

  defp how(name, {:connect_unix, path}) do
    with {:ok, path} <- string("stdio: #{name}", path) do
      path = absolute(path)

      if byte_size(path) <= @longest_socket_path,
        do: {:ok, {:connect_unix, path}},
        else:
          wrong(
            "stdio: #{name}",
            path,
            "has #{byte_size(path)} bytes; a socket's path may have #{@longest_socket_path}"
          )
    end
  end

  defp how(name, other) do
    rule = "is not :inherit, :devnull, {:file, path}, {:file, path, modes} or {:connect_unix, path}"
    wrong("stdio: #{name}", other, if(name == :stderr, do: rule <> ", nor :stdout", else: rule))
  end

  defp modes(name, modes) do
    rule = "is not a list of modes, as [:append] is"

    with {:ok, modes} <- each("stdio: #{name}", modes, rule, &mode(name, &1)),
         do: consistent(name, Enum.uniq(modes))
  end

  defp mode(_name, mode) when mode in @modes, do: {:ok, mode}

  defp mode(name, other),
    do: wrong("stdio: #{name}", other, "is no mode; there are :read, :write, :append and :exclusive")

  defp consistent(name, modes) do
    cond do
      modes -- [:exclusive] == [] ->
        wrong("stdio: #{name}", modes, "neither reads nor writes")

      :write in modes and :append in modes ->
        wrong("stdio: #{name}", modes, "both truncates and appends")

      :exclusive in modes and modes -- [:read, :exclusive] == [] ->
        wrong("stdio: #{name}", modes, "creates nothing; :exclusive goes with :write or :append")

      true ->
        {:ok, modes}
    end
  end

  # The agent opens it, and the agent's working directory is the VM's of an earlier day.
  defp absolute("/" <> _rest = path), do: path

  defp absolute(path) do
    case File.cwd() do
      {:ok, directory} -> Path.join(directory, path)
      {:error, _gone} -> path
    end
  end
end
