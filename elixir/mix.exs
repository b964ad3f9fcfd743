defmodule Linx.MixProject do
  use Mix.Project

  def project do
    [
      app: :linx,
      version: "0.1.0",
      elixir: "~> 1.14",
      elixirc_paths: elixirc_paths(Mix.env()),
      # Last: the compiler of the agent is compiled by the ones before it.
      compilers: Mix.compilers() ++ [:linx_process],
      start_permanent: Mix.env() == :prod,
      deps: []
    ]
  end

  def application do
    [mod: {Linx.Application, []}, extra_applications: [:logger | for_tests(Mix.env())]]
  end

  # PropEr comes from the system (Debian: erlang-proper).
  defp for_tests(:test), do: [:proper]
  defp for_tests(_env), do: []

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_env), do: ["lib"]
end
