defmodule Linx.MixProject do
  use Mix.Project

  @compiler "lib/mix/tasks/compile.linx_process.ex"

  def project do
    [
      app: :linx,
      version: "0.1.0",
      elixir: "~> 1.14",
      elixirc_paths: elixirc_paths(Mix.env()),
      # Last: the compiler of the agent is compiled by the ones before it.
      compilers: Mix.compilers() ++ agent_compiler(File.regular?(@compiler)),
      start_permanent: Mix.env() == :prod,
      deps: []
    ]
  end

  def application do
    [mod: {Linx.Application, []}, extra_applications: [:logger]]
  end

  defp agent_compiler(true), do: [:linx_process]
  defp agent_compiler(false), do: []

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_env), do: ["lib"]
end
