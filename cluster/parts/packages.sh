# shellcheck shell=bash
# Debian packages that are missing here. The services that come with them (a Redis, an HAProxy) are not started.

# need PACKAGE TEST...: notes the package unless the test holds.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

has()      { command -v "$1"; }
has_file() { compgen -G "$1"; }

need_swift() { has swift >/dev/null || fail 'Swift 6 is missing: https://www.swift.org/install/'; }

# What a cluster needs, and what a machine with nothing but a Swift toolchain lacks for building.
cluster_packages() {
    missing=()
    need redis-server has redis-server
    need redis-tools has redis-cli
    need haproxy has haproxy
    need curl has curl
    [[ -n ${HALLEY_BIN:-} ]] || build_packages
    install_missing
}

build_packages() {
    need libhiredis-dev has_file '/usr/include/hiredis/hiredis.h'
    need git has git
    need ca-certificates has_file '/etc/ssl/certs/ca-certificates.crt'
    need binutils has ld
    need pkg-config has pkg-config
    need libc6-dev has_file '/usr/include/stdio.h'
    need libgcc-12-dev has_file '/usr/lib/gcc/*/*/crtbegin.o'
    need libstdc++-12-dev has_file '/usr/include/c++/*/vector'
}

test_packages() {
    missing=()
    build_packages
    need redis-server has redis-server
    need redis-tools has redis-cli
    need haproxy has haproxy
    need curl has curl
    need openssl has openssl
    need shellcheck has shellcheck
    need chromium has chromium
    need esbuild has esbuild
    need python3-venv python3 -c 'import ensurepip, venv'
    install_missing
}

client_packages() {
    missing=()
    need esbuild has esbuild
    install_missing
}

install_missing() {
    ((${#missing[@]})) || return 0
    has apt-get >/dev/null || fail "missing: ${missing[*]} (Debian's names); install them, then run this again"
    if ((EUID)); then
        has sudo >/dev/null || fail "missing: ${missing[*]}; as root: apt-get install ${missing[*]}"
        say "Installing ${missing[*]} (by sudo)"
    else
        say "Installing ${missing[*]}"
    fi
    quietly_installed || fail "apt-get could not install: ${missing[*]}"
}

as_root() { if ((EUID)); then sudo "$@"; else "$@"; fi; }

# Debian asks /usr/sbin/policy-rc.d before it starts a new package's service; 101 forbids it.
quietly_installed() (
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' | as_root sh -c "umask 022; cat >$policy; chmod 755 $policy"
        trap 'as_root rm -f $policy' EXIT
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq -o DPkg::Lock::Timeout=300 || true   # an old list may do
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null   # its errors go elsewhere
)
