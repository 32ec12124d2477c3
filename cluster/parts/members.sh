# shellcheck shell=bash
# What a cluster consists of, and the command line of each: redis, coordinator-1, worker-1 … worker-N, haproxy.

worker_names() {
    local number
    for ((number = 1; number <= $1; number++)); do printf 'worker-%s\n' "$number"; done
}

# members: every process the cluster is meant to have, in the order of starting.
members() { printf '%s\n' redis coordinator-1; worker_names "$HALLEY_WORKERS"; printf '%s\n' haproxy; }

# start NAME: unless it runs already.
start() {
    ! alive "$1" || return 0
    say "  starting $1"
    case $1 in
        redis)         start_redis ;;
        coordinator-1) start_coordinator "$1" ;;
        worker-*)      start_worker "$1" ;;
        haproxy)       start_haproxy ;;
    esac
}

# Appends every write to a file, so that Redis' own restart loses nothing. Never evicts: what it evicts would be shards.
# HALLEY_REDIS_OPTIONS, words for redis-server, has the last say.
start_redis() {
    local options
    read -r -a options <<<"${HALLEY_REDIS_OPTIONS:-}"
    need_port redis "$HALLEY_REDIS_PORT"
    mkdir -p "$STATE/redis"
    launch redis redis-server --bind 127.0.0.1 --port "$HALLEY_REDIS_PORT" --dir "$STATE/redis" \
        --save '' --appendonly yes --maxmemory-policy noeviction --daemonize no "${options[@]}"
}

start_coordinator() {
    need_port "$1" "$HALLEY_COORDINATOR_PORT"
    need_port "$1" "$HALLEY_ADMIN_PORT"
    launch "$1" "$(executable)" coordinator --id "$1" \
        --listen "127.0.0.1:$HALLEY_COORDINATOR_PORT" --admin "127.0.0.1:$HALLEY_ADMIN_PORT" --open \
        --public-url "$HALLEY_URL" --redis "$HALLEY_REDIS" --name "$NAME" --router "unix://$HALLEY_RUNTIME"
}

# A worker may listen anywhere: it tells the cluster where. The step keeps a crowded port out of the next worker's way.
# HALLEY_WORKER_REDIS: another way to the same Redis.
start_worker() {
    local port
    port=$(free_port $(($(inner_ports "$HALLEY_PORT") + 100 + ${1#worker-})) 100)
    launch "$1" "$(executable)" worker --id "$1" --listen "127.0.0.1:$port" \
        --public-url "$HALLEY_URL" --open --redis "${HALLEY_WORKER_REDIS:-$HALLEY_REDIS}" --name "$NAME"
}

# In the foreground as one process (-db): the pid file names the proxy itself, and ending that ends the proxy.
start_haproxy() {
    local connections=$((($(file_limit) - 200) / 2))   # both sides of each; what is left goes to listeners and checks
    ((connections < 9900)) || connections=9900
    need_port haproxy "$HALLEY_PORT"
    mkdir -p "${HALLEY_RUNTIME%/*}"
    if [[ -n ${HALLEY_CERTIFICATE:-} ]]; then
        need_port haproxy "$HALLEY_TLS_PORT"
        export HALLEY_CERTIFICATE HALLEY_BIND_TLS=127.0.0.1:$HALLEY_TLS_PORT
    else
        unset HALLEY_CERTIFICATE    # empty it would count as one
    fi
    # Here every client has the same address or nearly: one may take nearly all, and the page still loads.
    HALLEY_MAX_PER_ADDRESS=${HALLEY_MAX_PER_ADDRESS:-$((connections * 95 / 100))} \
        HALLEY_MAXCONN=${HALLEY_MAXCONN:-$connections} HALLEY_RUNTIME=unix@$HALLEY_RUNTIME \
        HALLEY_BIND=127.0.0.1:$HALLEY_PORT HALLEY_DOMAIN=$DOMAIN HALLEY_COORDINATOR=127.0.0.1:$HALLEY_COORDINATOR_PORT \
        launch haproxy haproxy -db -f "$ROOT/docker/haproxy/haproxy.cfg"
}

need_port() {
    ! port_answers "$2" || fail "$1: port $2 is taken by another program; end that, or: cluster/down, cluster/up"
}

# has_workers N: starts those of the first N that do not run, ends those beyond.
has_workers() {
    local worker
    keep_workers "$1"
    HALLEY_WORKERS=$1
    for worker in $(worker_names "$1"); do start "$worker"; done
    mapfile -t surplus < <(known 'worker-*' | awk -F- -v most="$1" '$2 > most')
    stop "${surplus[@]}"
}
