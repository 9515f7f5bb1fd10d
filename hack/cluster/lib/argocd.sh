# shellcheck shell=bash
# Argo CD, only when it is asked for: the application controller, the repository server and the API server, without a user interface, and the Redis that they share.

# Debian keeps the server's program in redis-tools, under this name, and does what its own name says. The package redis-server would start another for all of the machine.
ARGOCD_NEEDS=(redis-check-rdb=redis-tools git=git)

up_argocd() {
  local redis=$STATE/argocd/redis-server listen=127.0.0.1:6379 common
  mkdir -p "$STATE/argocd/tmp"
  [[ -f $STATE/pki/argocd.kubeconfig ]] || strictly certs add_client argocd >"$STATE/log/openssl.log" 2>&1 || fail openssl "making a certificate for Argo CD failed"
  apply_manifests "$CLUSTER_DIR/manifests/argocd.yaml"
  if ! kubectl -n argocd get appproject default >/dev/null 2>&1; then # once: its settings belong to whoever uses it from then on
    kubectl -n argocd apply --server-side -f "$ARGOCD/manifests/argocd.yaml" >"$STATE/log/apply.log" 2>&1 || fail apply "applying the manifests of Argo CD failed"
    wait_for 60 kube-apiserver "the kinds of Argo CD to be served" kubectl -n argocd get applications,appprojects
    apply "$CLUSTER_DIR/manifests/argocd-project.yaml" || fail apply "making the project of Argo CD failed"
  fi

  ln -sfn "$(command -v redis-check-rdb)" "$redis"
  ensure redis -- "$redis" --bind 127.0.0.1 --port 6379 --save "" --appendonly no --dir "$STATE/argocd" --set-proc-title no
  # https://kubernetes.default.svc is to mean this cluster, though Argo CD runs in none of its pods
  common=(KUBECONFIG="$STATE/pki/argocd.kubeconfig" ARGOCD_FAKE_IN_CLUSTER=true ARGOCD_GPG_ENABLED=false TMPDIR="$STATE/argocd/tmp")
  # repositories are folders of this machine, whoever owns them
  ensure argocd-repo-server "${common[@]}" PATH="$ARGOCD:$PATH" ARGOCD_ASK_PASS_SOCK="$STATE/argocd/askpass.sock" \
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="*" -- \
    "$ARGOCD/argocd-repo-server" --redis $listen --disable-tls --client-ca-path= --address 127.0.0.1 --port 8181 \
    --metrics-address 127.0.0.1 --metrics-port 8184
  ensure argocd-application-controller "${common[@]}" -- \
    "$ARGOCD/argocd-application-controller" --namespace argocd --kubeconfig "$STATE/pki/argocd.kubeconfig" --redis $listen \
    --repo-server 127.0.0.1:8181 --repo-server-plaintext --app-resync 10 --app-resync-jitter 0 --persist-resource-health --metrics-port 8182
  ensure argocd-server "${common[@]}" -- \
    "$ARGOCD/argocd-server" --namespace argocd --kubeconfig "$STATE/pki/argocd.kubeconfig" --redis $listen \
    --repo-server 127.0.0.1:8181 --repo-server-plaintext --disable-auth --insecure --port 8090 --metrics-port 8185
  wait_for 60 argocd-server "Argo CD to be ready" http_ok http://127.0.0.1:8090/healthz
  wait_for 60 argocd-application-controller "the application controller to be ready" http_ok http://127.0.0.1:8182/healthz
}
