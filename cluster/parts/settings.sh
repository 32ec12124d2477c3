# shellcheck shell=bash
# Where one cluster on this machine lives: its folders, ports and addresses.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STATE=${HALLEY_STATE:-$ROOT/cluster/.state}
[[ $STATE == /* ]] || STATE=$PWD/$STATE

DOMAIN=push.localhost     # browsers and curl take every name under .localhost to loopback by themselves
# shellcheck disable=SC2034
NAME=halley               # prefix of everything in Redis; each cluster here has a Redis of its own
SHARDS=64                 # fixed by Halley

most_workers=$SHARDS      # a worker beyond that would own nothing
longest_socket_path=90    # bytes. Linux takes 107; HAProxy first binds PATH.PID.tmp

is_count() { [[ $1 =~ ^[1-9][0-9]{0,4}$ ]]; }

check_workers() {
    if ! is_count "$1" || (($1 > most_workers)); then usage "workers: expected 1 to $most_workers, got '$1'"; fi
}

check_certificate() {
    [[ -r $1 ]] || usage "certificate: expected a PEM file that can be read, got '$1'"
    grep -q 'PRIVATE KEY-----$' "$1" || usage "certificate: expected the private key in $1 as well"
}

check_port() {
    if ! is_count "$1" || (($1 > 65535)); then usage "port: expected 1 to 65535, got '$1'"; fi
}

# The executable: HALLEY_BIN names one that is built already, else this package's release build.
executable() { printf '%s\n' "${HALLEY_BIN:-$ROOT/.build/release/halley}"; }

# Says whether something listens on that port of loopback.
port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port FIRST STEP: the first port, counting from FIRST by STEP, that nobody listens on.
free_port() {
    local port
    for ((port = $1; port < 65536; port += $2)); do
        port_answers "$port" || { printf '%s\n' "$port"; return; }
    done
    fail "no free port from $1 on"
}

# Inner ports lie far from the public one, so that clusters on neighbouring public ports do not meet.
inner_ports() { printf '%s\n' $(($1 < 50000 ? $1 + 10000 : $1 - 10000)); }

# A folder for HAProxy's runtime socket: the state folder, or a short one when that is too deep for a socket's path.
socket_folder() {
    local path=$STATE/haproxy.sock
    if ((${#path} <= longest_socket_path)); then printf '%s\n' "$STATE"
    else mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/halley.XXXXXX"; fi
}

# choose_settings PORT WORKERS [CERTIFICATE]: takes free inner ports for a cluster that starts, and keeps all in the state
# folder. With a certificate browsers know the cluster by https, on a port of its own.
choose_settings() {
    local redis coordinator admin sockets url=http://$DOMAIN:$1 tls=''
    if [[ -n ${3:-} ]]; then
        tls=$(free_port 8443 1)
        url=https://$DOMAIN:$tls
    fi
    redis=$(free_port "$(inner_ports "$1")" 1)
    coordinator=$(free_port $((redis + 1)) 1)
    admin=$(free_port $((coordinator + 1)) 1)
    mkdir -p "$STATE"
    sockets=$(socket_folder)
    keep_settings <<END
# Written by cluster/up: the cluster whose state lies here, for scripts to source.
export HALLEY_PORT=$1
export HALLEY_URL=$url
export HALLEY_ADMIN_URL=http://127.0.0.1:$admin
export HALLEY_REDIS_PORT=$redis
export HALLEY_REDIS=redis://127.0.0.1:$redis
export HALLEY_RUNTIME=$(printf %q "$sockets/haproxy.sock")
HALLEY_COORDINATOR_PORT=$coordinator
HALLEY_ADMIN_PORT=$admin
HALLEY_WORKERS=$2
HALLEY_CERTIFICATE=$(printf %q "${3:-}")
HALLEY_TLS_PORT=$tls
END
}

# keep_workers N: how many workers the cluster is meant to have from now on.
keep_workers() { sed "s/^HALLEY_WORKERS=.*/HALLEY_WORKERS=$1/" "$STATE/env" | keep_settings; }

# Whole or not at all: another command may be reading.
keep_settings() {
    cat >"$STATE/env.$$"
    mv "$STATE/env.$$" "$STATE/env"
}

# Reads the settings of this state folder's cluster; fails when there never was one.
read_settings() {
    [[ -e $STATE/env ]] || fail "no cluster in $STATE: cluster/up starts one (HALLEY_STATE names another folder)"
    # shellcheck source=/dev/null
    source "$STATE/env"
}
