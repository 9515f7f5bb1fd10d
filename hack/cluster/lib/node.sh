# shellcheck shell=bash
# The node: containerd, kubelet, kube-proxy, and the images that are on it.

ctr() { "$CONTAINERD/ctr" --address "$CONTAINERD_SOCKET" --namespace k8s.io "$@"; }

start_containerd() {
  local SNAPSHOTTER RUNC
  SNAPSHOTTER=$(snapshotter)
  RUNC=$(command -v runc)
  configure containerd/config.toml containerd.toml
  configure cni/10-serin.conflist cni.conflist # containerd watches for it
  # the shim is looked for on PATH
  ensure containerd PATH="$CONTAINERD:$PATH" -- "$CONTAINERD/containerd" --config "$STATE/etc/containerd/config.toml"
}

# overlayfs, unless the state lies on a file system that cannot carry it (an overlay itself, as in containers)
snapshotter() {
  local dir=$STATE/.overlay-probe kind=native
  mkdir -p "$dir"/{lower,upper,work,merged}
  if mount -t overlay -o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" overlay "$dir/merged" 2>/dev/null; then
    umount "$dir/merged"
    kind=overlayfs
  fi
  rm -rf "$dir"
  echo $kind
}

# The image of the pods' first process comes from our own build; import it when that changed.
ensure_pause_image() {
  local marker=$STATE/containerd/.pause
  [[ -f $marker && $(<"$marker") == "$IMAGES" ]] && return
  ctr images import "$IMAGES/pause.tar" >"$STATE/log/import.log" 2>&1 || fail import "importing the pause image failed"
  echo "$IMAGES" >"$marker"
}

start_kubelet() {
  configure kubelet/resolv.conf resolv.conf
  configure kubelet/config.yaml kubelet.yaml
  ensure kubelet -- "$KUBE/kubelet" --config "$STATE/etc/kubelet/config.yaml" --kubeconfig "$STATE/pki/kubelet.kubeconfig" \
    --root-dir "$STATE/kubelet" --cert-dir "$STATE/kubelet/pki" --hostname-override "$NODE_NAME" --node-ip "$NODE_IP"
}

start_kube_proxy() {
  configure kube-proxy/config.yaml kube-proxy.yaml
  ensure kube-proxy -- "$KUBE/kube-proxy" --config "$STATE/etc/kube-proxy/config.yaml"
}

# node_ready SINCE: the status may be an old one, from before this kubelet was started
node_ready() {
  kubectl get node "$NODE_NAME" -o json | jq -e --argjson since "$1" '.status.conditions[]
    | select(.type == "Ready") | .status == "True" and (.lastHeartbeatTime | fromdate) >= $since'
}

up_node() {
  local since=0
  wait_for 60 containerd "containerd to answer" ctr version
  ensure_pause_image
  ensure_cgroups
  start_kubelet
  if $CHANGED; then since=$(date +%s); fi
  start_kube_proxy
  start_scheduler
  up_addons
  wait_for 120 kubelet "the node to be ready" node_ready "$since"
  wait_for 60 kube-scheduler "kube-scheduler to be ready" http_ok https://127.0.0.1:10259/readyz
  wait_for 60 kube-proxy "kube-proxy to have written its rules" http_ok http://127.0.0.1:10256/healthz
}
