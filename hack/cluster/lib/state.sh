# shellcheck shell=bash
# Who may work on a cluster's state, and what of it survived.

# Only one up or down of a cluster at a time. The lock goes with the process, however that ends.
lock_cluster() {
  mkdir -p /run/lock
  exec 9>"/run/lock/serin-$ID.lock"
  flock -n 9 || { note "cluster $ID is being worked on by another process; waiting for it" && flock -w 900 9; } ||
    die "cluster $ID was still locked after 15 minutes (/run/lock/serin-$ID.lock)"
}

prepare_state() {
  local boot
  boot=$(</proc/sys/kernel/random/boot_id)
  # After a reboot nothing of RUN is true any more. (/run is not on every machine emptied by it.)
  if [[ -d $RUN && $(cat "$RUN/boot" 2>/dev/null) != "$boot" ]]; then rm -rf "$RUN"; fi
  mkdir -p "$RUN/pid" "$STATE"/{etc,log,etcd,containerd,kubelet,podlogs,prometheus}
  echo "$boot" >"$RUN/boot"

  if [[ -f $RUN/state && $(<"$RUN/state") != "$STATE" ]]; then
    die "cluster $ID runs with its state in $(<"$RUN/state"), not $STATE: set SERIN_STATE, or another SERIN_CLUSTER"
  fi
  echo "$STATE" >"$RUN/state"
  # addresses are in certificates and data
  if [[ -f $STATE/id && $(<"$STATE/id") != "$ID" ]]; then die "$STATE is of cluster $(<"$STATE/id"), not of $ID"; fi
  echo "$ID" >"$STATE/id"
}
