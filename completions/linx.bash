# bash completion for linx, made by 'linx completions bash'

_linx_options() {
    case $1 in
    run) echo '--all --user --mount --pid --net --uts --ipc --cgroup --time --join --uid-map --gid-map --map-root --no-map --monotonic-offset --boottime-offset --hostname --domainname --no-loopback --no-proc --mount-fs --uid --gid --groups --no-new-privs --env --unset --clear-env --cwd --umask --arg0 --rlimit --nice --stdin --stdout --stderr --append --fd --at-checkpoint --checkpoint-timeout --timeout --kill-grace --session --init --parent-death-signal --help' ;;
    enter) echo '--all --user --mount --pid --net --uts --ipc --cgroup --time --no-cgroup --uid --gid --groups --no-new-privs --env --unset --clear-env --cwd --umask --arg0 --rlimit --nice --stdin --stdout --stderr --append --fd --at-checkpoint --checkpoint-timeout --timeout --kill-grace --session --init --parent-death-signal --help' ;;
    plan) echo '--all --user --mount --pid --net --uts --ipc --cgroup --time --join --uid-map --gid-map --map-root --no-map --monotonic-offset --boottime-offset --hostname --domainname --no-loopback --no-proc --mount-fs --no-cgroup --uid --gid --groups --no-new-privs --env --unset --clear-env --cwd --umask --arg0 --rlimit --nice --stdin --stdout --stderr --append --fd --at-checkpoint --checkpoint-timeout --timeout --kill-grace --session --init --parent-death-signal --enter --json --help' ;;
    init) echo '' ;;
    inspect) echo '--json --help' ;;
    doctor) echo '--json --help' ;;
    completions) echo '--help' ;;
    help) echo '--help' ;;
    esac
}

# Which pids are there.
_linx_pids() {
    local directory
    for directory in /proc/[0-9]*; do
        printf '%s\n' "${directory#/proc/}"
    done
}

_linx_value() {
    local current=$2
    case $1 in
    --stdin|--stdout|--stderr) COMPREPLY=($(compgen -f -- "$current")) ;;
    --cwd) COMPREPLY=($(compgen -d -- "$current")) ;;
    --at-checkpoint) COMPREPLY=($(compgen -c -- "$current")) ;;
    --parent-death-signal) COMPREPLY=($(compgen -W 'none HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF IO WINCH PWR SYS' -- "$current")) ;;
    --enter) COMPREPLY=($(compgen -W "$(_linx_pids)" -- "$current")) ;;
    --join)
        compopt -o nospace 2>/dev/null
        COMPREPLY=($(compgen -W 'user= mount= pid= net= uts= ipc= cgroup= time=' -- "$current"))
        ;;
    --rlimit)
        compopt -o nospace 2>/dev/null
        COMPREPLY=($(compgen -W 'as= core= cpu= data= fsize= locks= memlock= msgqueue= nice= nofile= nproc= rss= rtprio= rttime= sigpending= stack=' -- "$current"))
        ;;
    esac
}

# Completes the workload's own words, as if they stood alone.
_linx_workload() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"))
    else
        COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
    fi
}

_linx() {
    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} at=2 pids=0
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W 'run enter plan init inspect doctor completions help --help --version' -- "$current"))
        return
    fi
    case $command in
    enter | inspect) pids=1 ;;
    completions | help)
        local words='run enter plan init inspect doctor completions help'
        [[ $command == help ]] || words='bash zsh'
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        return
        ;;
    esac
    while ((at < COMP_CWORD)); do
        case ${COMP_WORDS[at]} in
        --)
            _linx_workload $((at + 1))
            return
            ;;
        --join|--uid-map|--gid-map|--monotonic-offset|--boottime-offset|--hostname|--domainname|--mount-fs|--uid|--gid|--groups|--env|--unset|--cwd|--umask|--arg0|--rlimit|--nice|--stdin|--stdout|--stderr|--fd|--at-checkpoint|--checkpoint-timeout|--timeout|--kill-grace|--parent-death-signal|--enter)
            if ((at + 1 == COMP_CWORD)); then
                _linx_value "${COMP_WORDS[at]}" "$current"
                return
            fi
            ((at += 2))
            ;;
        -*) ((at += 1)) ;;
        *)
            if ((pids == 0)); then
                _linx_workload "$at"
                return
            fi
            ((pids -= 1, at += 1))
            ;;
        esac
    done
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$(_linx_options "$command")" -- "$current"))
    elif ((pids > 0)); then
        COMPREPLY=($(compgen -W "$(_linx_pids)" -- "$current"))
    elif [[ $command == run || $command == enter || $command == plan || $command == init ]]; then
        _linx_workload "$COMP_CWORD"
    fi
}

complete -F _linx linx
