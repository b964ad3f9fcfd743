# One row of the table: a subject, what it stands beside, and the target that it is to meet.

defmodule Bench.Row do
  alias Bench.Sample

  @enforce_keys [:name, :what]
  defstruct [:name, :what, :subject, :floor, :ratio, :target, :failure, unit: "us"]

  @typedoc "The highest ratio, the highest value or the lowest value that is still good."
  @type target :: {:ratio | :at_most | :at_least, number()}

  @type t :: %__MODULE__{
          name: String.t(),
          what: String.t(),
          subject: nil | Sample.spread(),
          floor: nil | Sample.spread(),
          ratio: nil | float(),
          target: nil | target(),
          failure: nil | String.t(),
          unit: String.t()
        }

  @doc "A subject beside its floor."
  @spec beside(String.t(), String.t(), Sample.spread(), Sample.spread(), keyword()) :: t()
  def beside(name, what, subject, floor, options \\ []) do
    row = %__MODULE__{name: name, what: what, subject: subject, floor: floor}
    struct!(%{row | ratio: subject.median / floor.median}, options)
  end

  @doc "A value that stands for itself."
  @spec alone(String.t(), String.t(), Sample.spread() | number(), keyword()) :: t()
  def alone(name, what, value, options) do
    subject = if is_number(value), do: Sample.spread([value]), else: value
    struct!(%__MODULE__{name: name, what: what, subject: subject}, options)
  end

  @doc "A row that could not be measured, which is as bad as a missed target."
  @spec failed(String.t(), String.t()) :: t()
  def failed(name, why), do: %__MODULE__{name: name, what: "#{name}: #{why}", failure: why}

  @spec verdict(t()) :: String.t()
  def verdict(%{failure: why}) when why != nil, do: "FAILED"
  def verdict(%{target: nil}), do: ""
  def verdict(row), do: if(met?(row), do: "ok", else: "MISSED")

  defp met?(%{target: {:ratio, most}} = row), do: row.ratio <= most
  defp met?(%{target: {:at_most, most}} = row), do: row.subject.median <= most
  defp met?(%{target: {:at_least, least}} = row), do: row.subject.median >= least
end
