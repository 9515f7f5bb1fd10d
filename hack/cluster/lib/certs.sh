# shellcheck shell=bash
# A certificate authority of the cluster's own, a certificate for every component and a kubeconfig for each client.

ensure_certs() {
  local log=$STATE/log/openssl.log
  [[ -d $STATE/pki ]] && return
  # made beside and renamed, so that an interrupted run leaves no half of it
  rm -rf "$STATE/.pki" && mkdir -m 700 "$STATE/.pki"
  strictly certs make_certs "$STATE/.pki" >"$log" 2>&1 || { tail -n 20 "$log" >&2 && die "making the certificates failed"; }
  mv -T "$STATE/.pki" "$STATE/pki"
  say "certificates made"
}

make_certs() {
  local user in_cluster=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
  cd "$1" || return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 3650 \
    -subj "/CN=serin-$ID" -addext keyUsage=critical,keyCertSign,cRLSign
  openssl ecparam -name prime256v1 -genkey -noout -out service-account.key
  openssl ec -in service-account.key -pubout -out service-account.pub

  sign apiserver /CN=kube-apiserver "IP:127.0.0.1,IP:$NODE_IP,IP:$API_SERVICE_IP,DNS:localhost,$in_cluster"
  sign kubelet-server "/CN=$NODE_NAME" "IP:127.0.0.1,IP:$NODE_IP,DNS:$NODE_NAME"
  sign apiserver-to-kubelet /O=system:masters/CN=kube-apiserver-kubelet-client
  sign front-proxy /CN=front-proxy-client
  sign admin /O=system:masters/CN=serin-admin
  sign controller-manager /CN=system:kube-controller-manager
  sign scheduler /CN=system:kube-scheduler
  sign kubelet "/O=system:nodes/CN=system:node:$NODE_NAME"
  sign kube-proxy /CN=system:kube-proxy
  # these are no Kubernetes components; manifests/*.yaml say what they may do
  for user in coredns prometheus traefik; do sign $user /CN=$user; done
  rm -f ./*.csr
  for user in controller-manager scheduler kubelet kube-proxy coredns prometheus traefik admin; do
    kubeconfig $user >"$user.kubeconfig"
  done
}

# add_client USER: a certificate and a kubeconfig for one that is not always there
add_client() {
  cd "$STATE/pki" || return
  sign "$1" "/CN=$1"
  kubeconfig "$1" >"$1.new"
  mv "$1.new" "$1.kubeconfig"
}

sign() { # NAME SUBJECT [ALTERNATIVE NAMES]
  local extensions=$'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\n'
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out "$1.crt" \
    -extfile <(printf '%s' "$extensions${3:+subjectAltName=$3}")
}

kubeconfig() { # NAME
  jq -n --arg name "serin-$ID" --arg server "https://$NODE_IP:6443" --arg ca "$(base64 -w0 ca.crt)" \
    --arg cert "$(base64 -w0 "$1.crt")" --arg key "$(base64 -w0 "$1.key")" --arg user "serin-$ID-$1" '{
      apiVersion: "v1", kind: "Config", "current-context": $name,
      clusters: [{name: $name, cluster: {server: $server, "certificate-authority-data": $ca}}],
      users: [{name: $user, user: {"client-certificate-data": $cert, "client-key-data": $key}}],
      contexts: [{name: $name, context: {cluster: $name, user: $user}}]}'
}
