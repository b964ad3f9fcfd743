# Why there is no agent: the words for the terminal and the same as diagnostics for editors.

defmodule Mix.LinxProcess.Complaint do
  @moduledoc false

  alias Mix.Task.Compiler.Diagnostic

  defstruct [:text, :diagnostics]

  @type t :: %__MODULE__{text: String.t(), diagnostics: [Diagnostic.t()]}

  @doc "A complaint in words; as a diagnostic it is one about the project as a whole."
  @spec new(String.t()) :: t()
  def new(text), do: %__MODULE__{text: text, diagnostics: [about_project(text)]}

  @doc "What a tool said, for the terminal, and what it meant, for editors."
  @spec new(String.t(), [Diagnostic.t()]) :: t()
  def new(text, []), do: new(text)
  def new(text, diagnostics), do: %__MODULE__{text: text, diagnostics: diagnostics}

  @doc "Says it, and answers as a Mix compiler that failed does."
  @spec report(t()) :: {:error, [Diagnostic.t()]}
  def report(%__MODULE__{} = complaint) do
    Mix.shell().error("** linx_process, the agent of linx, could not be built")
    Mix.shell().error(complaint.text)
    {:error, complaint.diagnostics}
  end

  defp about_project(text) do
    %Diagnostic{
      compiler_name: "linx_process",
      file: Mix.Project.project_file(),
      position: nil,
      severity: :error,
      message: text
    }
  end
end
