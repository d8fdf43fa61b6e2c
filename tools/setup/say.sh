# What the set-up tells: one line a step, and at a dead end what to do, in Chinese and English.

say() {
    printf 'set-up: %s\n' "$*"
}

# stop ZH EN [COMMAND]: say what is wrong and the one command that mends it; end the run.
stop() {
    printf '\n设置未完成：%s\nSet-up stopped: %s\n' "$1" "$2" >&2
    [ -z "${3:-}" ] || printf '\n    %s\n\n' "$3" >&2
    exit 1
}

# step TITLE COMMAND...: run it quietly and say how long it took; show the end of its output if it fails.
step() {
    title=$1
    began=$(date +%s)
    shift
    printf 'set-up: %s ... ' "$title"
    # 9 is the set-up's lock: nothing started here, a package's daemon least of all, may hold it on.
    if "$@" >"$log" 2>&1 9<&-; then
        printf '%s s\n' "$(($(date +%s) - began))"
    else
        printf 'failed\n'
        tail -n 25 "$log" >&2
        return 1
    fi
}
