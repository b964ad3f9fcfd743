#!/usr/bin/env escript
%% From Erlang: a process parked at its checkpoint, looked at from the host, and let go; then a failure.
%%
%% linx is an application like any other; Elixir's is needed beside it. In the repository:
%%
%%   (cd elixir && MIX_ENV=prod mix compile)
%%   ERL_LIBS=elixir/_build/prod/lib:/usr/lib/elixir/lib escript examples/erlang/checkpoint.escript

-define(linx, 'Elixir.Linx.Process').

main([]) ->
    {ok, _} = application:ensure_all_started(linx),
    checkpoint(),
    failure().

%% Charlists are taken wherever strings are, and options may be a proplist or a map.
checkpoint() ->
    {ok, P} = ?linx:spawn([{argv, ["sh", "-c", "test $(hostname) = pond && exit 7"]},
                           {namespaces, [user, pid, net, uts]},
                           {map_root, true},
                           {hostname, "pond"},
                           {tag, pond}]),
    {ok, HostPid} = ?linx:await_ready(P, 5000),
    {ok, UidMap} = file:read_file(io_lib:format("/proc/~b/uid_map", [HostPid])),
    io:format("parked as pid ~b, uid map ~p~n", [HostPid, string:lexemes(string:trim(UidMap), " ")]),
    ok = ?linx:proceed(P),
    io:format("events: ~p~n", [events(pond)]),
    io:format("result: ~p~n", [?linx:wait(P)]).

events(Tag) ->
    receive
        {linx_process, Tag, {ready, _HostPid}} -> [ready | events(Tag)];
        {linx_process, Tag, running} -> [running | events(Tag)];
        {linx_process, Tag, Last} -> [Last]
    after 10000 -> exit(no_event)
    end.

%% Errors are maps too: which step, which error number, on what.
failure() ->
    {ok, P} = ?linx:spawn(#{argv => ["/no/such/program"], auto_proceed => true}),
    {error, #{stage := Stage, code := Code} = Error} = ?linx:wait(P),
    io:format("failed: ~p ~p, that is: ~ts~n", [Stage, Code, 'Elixir.Exception':message(Error)]).
