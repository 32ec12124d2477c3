# shellcheck shell=bash
# All that the commands under cluster/ are made of.

export LC_ALL=C.UTF-8
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin   # where HAProxy is, and where a user's shell doesn't look
umask 077

source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
source "$(dirname "${BASH_SOURCE[0]}")/packages.sh"
source "$(dirname "${BASH_SOURCE[0]}")/processes.sh"
source "$(dirname "${BASH_SOURCE[0]}")/members.sh"
source "$(dirname "${BASH_SOURCE[0]}")/readiness.sh"

say()   { printf '%s\n' "$*"; }
fail()  { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
usage() { printf '%s\n' "$*" >&2; exit 64; }
