# The VM's working directory as it is now, without asking the kernel each time.

defmodule Linx.Process.WorkingDirectory do
  @moduledoc false

  # To ask the kernel is a job for a dirty scheduler, and to wake one takes a tenth of a launch and more. A
  # change of the directory goes through the file server: while that has not run, nothing has changed.
  # Its reductions say whether it has.

  @table __MODULE__

  @doc "Makes the place where it is remembered, which belongs to the calling process."
  @spec open() :: :ok
  def open do
    @table = :ets.new(@table, [:named_table, :public, read_concurrency: true])
    :ok
  end

  @doc "As `File.cwd/0`."
  @spec get() :: {:ok, binary()} | {:error, File.posix()}
  def get do
    with reductions when reductions != nil <- file_server_reductions(),
         [{:directory, ^reductions, directory}] <- remembered() do
      {:ok, directory}
    else
      _unknown_or_old -> ask()
    end
  end

  # Not through the file server, whose reductions would be others then. A change that comes in between makes
  # what is remembered look old, and it is asked for again.
  defp ask do
    before = file_server_reductions()

    with {:ok, directory} <- :prim_file.get_cwd() do
      directory = IO.chardata_to_string(directory)
      remember(before, directory)
      {:ok, directory}
    end
  end

  defp file_server_reductions do
    with pid when is_pid(pid) <- Process.whereis(:file_server_2),
         {:reductions, reductions} <- Process.info(pid, :reductions),
         do: reductions
  end

  defp remembered do
    :ets.lookup(@table, :directory)
  rescue
    ArgumentError -> []
  end

  defp remember(reductions, directory) do
    :ets.insert(@table, {:directory, reductions, directory})
  rescue
    ArgumentError -> false
  end
end
