# shellcheck shell=bash
# etcd, kube-apiserver, kube-controller-manager, kube-scheduler.

kubectl() { "$KUBE/kubectl" --kubeconfig "$STATE/pki/admin.kubeconfig" --cache-dir "$STATE/kubectl-cache" "$@"; }

start_etcd() {
  # no fsync: nothing here is worth waiting for a disk; a power failure may cost the data, a kill does not
  ensure etcd -- "$KUBE/etcd" --data-dir "$STATE/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380
}

start_apiserver() {
  local pki=$STATE/pki
  configure kube-apiserver/audit-policy.yaml audit-policy.yaml
  local audit=(
    --audit-policy-file "$STATE/etc/kube-apiserver/audit-policy.yaml" --audit-log-path "$STATE/log/audit.log"
    --audit-log-maxsize 200 --audit-log-maxbackup 1 # MB; so at most twice that
  )
  local tls=(
    --client-ca-file "$pki/ca.crt" --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key"
  )
  local service_accounts=(
    --service-account-issuer https://kubernetes.default.svc.cluster.local
    --service-account-key-file "$pki/service-account.pub" --service-account-signing-key-file "$pki/service-account.key"
  )
  local to_kubelet=(
    --kubelet-certificate-authority "$pki/ca.crt" --kubelet-preferred-address-types InternalIP
    --kubelet-client-certificate "$pki/apiserver-to-kubelet.crt" --kubelet-client-key "$pki/apiserver-to-kubelet.key"
  )
  local aggregation=( # of extension API servers, such as metrics servers
    --requestheader-client-ca-file "$pki/ca.crt" --requestheader-allowed-names front-proxy-client
    --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group
    --requestheader-extra-headers-prefix X-Remote-Extra-
    --proxy-client-cert-file "$pki/front-proxy.crt" --proxy-client-key-file "$pki/front-proxy.key"
  )
  ensure kube-apiserver -- "$KUBE/kube-apiserver" --etcd-servers http://127.0.0.1:2379 \
    --advertise-address "$NODE_IP" --secure-port 6443 --service-cluster-ip-range "$SERVICE_CIDR" \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged=true \
    "${audit[@]}" "${tls[@]}" "${service_accounts[@]}" "${to_kubelet[@]}" "${aggregation[@]}"
}

start_controller_manager() {
  local as=$STATE/pki/controller-manager.kubeconfig
  # one instance, so no leader to elect; HPAs are looked at every 5 s instead of 15, for tests that wait for them
  ensure kube-controller-manager -- "$KUBE/kube-controller-manager" --kubeconfig "$as" \
    --authentication-kubeconfig "$as" --authorization-kubeconfig "$as" --use-service-account-credentials \
    --service-account-private-key-file "$STATE/pki/service-account.key" --root-ca-file "$STATE/pki/ca.crt" \
    --cluster-signing-cert-file "$STATE/pki/ca.crt" --cluster-signing-key-file "$STATE/pki/ca.key" \
    --leader-elect=false --bind-address 127.0.0.1 --horizontal-pod-autoscaler-sync-period 5s \
    --flex-volume-plugin-dir "$STATE/kubelet/volume-plugins" # would be made in /usr
}

start_scheduler() {
  local as=$STATE/pki/scheduler.kubeconfig
  ensure kube-scheduler -- "$KUBE/kube-scheduler" --kubeconfig "$as" --authentication-kubeconfig "$as" \
    --authorization-kubeconfig "$as" --leader-elect=false --bind-address 127.0.0.1
}

up_control_plane() {
  start_etcd
  wait_for 60 etcd "etcd to be healthy" http_ok http://127.0.0.1:2379/health
  start_apiserver
  wait_for 120 kube-apiserver "kube-apiserver to be ready" http_ok "https://$NODE_IP:6443/readyz"
  $CHANGED && say "API server ready"
  start_controller_manager
}

wait_for_control_plane() {
  wait_for 60 kube-controller-manager "kube-controller-manager to be healthy" http_ok https://127.0.0.1:10257/healthz
  wait_for 60 kube-controller-manager "the default service account" default_service_account
}

default_service_account() { kubectl get serviceaccount default; }
