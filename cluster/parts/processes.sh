# shellcheck shell=bash
# Starting, recognising and ending background processes by name.
#
#   pids/NAME    its process id
#   births/NAME  what tells it from a later process that got the same id: only that one is ever signalled
#   logs/NAME.log, and NAME.log.1 of the run before

stop_seconds=15           # a worker takes up to 8 s to take leave of its clients
most_files=1048576        # some machines allow a thousand million; programs that size a table by it would use it all

# birth PID: boot and start time of a running process; fails when it is gone or a zombie. Where the first of several
# threads is one already, the others still hold the process' ports.
birth() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
    read -r -a fields <<<"${stat##*) }"   # past the command's name, which may hold anything: from field 3, the state
    [[ ${fields[0]} != [ZX] ]] || ((fields[17] > 1)) || return
    printf '%s %s\n' "$(cat /proc/sys/kernel/random/boot_id)" "${fields[19]}"
}

# pid_of NAME: its process id, while it is the process that was started here.
pid_of() {
    local pid born
    [[ -e $STATE/pids/$1 && -e $STATE/births/$1 ]] || return
    pid=$(cat "$STATE/pids/$1") && born=$(birth "$pid") || return
    [[ $born == "$(cat "$STATE/births/$1")" ]] && printf '%s\n' "$pid"
}

alive() { pid_of "$1" >/dev/null; }

# Names that have a pid file, in order of number: worker-2 before worker-10.
known() {
    [[ ! -d $STATE/pids ]] || find "$STATE/pids" -type f -name "$1" -printf '%f\n' | sort -V
}

# launch NAME COMMAND...: in the background, in a session of its own, with nothing inherited that could hold up the caller.
launch() {
    local name=$1 log=$STATE/logs/$1.log pid
    shift
    mkdir -p "$STATE"/{pids,births,logs}
    [[ ! -e $log ]] || mv -f "$log" "$log.1"
    (
        raise_file_limit
        close_inherited
        exec setsid "$@"
    ) </dev/null >"$log" 2>&1 &
    pid=$!
    disown "$pid"
    { birth "$pid" || printf 'gone\n'; } >"$STATE/births/$name"
    printf '%s\n' "$pid" >"$STATE/pids/$name"
}

raise_file_limit() { ulimit -n "$(file_limit)"; }

file_limit() {
    local hard
    hard=$(ulimit -Hn)
    if [[ $hard == unlimited ]] || ((hard > most_files)); then hard=$most_files; fi
    printf '%s\n' "$hard"
}

# A pipe of the caller's that lives on in a background process never ends for whoever reads it.
close_inherited() {
    local descriptor
    for descriptor in "/proc/$BASHPID/fd/"*; do
        descriptor=${descriptor##*/}
        ((descriptor < 3 || descriptor == 255)) || eval "exec $descriptor>&-"   # 255 is bash's own, closed by exec
    done
}

# stop NAME...: asks all at once, waits, and kills what will not go.
stop() {
    local name pid deadline=$((SECONDS + stop_seconds))
    for name in "$@"; do
        pid=$(pid_of "$name") || continue
        say "  stopping $name"
        kill -TERM "$pid" 2>/dev/null || true
    done
    for name in "$@"; do
        while alive "$name"; do
            ((SECONDS < deadline)) || { strike "$name" && say "  $name would not go: killed"; } || true
            sleep 0.1
        done
        forget "$name"
    done
}

# strike NAME: SIGKILL.
strike() {
    local pid
    pid=$(pid_of "$1") && kill -KILL "$pid"
}

forget() { rm -f "$STATE/pids/$1" "$STATE/births/$1"; }
