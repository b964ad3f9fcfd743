/// The shell code around the completions: marks in @ signs are filled in from the tables.
#pragma once

#include <string_view>

namespace linx::cli {

constexpr std::string_view bash_frame = R"bash(# bash completion for linx, made by 'linx completions bash'

_linx_options() {
    case $1 in
@OPTIONS@    esac
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
    @FILES@) COMPREPLY=($(compgen -f -- "$current")) ;;
    @DIRECTORIES@) COMPREPLY=($(compgen -d -- "$current")) ;;
    @COMMANDS@) COMPREPLY=($(compgen -c -- "$current")) ;;
    @SIGNALS@) COMPREPLY=($(compgen -W 'none @SIGNAL_NAMES@' -- "$current")) ;;
    @PIDS@) COMPREPLY=($(compgen -W "$(_linx_pids)" -- "$current")) ;;
    @JOINS@)
        compopt -o nospace 2>/dev/null
        COMPREPLY=($(compgen -W '@NAMESPACES@' -- "$current"))
        ;;
    @RLIMITS@)
        compopt -o nospace 2>/dev/null
        COMPREPLY=($(compgen -W '@RLIMIT_NAMES@' -- "$current"))
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
        COMPREPLY=($(compgen -W '@NAMES@ --help --version' -- "$current"))
        return
    fi
    case $command in
    enter | inspect) pids=1 ;;
    completions | help)
        local words='@NAMES@'
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
        @VALUED@)
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
)bash";

constexpr std::string_view zsh_frame = R"zsh(#compdef linx
# zsh completion for linx, made by 'linx completions zsh'

_linx_join() {
    _values -S = 'namespace' @JOIN_VALUES@
}

_linx_rlimit() {
    _values -S = 'resource limit' @RLIMIT_VALUES@
}

_linx() {
    local -a commands
    commands=(
@SUMMARIES@    )
    if ((CURRENT == 2)); then
        _describe -t commands 'command' commands
        return
    fi
    shift words
    ((CURRENT--))
    case $words[1] in
@ARGUMENTS@    completions) _values 'shell' bash zsh ;;
    help) _describe -t commands 'command' commands ;;
    esac
}

_linx "$@"
)zsh";

}  // namespace linx::cli
