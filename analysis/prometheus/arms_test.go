package prometheus

import (
	"regexp"
	"strings"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

// belongs says which arm labels belong to: "baseline", "candidate" or "". Server and client have to agree: what is asked for
// and what is counted.
func belongs(t *testing.T, of armsOf, s analysis.Subject, labels map[string]string) string {
	t.Helper()
	a, err := of(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range a.matchers {
		matched := labels[m.label] == m.value
		if m.op == "=~" {
			matched = regexp.MustCompile("^(?s:" + m.value + ")$").MatchString(labels[m.label])
		}
		if !matched {
			return ""
		}
	}
	arm, _, ok := a.of(labels)
	switch {
	case !ok:
		return ""
	case arm == analysis.Baseline:
		return "baseline"
	}
	return "candidate"
}

func TestArmsByPod(t *testing.T) {
	s := analysis.Subject{Namespace: "shop", Baseline: analysis.Target{ReplicaSet: "api-5d9f"}, Candidate: analysis.Target{ReplicaSet: "api-5d9f-x"}}
	for pod, want := range map[string]string{
		"api-5d9f-abcde":    "baseline",
		"api-5d9f-x-abcde":  "candidate",
		"api-5d9f-x-abcdef": "",
		"api-5d9f":          "",
		"my-api-5d9f-abcde": "",
		"":                  "",
	} {
		if got := belongs(t, byPod("namespace", "pod"), s, map[string]string{"namespace": "shop", "pod": pod}); got != want {
			t.Errorf("%s belongs to %q, want %q", pod, got, want)
		}
	}
	if got := belongs(t, byPod("namespace", "pod"), s, map[string]string{"namespace": "shop2", "pod": "api-5d9f-abcde"}); got != "" {
		t.Errorf("a pod of another namespace belongs to %q", got)
	}
}

func TestPodsOfLongNames(t *testing.T) {
	long := strings.Repeat("a", 57)
	s := analysis.Subject{Namespace: "shop", Baseline: analysis.Target{ReplicaSet: long}, Candidate: analysis.Target{ReplicaSet: "b" + long}}
	labels := map[string]string{"namespace": "shop", "pod": "b" + long[:57] + "xyzab"} // 63 characters, as Kubernetes cuts it
	if got := belongs(t, byPod("namespace", "pod"), s, labels); got != "candidate" {
		t.Errorf("a pod with a name cut belongs to %q", got)
	}
	s.Baseline.ReplicaSet, s.Candidate.ReplicaSet = long+"-1", long+"-2"
	if _, err := byPod("namespace", "pod")(s); err == nil || !strings.Contains(err.Error(), "too long to tell them apart") {
		t.Errorf("names cut alike: %v", err)
	}
	if _, err := byPod("namespace", "pod")(analysis.Subject{Namespace: "shop"}); err == nil {
		t.Error("nobody's pods are told apart")
	}
}

func TestArmsOfTraefik(t *testing.T) {
	s := analysis.Subject{
		Namespace: "shop",
		Baseline:  analysis.Target{Service: "api-baseline"}, Candidate: analysis.Target{Service: "api-candidate"},
	}
	const route = "httproute-shop-api-gw-infra-gateway-ep-web-0-45d788efaf73843700f0-svc-"
	for service, want := range map[string]string{
		route + "shop-api-baseline-0@kubernetesgateway":                                           "baseline",
		route + "shop-api-candidate-1@kubernetesgateway":                                          "candidate",
		strings.Replace(route, "http", "grpc", 1) + "shop-api-candidate-12@kubernetesgateway":     "candidate",
		route + "shop-api-candidate-wrr@kubernetesgateway":                                        "",
		route + "other-api-candidate-1@kubernetesgateway":                                         "",
		route + "shop-my-api-candidate-1@kubernetesgateway":                                       "",
		strings.Replace(route, "-shop-", "-other-", 1) + "shop-api-candidate-1@kubernetesgateway": "",
		"shop-api-candidate-80@kubernetes":                                                        "candidate",
		"shop-api-baseline-http@kubernetescrd":                                                    "baseline",
		"shop-api-candidate-baseline-80@kubernetes":                                               "",
		"shop-api-candidate@file":                                                                 "",
	} {
		if got := belongs(t, byService("service", traefikService), s, map[string]string{"service": service}); got != want {
			t.Errorf("%s belongs to %q, want %q", service, got, want)
		}
	}
}

func TestArmsOfNginx(t *testing.T) {
	s := analysis.Subject{
		Namespace: "shop",
		Baseline:  analysis.Target{Service: "api-baseline"}, Candidate: analysis.Target{Service: "api-candidate"},
	}
	for _, test := range []struct{ service, canary, want string }{
		{"api-baseline", "", "baseline"},
		{"api-baseline", "shop-api-candidate-80", "candidate"},
		{"api-baseline", "shop-api-candidate-http", "candidate"},
		{"api-baseline", "shop-other-candidate-80", ""},
		{"api-candidate", "", "candidate"},
		{"other", "", ""},
	} {
		labels := map[string]string{"namespace": "shop", "service": test.service, "canary": test.canary}
		if got := belongs(t, byBackend("namespace", "service"), s, labels); got != test.want {
			t.Errorf("service %q and canary %q belong to %q, want %q", test.service, test.canary, got, test.want)
		}
	}
}

func TestGatewaysNeedServices(t *testing.T) {
	s := analysis.Subject{Namespace: "shop", Baseline: analysis.Target{ReplicaSet: "a"}, Candidate: analysis.Target{ReplicaSet: "b"}}
	for name, of := range map[string]armsOf{"traefik": byService("service", traefikService), "nginx": byBackend("namespace", "service")} {
		if _, err := of(s); err == nil || !strings.Contains(err.Error(), "set spec.traffic, or use a preset that counts by pod") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Baseline.Service, s.Candidate.Service = "api", "api"
	if _, err := byService("service", traefikService)(s); err == nil {
		t.Error("one Service is told apart from itself")
	}
}
