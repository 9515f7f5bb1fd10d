# shellcheck shell=bash
# Components are plain processes in the cluster's network namespace, logged to $STATE/log/<name>.log. What was started
# is recorded in $RUN/pid: a pid alone may be anybody's after a while, so the command line is recorded too and compared.

# configure NAME/FILE TEMPLATE: put a component's configuration into $STATE/etc. A file that is right already is not
# written: some components watch theirs (kube-proxy exits).
configure() {
  local file=$STATE/etc/$1 text
  text=$(render "$CLUSTER_DIR/conf/$2")
  if [[ -f $file && $(<"$file") == "$text" ]]; then return; fi
  mkdir -p "${file%/*}"
  printf '%s\n' "$text" >"$file.new"
  mv "$file.new" "$file"
}

# alive NAME: whether the recorded process is still that process.
alive() {
  local pid argv=()
  [[ -s $RUN/pid/$1 && -s $RUN/pid/$1.argv ]] || return
  pid=$(<"$RUN/pid/$1")
  { mapfile -d '' argv <"/proc/$pid/cmdline"; } 2>/dev/null
  [[ ${argv[*]} == "$(<"$RUN/pid/$1.argv")" ]]
}

# ensure NAME [VAR=VALUE...] -- COMMAND...: leave it alone if it runs as asked (same command, same configuration in
# $STATE/etc/NAME), otherwise start it, stopping what runs otherwise. CHANGED tells whether it was started.
ensure() {
  local name=$1 env=() command stamp
  shift
  while [[ $1 != -- ]]; do env+=("$1") && shift; done
  shift
  command=("$@")
  stamp=$({
    printf '%s\0' "${env[@]}" -- "$@"
    cat "$STATE/etc/$name"/* 2>/dev/null || true
  } | sha256sum)
  CHANGED=false
  if alive "$name"; then
    [[ $(<"$RUN/pid/$name.stamp") == "$stamp" ]] && return
    say "$name is to run differently: stopping it"
    stop "$name"
  fi
  start "$name"
}

# start NAME, with the environment, command and stamp of ensure, its only caller
start() {
  local name=$1 i pid log=$STATE/log/$1.log
  CHANGED=true
  kill_orphan "$name"
  if [[ -f $log ]]; then mv "$log" "$log.1"; fi # so that a log is of one run, and there are two at most
  echo "${command[*]}" >"$RUN/pid/$name.argv"
  # a clean environment: proxies, KUBECONFIG, GODEBUG and the like of the caller are not for these
  env -i PATH="$PATH" HOME="$STATE" "${env[@]}" \
    nsenter --net="$NETNS_FILE" -- setsid -- "${command[@]}" >"$log" 2>&1 </dev/null 8>&- 9>&- &
  pid=$!
  echo "$pid" >"$RUN/pid/$name"
  echo "$stamp" >"$RUN/pid/$name.stamp"
  # until the chain above has become the command; if it has died already, whoever waits for it will say so
  for ((i = 0; i < 500; i++)); do
    if alive "$name" || [[ ! -e /proc/$pid ]]; then return; fi
    sleep 0.01
  done
  fail "$name" "$name could not be started: process $pid is still not ${command[0]}"
}

# One that runs and is not recorded, as an up was killed in between, would keep the ports.
kill_orphan() {
  local proc program
  for proc in /proc/[0-9]*; do
    [[ $proc/ns/net -ef $NETNS_FILE ]] || continue
    { IFS= read -rd '' program <"$proc/cmdline" || continue; } 2>/dev/null
    if [[ $program == */"$1" ]]; then kill -s KILL "${proc#/proc/}" || true; fi
  done
}

# stop NAME [SIGNAL]: end it, and by force after five seconds.
stop() {
  local name=$1 pid i
  if alive "$name"; then
    pid=$(<"$RUN/pid/$name")
    kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
      alive "$name" || break
      sleep 0.05
    done
    if alive "$name"; then
      note "$name did not stop within 5 s; killing it"
      kill -s KILL "$pid" 2>/dev/null || true
    fi
  fi
  rm -f "$RUN/pid/$name" "$RUN/pid/$name".{argv,stamp}
}

# wait_for SECONDS NAME WHAT COMMAND...: until the command succeeds. Give up when the time is over or NAME has died,
# with the end of its log.
wait_for() {
  local seconds=$1 name=$2 what=$3 deadline
  shift 3
  deadline=$((SECONDS + seconds))
  until "$@" >"$RUN/wait.log" 2>&1; do
    alive "$name" || fail "$name" "$name has died while waiting for: $what"
    if ((SECONDS >= deadline)); then
      note "the last answer to: $*"
      tail -n 5 "$RUN/wait.log" >&2
      fail "$name" "gave up after $seconds s waiting for: $what"
    fi
    sleep 0.1
  done
}

fail() {
  local log=$STATE/log/$1.log
  if [[ -f $log ]]; then
    note "the end of $log:"
    tail -n 20 "$log" | cut -c1-400 >&2
  fi
  die "$2"
}

in_netns() { nsenter --net="$NETNS_FILE" -- "$@"; }
# -k: components that make up a certificate for their own status page
http_ok() { in_netns curl -sfk --max-time 2 "$@"; }
