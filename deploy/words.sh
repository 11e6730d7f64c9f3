# How the install scripts of every system speak, and do or only print. It is sourced, not run; macOS reads it with bash 3.2.
# shellcheck shell=bash

DRY="" # print what would be done

say() { printf '%s\n' "$*"; }

# stop CODE WORDS: say why on standard error, and end.
stop() {
    local code=$1
    shift
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "$code"
}

# run WORDS: do it, or print it with --dry-run.
run() {
    if [[ $DRY ]]; then
        printf 'would run:'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

# nothing_done: the last word of --dry-run.
nothing_done() {
    say ""
    say "This was --dry-run: nothing was changed."
}
