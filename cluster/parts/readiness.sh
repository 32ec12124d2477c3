# shellcheck shell=bash
# Waiting until the cluster does what it should, as seen from outside.

ready_seconds=60
log_lines=15              # of a process that died

# ask URL...: over loopback only, whatever proxy the environment names.
ask() { curl --silent --noproxy '*' --max-time 2 "$@"; }

# await WHAT CONDITION...: asks until the condition holds. Fails as soon as a process of the cluster is dead.
await() {
    local what=$1 began deadline=$((SECONDS + ready_seconds)) second=$SECONDS
    shift
    began=$(date +%s%3N)
    printf '  %s ' "$what"
    until "$@" >/dev/null 2>&1; do
        all_alive
        ((SECONDS < deadline)) || { echo; fail "not after $ready_seconds s; see $STATE/logs and cluster/status"; }
        ((SECONDS == second)) || { printf .; second=$SECONDS; }
        sleep 0.1
    done
    printf '(%s ms)\n' $(($(date +%s%3N) - began))
}

# Fails, with the end of its log, when a process that was started is no more.
all_alive() {
    local member
    for member in $(known '*'); do
        alive "$member" && continue
        { echo; echo "--- the last lines of $STATE/logs/$member.log"; tail -n "$log_lines" "$STATE/logs/$member.log"; echo ---; } >&2
        fail "$member died; cluster/up starts it again, cluster/down ends the others"
    done
}

redis_answers() { [[ $(redis-cli -p "$HALLEY_REDIS_PORT" PING) == PONG ]]; }

coordinator_ready() { ask --fail "$HALLEY_ADMIN_URL/health/ready"; }

# "s17 worker-1" for each shard, sorted: as the leader has it, and as the router does it. A request for no channel is
# refused, and the refusal says by which worker.
mapped() {
    ask --fail "$HALLEY_ADMIN_URL/shards" | grep -o '"s[0-9]*":"[^"]*"' | tr -d '"' | tr : ' ' | sort
}
routed() {
    ask --output /dev/null --write-out '%{url} %header{halley-worker}\n' \
        "http://s[0-$((SHARDS - 1))].$DOMAIN:$HALLEY_PORT/events" | sed 's|^http://\([^.]*\)[^ ]*|\1|' | sort
}

# Every shard has an owner, every wanted worker its share (to within one), and nobody else any.
balanced() {
    mapped | awk -v workers="$(worker_names "$HALLEY_WORKERS" | tr '\n' ' ')" -v shards="$SHARDS" '
        { owned[$2]++ }
        END {
            wanted = split(workers, ids, " ")
            least = int(shards / wanted)
            for (i in ids) {
                if (owned[ids[i]] < least || owned[ids[i]] > least + 1) exit 1
                sum += owned[ids[i]]
            }
            exit !(sum == shards && NR == shards)
        }'
}

followed() { local map; map=$(mapped) && [[ -n $map && $(routed) == "$map" ]]; }

await_ready() {
    await 'the coordinator is ready' coordinator_ready
    await "$SHARDS shards are shared out evenly among $HALLEY_WORKERS workers" balanced
    await 'the router follows' followed
}
