# shellcheck shell=bash
# What hack/cluster/test is written with. A check that fails ends the test.

: "${here:?is set by the script that reads this}"
out=$(mktemp)

step() { note "== $*"; }

check() { # WHAT COMMAND...
  local what=$1
  shift
  if "$@" >"$out.check" 2>&1; then
    note "  ok: $what"
  else
    note "  FAILED: $what: $*"
    tail -n 20 "$out.check" >&2
    exit 1
  fi
}

eventually() { # SECONDS WHAT COMMAND...
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1 || ((SECONDS >= deadline)); do sleep 0.2; done
  check "$what" "$@"
}

timed() { # WHAT SECONDS COMMAND...: its stdout is in $out afterwards
  local what=$1 limit=$2 start=${EPOCHREALTIME/./} took
  shift 2
  timeout --foreground "$limit" "$@" >"$out" || die "$what failed, or took longer than $limit s"
  took=$(((${EPOCHREALTIME/./} - start) / 100000))
  note "  $what took $((took / 10)).$((took % 10)) s"
}

query() { # an expression that has a result only if all is well
  curl -sf --max-time 5 -G "http://$NODE_IP:9090/api/v1/query" --data-urlencode "query=$1" | jq -e '.data.result | length > 0'
}

pid_of() { cat "$RUN/pid/$1"; }
running() { [[ $(tr '\0' ' ' <"/proc/$(pid_of "$1")/cmdline") == */"$1 "* ]]; }
recorded_pids() { (cd "$RUN/pid" && grep -rH --exclude='*.*' . | sort); }

# All on the machine that bears this cluster's name. Written apart from what down itself checks with.
things() {
  local pid
  ip netns list | awk -v n="$NETNS" '$1 == n { print "netns", $1 }'
  ip -o link | grep -o "$VETH" || true
  find /sys/fs/cgroup -maxdepth 2 -name "$CGROUP"
  grep -oE " ($STATE|$RUN)/[^ ]*" /proc/mounts || true
  for pid in /proc/[0-9]*; do
    # anything with the API server's address or our directories in its arguments or environment, but this test
    if { tr '\0' '\n' <"$pid/cmdline" | grep -qE "^--?[a-z.-]+[ =]?($STATE|$RUN)/|^($STATE|$RUN)/|$NODE_IP"; } 2>/dev/null; then
      echo "process ${pid#/proc/}: $(tr '\0' ' ' <"$pid/cmdline" | cut -c1-120)"
    fi
  done
  ls -d "$RUN" 2>/dev/null || true
}

cleanup() {
  local rc=$?
  rm -f "$out" "$out.check"
  if [[ -n ${bystander:-} ]]; then kill "$bystander" 2>/dev/null || true; fi
  if ((rc != 0)); then
    note "the test failed; the logs are in $STATE.failed-logs"
    rm -rf "$STATE.failed-logs"
    cp -r "$STATE/log" "$STATE.failed-logs" 2>/dev/null || true
    "$here/down" --purge || true
    SERIN_CLUSTER=${other:-$ID} SERIN_STATE=$STATE${other:+.other} "$here/down" --purge 2>/dev/null || true
  fi
}
