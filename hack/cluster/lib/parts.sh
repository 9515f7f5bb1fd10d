# shellcheck shell=bash
# What there is to build. A part is a name here, a pinned module in tools/<name> (or images/), and a function
# build_<name> OUT that fills the directory OUT. To add one, add those three; see README.md.

ALL_PARTS=(kubernetes containerd images coredns prometheus traefik)
# built only when they are named
OPTIONAL_PARTS=(argocd helm)

# what to expect on two cores when nothing of it is in the caches of Go; said before each build
declare -A FIRST_BUILD=(
  [kubernetes]="about 4 min" [containerd]="about 1 min" [images]="seconds" [coredns]="about 1 min"
  [prometheus]="about 2 min" [traefik]="about 3 min" [argocd]="about 4 min" [helm]="about 3 min"
)

part_module() { if [[ $1 == images ]]; then echo "$CLUSTER_DIR/images"; else echo "$CLUSTER_DIR/tools/$1"; fi; }

# The versions live in the go.mod files and nowhere else.
pinned() { awk -v m="$2" '$1 == "require" { $1 = ""; $0 = $0 } $1 == m { print $2; exit }' "$CLUSTER_DIR/tools/$1/go.mod"; }
part_version() {
  case $1 in
  kubernetes) pinned kubernetes k8s.io/kubernetes ;;
  containerd) pinned containerd github.com/containerd/containerd/v2 ;;
  coredns) pinned coredns github.com/coredns/coredns ;;
  # the Go module of Prometheus 3.13.5 is called v0.313.5
  prometheus) pinned prometheus github.com/prometheus/prometheus | sed -E 's/^v0\.([0-9])0?([0-9]+)\./v\1.\2./' ;;
  traefik) pinned traefik github.com/traefik/traefik/v3 ;;
  argocd) pinned argocd github.com/argoproj/argo-cd/v3 ;;
  helm) pinned helm helm.sh/helm/v4 ;;
  esac
}

build_kubernetes() {
  local version ld="-s -w" package name
  version=$(part_version kubernetes)
  # a module's build has no version stamped in, and kubectl, node status and user agents show it
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    ld+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$(cut -d. -f2 <<<"$version")"
    ld+=" -X $package.gitTreeState=archive -X $package.gitCommit=module -X $package.buildDate=1970-01-01T00:00:00Z"
  done
  gobuild kubernetes -ldflags "$ld" -o "$1/kube" .
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
    ln -s kube "$1/$name"
  done
}

build_containerd() {
  local module=github.com/containerd/containerd/v2
  gobuild containerd -ldflags "-s -w -X $module/version.Version=$(part_version containerd)" -o "$1/" \
    $module/cmd/containerd $module/cmd/containerd-shim-runc-v2 $module/cmd/ctr
}

build_images() {
  gobuild images -ldflags "-s -w" -o "$1/" ./mkimage ./pause ./testapp
  "$1/mkimage" -o "$1/pause.tar" "$PAUSE_IMAGE" "$1/pause"
}

build_coredns() { gobuild coredns -ldflags "-s -w" -o "$1/coredns" .; }

build_prometheus() {
  local version
  version=$(part_version prometheus)
  # only the discovery we use: the others would add hundreds of cloud SDK packages
  gobuild prometheus -tags remove_all_sd,enable_kubernetes_sd \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=${version#v}" \
    -o "$1/prometheus" github.com/prometheus/prometheus/cmd/prometheus
}

build_traefik() {
  local version crds file
  version=$(part_version traefik)
  gobuild traefik -ldflags "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=${version#v}" \
    -o "$1/traefik" github.com/traefik/traefik/v3/cmd/traefik
  # the Gateway API definitions of the version this Traefik was written against come from the same pins
  crds=$(cd "$CLUSTER_DIR/tools/traefik" && go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)/config/crd/standard
  mkdir "$1/gateway-api"
  for file in "$crds"/gateway*.yaml; do echo "---" && cat "$file"; done >"$1/gateway-api/crds.yaml"
}

build_argocd() {
  local version module name
  version=$(part_version argocd)
  gobuild argocd -ldflags "-s -w -X github.com/argoproj/argo-cd/v3/common.version=${version#v}" -o "$1/argocd" .
  for name in argocd-application-controller argocd-repo-server argocd-server; do ln -s argocd "$1/$name"; done
  # the definitions and settings of that version, and the scripts that its repository server calls by name
  module=$(cd "$CLUSTER_DIR/tools/argocd" && go list -m -f '{{.Dir}}' github.com/argoproj/argo-cd/v3)
  mkdir "$1/manifests"
  for name in "$module"/manifests/crds/*-crd.yaml "$module"/manifests/base/config/argocd-*.yaml; do echo "---" && cat "$name"; done >"$1/manifests/argocd.yaml"
  install -m 755 "$module"/hack/git-verify-wrapper.sh "$module"/hack/gpg-wrapper.sh "$module"/hack/git-ask-pass.sh "$1/"
}

build_helm() {
  gobuild helm -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$(part_version helm)" -o "$1/helm" helm.sh/helm/v4/cmd/helm
}
