# The same from Erlang: compiled from Erlang source, with charlists and maps.

defmodule Linx.ErlangTest do
  use Linx.Live

  @source """
  -module(linx_from_erlang).
  -export([exits/1, sleeper/0, wrong/0]).

  exits(Code) ->
      {ok, P} = 'Elixir.Linx.Process':spawn([{argv, ["sh", "-c", "exit " ++ integer_to_list(Code)]},
                                             {env, [{"PATH", os:getenv("PATH")}]},
                                             {namespaces, [uts]}, {hostname, "blue"}]),
      {ok, HostPid} = 'Elixir.Linx.Process':await_ready(P, 5000),
      true = is_integer(HostPid),
      ok = 'Elixir.Linx.Process':proceed(P),
      receive {linx_process, P, {exited, Code}} -> 'Elixir.Linx.Process':wait(P) after 5000 -> timeout end.

  sleeper() ->
      {ok, P} = 'Elixir.Linx.Process':spawn(\#{argv => ["sleep", "1000"], auto_proceed => true}),
      ok = 'Elixir.Linx.Process':await_running(P),
      ok = 'Elixir.Linx.Process':signal(P, "SIGTERM"),
      'Elixir.Linx.Process':wait(P).

  wrong() ->
      {error, Error} = 'Elixir.Linx.Process':spawn([{argv, "sleep 1000"}]),
      'Elixir.Exception':message(Error).
  """

  setup_all do
    {:ok, tokens, _line} = :erl_scan.string(String.to_charlist(@source))

    forms =
      tokens
      |> Enum.chunk_while([], &form/2, fn [] -> {:cont, []} end)
      |> Enum.map(fn form -> :erl_parse.parse_form(form) |> elem(1) end)

    {:ok, module, code} = :compile.forms(forms)
    {:module, ^module} = :code.load_binary(module, 'linx_from_erlang.erl', code)
    on_exit(fn -> :code.delete(module) end)
  end

  defp form({:dot, _line} = dot, tokens), do: {:cont, Enum.reverse([dot | tokens]), []}
  defp form(token, tokens), do: {:cont, [token | tokens]}

  test "a session is a session" do
    assert apply(:linx_from_erlang, :exits, [7]) == {:ok, {:exited, 7}}
    assert apply(:linx_from_erlang, :sleeper, []) == {:ok, {:signaled, 15}}
    assert apply(:linx_from_erlang, :wrong, []) =~ "argv: 'sleep 1000' is not a list of strings"
  end
end
