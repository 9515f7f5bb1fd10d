# shellcheck shell=bash
# What makes the node useful: cluster DNS, the gateway, Prometheus. They run beside the kubelet, not in pods (so they
# need no images), each with an identity of its own; manifests/ says what that may do, and gives them Services.

# server-side, so that applying again changes nothing and takes no annotations
apply() { kubectl apply --server-side --force-conflicts --field-manager serin-cluster -f "$1" >"$STATE/log/apply.log" 2>&1; }

# apply_manifests FILE...: those that are not there as they are now; each leaves its digest in a ConfigMap.
apply_manifests() {
  local file name text digest
  for file; do
    name=manifest-$(basename "$(dirname "$file")")-$(basename "$file" .yaml)
    text=$(render "$file")
    digest=$(sha256sum <<<"$text" | cut -c1-32)
    [[ $(kubectl -n kube-system get configmap "$name" -o 'jsonpath={.data.digest}' 2>/dev/null) == "$digest" ]] && continue
    apply - <<<"$text" || fail apply "applying $file failed"
    apply - <<<"{apiVersion: v1, kind: ConfigMap, metadata: {name: $name, namespace: kube-system}, data: {digest: $digest}}" ||
      fail apply "recording $file failed"
  done
}

start_coredns() {
  configure coredns/Corefile Corefile
  ensure coredns -- "$COREDNS/coredns" -conf "$STATE/etc/coredns/Corefile"
}

start_traefik() {
  local buckets=0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5
  # By default Traefik gathers changes for 2 s before it acts on them; tests shift weights every few seconds.
  ensure traefik KUBECONFIG="$STATE/pki/traefik.kubeconfig" -- "$TRAEFIK/traefik" \
    --providers.kubernetesgateway=true --providers.kubernetesgateway.statusaddress.ip="$NODE_IP" \
    --providers.providersthrottleduration=10ms \
    --entrypoints.web.address=:8000 --entrypoints.traefik.address=:8081 --ping=true --api.insecure=true --api.dashboard=false \
    --metrics.prometheus=true --metrics.prometheus.entrypoint=traefik --metrics.prometheus.buckets=$buckets \
    --metrics.prometheus.addserviceslabels=true --metrics.prometheus.addrouterslabels=true \
    --global.checknewversion=false --global.sendanonymoususage=false --log.level=INFO
}

start_prometheus() {
  configure prometheus/config.yaml prometheus.yaml
  ensure prometheus -- "$PROMETHEUS/prometheus" --config.file="$STATE/etc/prometheus/config.yaml" \
    --storage.tsdb.path="$STATE/prometheus" --web.listen-address="0.0.0.0:9090" --log.level=warn
}

gateway_programmed() {
  kubectl -n gateway get gateway gateway -o json |
    jq -e '.metadata.generation as $g | .status.conditions[] | select(.type == "Programmed") | .status == "True" and .observedGeneration == $g'
}

# A resource can be used only some time after its definition was accepted.
gateway_api_served() {
  local crds
  mapfile -t crds < <(kubectl get crd -o name | grep '\.gateway\.networking\.k8s\.io$')
  kubectl wait --for condition=Established --timeout 60s "${crds[@]}"
}

up_addons() {
  apply_manifests "$TRAEFIK/gateway-api/crds.yaml" "$CLUSTER_DIR"/manifests/{dns,monitoring}.yaml
  start_coredns
  start_prometheus
  wait_for 60 kube-apiserver "the Gateway API to be served" gateway_api_served
  apply_manifests "$CLUSTER_DIR/manifests/gateway.yaml"
  start_traefik
}

wait_for_addons() {
  wait_for 60 coredns "CoreDNS to be ready" http_ok http://127.0.0.1:8153/ready
  wait_for 60 prometheus "Prometheus to be ready" http_ok http://127.0.0.1:9090/-/ready
  wait_for 60 traefik "Traefik to be ready" http_ok http://127.0.0.1:8081/ping
  wait_for 60 traefik "the Gateway to be programmed" gateway_programmed
}
