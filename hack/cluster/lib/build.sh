# shellcheck shell=bash
# Builds parts into $CACHE/bin/<part>-<key>, at most once each. A part's directory appears by one rename, when it is
# complete; whatever an interrupted build leaves behind has another name and is removed by the next build.
# shellcheck source=parts.sh
. "$CLUSTER_DIR/lib/parts.sh"

# The caller's Go settings must not change what is built (nor a go.work above us).
export CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath -mod=readonly" GOWORK=off

# -v names each package as it compiles, which is what the progress counts (downloads are lines with spaces).
gobuild() { (cd "$(part_module "$1")" && shift && exec go build -v "$@"); }

need_go() {
  command -v go >/dev/null || die "Go is not installed (or not on PATH); this needs go 1.26 or later"
  GO_VERSION=${GO_VERSION:-$(cd "$CLUSTER_DIR/tools/kubernetes" && go env GOVERSION GOARCH | paste -sd' ')} ||
    die "this Go does not do: $(go version); tools/kubernetes/go.mod says which is needed"
}

# A part is built again exactly when its key changes: the module's files, the function that builds it (flags and
# all), the Go version or the architecture.
part_key() {
  {
    echo "$GO_VERSION $GOFLAGS"
    declare -f "build_$1"
    (cd "$(part_module "$1")" && find . -type f ! -name '*_test.go' ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum)
  } | sha256sum | cut -c1-16
}
part_dir() {
  need_go
  echo "$CACHE/bin/$1-$(part_key "$1")"
}

# build_parts PART...: build those that are missing, one after the other (each uses all cores by itself).
build_parts() {
  local part dir n=0 missing=()
  need_go
  for part in "$@"; do
    declare -F "build_$part" >/dev/null || die "no such part: $part (there are: ${ALL_PARTS[*]} ${OPTIONAL_PARTS[*]})"
    [[ -d $(part_dir "$part") ]] || missing+=("$part")
  done
  ((${#missing[@]})) || return 0
  mkdir -p "$CACHE/bin" "$CACHE/log"
  exec 8>"$CACHE/bin/.lock"
  flock -n 8 || { note "another build is running; waiting for it" && flock 8; }
  rm -rf "$CACHE/bin"/.unfinished.* # ours now that we hold the lock
  for part in "${missing[@]}"; do
    n=$((n + 1))
    dir=$(part_dir "$part")
    [[ -d $dir ]] && continue # the build we waited for made it
    build_part "$part" "$dir" "[$n/${#missing[@]}]"
  done
  exec 8>&-
}

build_part() {
  local part=$1 dir=$2 label=$3 version tmp log=$CACHE/log/build-$1.log
  version=$(part_version "$part")
  tmp=$(mktemp -d "$CACHE/bin/.unfinished.XXXXXX")
  label="$label building $part${version:+ $version}"
  note "$label (${FIRST_BUILD[$part]:-some minutes} the first time)"
  if with_progress "$label" "$log" strictly build "build_$part" "$tmp"; then
    chmod 755 "$tmp" && mv -T "$tmp" "$dir"
  else
    rm -rf "$tmp"
    note "the end of $log:"
    grep -v '^[a-zA-Z0-9./_-]*$' "$log" | tail -n 25 >&2 || tail -n 10 "$log" >&2 # without the bare package names
    die "building $part failed"
  fi
}

# with_progress LABEL LOG COMMAND...: run it in the background and show that it lives: on a terminal one line that
# counts, elsewhere a line every 20 seconds. Interrupting the script takes the compiler with it.
with_progress() {
  compiled() { grep -cv ' ' "$log" || true; }
  local label=$1 log=$2 start=$SECONDS pid state rc=0 last=0
  shift 2
  set -m # a process group of its own, to end it whole
  "$@" >"$log" 2>&1 8>&- 9>&- </dev/null &
  pid=$!
  set +m
  # shellcheck disable=SC2064 # the pid is meant to be fixed now
  trap "kill -- -$pid 2>/dev/null; exit 130" INT TERM HUP
  while state=$(jobs -r -p) && [[ $'\n'$state$'\n' == *$'\n'$pid$'\n'* ]]; do
    sleep 0.5
    if [[ -t 2 ]]; then
      printf '\r%s ... %d s, %d packages compiled ' "$label" $((SECONDS - start)) "$(compiled)" >&2
    elif ((SECONDS - start >= last + 20)); then
      last=$((SECONDS - start))
      note "$label ... $last s, $(compiled) packages compiled"
    fi
  done
  wait "$pid" || rc=$?
  trap - INT TERM HUP
  [[ -t 2 ]] && printf '\r\033[K' >&2
  if ((rc == 0)); then note "$label: done in $((SECONDS - start)) s"; else note "$label: FAILED after $((SECONDS - start)) s"; fi
  return "$rc"
}

# prune_parts: remove every build no current pin names. Not done by itself: a running cluster may use one.
prune_parts() {
  local dir part keep=" "
  need_go
  for part in "${ALL_PARTS[@]}" "${OPTIONAL_PARTS[@]}"; do keep+="$(part_dir "$part") "; done
  for dir in "$CACHE"/bin/*-*/; do
    dir=${dir%/}
    [[ -d $dir && $keep != *" $dir "* ]] || continue
    note "removing $dir" && rm -rf "$dir"
  done
}
