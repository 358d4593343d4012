# shellcheck shell=bash
# Shared by the scripts of this folder; sourced, never run.

say() { printf 'setup: %s\n' "$*"; }

fail() { # fail LINE...: say every line and stop with 2, the code for "this machine is not ready"
    printf 'setup: %s\n' "$@" >&2
    exit 2
}

there() { # there NAME[,NAME...]: is one of these commands or paths (with * in them) found?
    local name
    local -a names
    IFS=, read -ra names <<<"$1"
    for name in "${names[@]}"; do
        case $name in
        /*) compgen -G "$name" >/dev/null && return 0 ;;
        *) command -v "$name" >/dev/null && return 0 ;;
        esac
    done
    return 1
}
