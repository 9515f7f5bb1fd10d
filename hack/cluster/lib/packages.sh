# shellcheck shell=bash
# What must be on the machine besides Go: small tools, as Debian packages. Nothing is installed that is there.

# command=package (iptables is what the network plugin for host ports calls)
NEEDED=(
  runc=runc nft=nftables iptables=iptables ip=iproute2 jq=jq openssl=openssl curl=curl
  nsenter=util-linux setsid=util-linux flock=util-linux findmnt=util-linux
)
CNI_DIRS=(/usr/lib/cni /opt/cni/bin /usr/libexec/cni)

find_cni() {
  for CNI_BIN in "${CNI_DIRS[@]}"; do [[ -x $CNI_BIN/ptp && -x $CNI_BIN/host-local && -x $CNI_BIN/portmap ]] && return; done
  return 1
}

missing_packages() {
  local need missing=()
  for need in "${NEEDED[@]}"; do command -v "${need%=*}" >/dev/null || missing+=("${need#*=}"); done
  find_cni || missing+=(containernetworking-plugins)
  ((${#missing[@]})) && printf '%s\n' "${missing[@]}" | sort -u | paste -sd' '
}

ensure_packages() {
  local missing log=$CACHE/log/apt.log
  PATH=$PATH:/usr/sbin:/sbin # where Debian keeps half of these
  if missing=$(missing_packages); then
    command -v apt-get >/dev/null || die "these are missing, by their names in Debian: $missing (and only apt-get is known here)"
    [[ $EUID == 0 ]] || die "these packages are missing: install them with: apt-get install --no-install-recommends $missing"
    say "installing Debian packages: $missing"
    mkdir -p "$CACHE/log"
    # shellcheck disable=SC2086 # one word per package
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 ||
      { tail -n 20 "$log" >&2 && die "installing $missing failed; the whole of it is in $log"; }
    if missing=$(missing_packages); then die "still missing after installing: $missing"; fi
  fi
  find_cni
}
