# shellcheck shell=bash
# Settings and narration shared by every script. Everything said goes to stderr: stdout is kept for results
# (a path, a kubeconfig), so that callers can write x=$(hack/cluster/up).

CLUSTER_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${SERIN_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME, XDG_CACHE_HOME or SERIN_CACHE must be set}/.cache}/serin}

# One digit names a cluster; every name, address and path below follows from it, so ten can live side by side.
ID=${SERIN_CLUSTER:-0}
if [[ ! $ID =~ ^[0-9]$ ]]; then
  printf "error: SERIN_CLUSTER must be one digit, not '%s'\n" "$ID" >&2
  exit 1
fi
STATE=${SERIN_STATE:-$CACHE/clusters/$ID} # data that outlives a reboot: etcd, images, certificates, logs
RUN=/run/serin/$ID                        # what must not: pids, sockets, mounts (short, as socket paths are limited)
NETNS=serin$ID
NETNS_FILE=/run/netns/$NETNS
VETH=serin$ID-h           # our end of the pair; the cluster's end is eth0
HOST_IP=10.250.$ID.1      # this machine as the cluster sees it
NODE_IP=10.250.$ID.2      # the cluster as this machine sees it
POD_CIDR=10.244.$ID.0/24
SERVICE_CIDR=10.$((96 + ID)).0.0/16
API_SERVICE_IP=10.$((96 + ID)).0.1
DNS_IP=10.$((96 + ID)).0.10
NODE_NAME=serin-$ID
CGROUP=serin$ID
KUBECONFIG_ADMIN=$STATE/kubeconfig
CONTAINERD_SOCKET=$RUN/containerd.sock
PAUSE_IMAGE=serin.local/pause:1

STARTED=${EPOCHREALTIME/./}
elapsed() { local us=$((${EPOCHREALTIME/./} - STARTED)); printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10)); }
say() { printf '[%6ss] %s\n' "$(elapsed)" "$*" >&2; }
note() { printf '%s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# An error inside $(...) is one too, and no script ends without a word.
shopt -s inherit_errexit
set -E
trap 'note "${BASH_SOURCE[0]##*/}: line $LINENO failed: $BASH_COMMAND"' ERR

# strictly FILE FUNCTION...: run a function of lib/FILE.sh in a shell of its own, which stops at the first command that
# fails. In this one, a function called in a condition would go on (set -e is off there).
strictly() {
  # shellcheck disable=SC2016 # to be expanded over there
  bash -euo pipefail -c '. "$0/lib/common.sh" && . "$0/lib/$1.sh" && shift && "$@"' "$CLUSTER_DIR" "$@"
}

# render TEMPLATE: print a file with every @NAME@ replaced by the variable of that name. An unknown name stops the
# script (set -u) rather than leaving a hole in a configuration.
render() {
  local text
  text=$(<"$1")
  while [[ $text =~ @([A-Z_]+)@ ]]; do
    text=${text//"${BASH_REMATCH[0]}"/"${!BASH_REMATCH[1]}"}
  done
  printf '%s\n' "$text"
}

need_linux_root() {
  [[ $(uname -s) == Linux ]] || die "a cluster needs Linux (namespaces, cgroups); this is $(uname -s)"
  [[ $EUID == 0 ]] || die "a cluster needs root (network namespaces, mounts, cgroups); try: sudo -E $0"
}

check_settings() {
  [[ $STATE == /* ]] || die "SERIN_STATE must be an absolute path, not '$STATE'"
  # kubelet puts unix sockets below its directory, and those may not be longer than 107 characters
  ((${#STATE} <= 64)) || die "the state directory's path is too long for unix sockets (at most 64 characters): $STATE"
}
