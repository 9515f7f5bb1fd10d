package main

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/hack/demo/stage"
	"github.com/serin-dev/serin/hack/demo/view"
)

func TestGoodbyeSaysHowToLeave(t *testing.T) {
	for name, test := range map[string]struct {
		stage        stage.Stage
		say          func(*demo)
		want, absent []string
	}{
		"a local cluster": {
			stage.Stage{Kubeconfig: "/state/kubeconfig", Kubectl: stage.Kubectl{Program: "/cache/kubectl"}},
			(*demo).lookAround,
			[]string{"export KUBECONFIG=/state/kubeconfig\n", "alias kubectl=/cache/kubectl\n", "kubectl get canary --namespace demo\n", "make cluster-down"},
			[]string{"kubectl delete"},
		},
		"a cluster of one's own": {
			stage.Stage{Settings: stage.Settings{Context: "kind-demo"}},
			(*demo).lookAround,
			[]string{"kubectl config use-context kind-demo\n", "kubectl delete canary read-api --namespace demo\n", "kubectl delete metricsource prometheus\n", "kubectl delete --kustomize config/default\n"},
			[]string{"KUBECONFIG", "make cluster-down", "stand-in"},
		},
		"a stand-in in a cluster of one's own": {
			stage.Stage{Settings: stage.Settings{Context: "kind-demo", Source: stage.Datadog}},
			(*demo).lookAround,
			[]string{
				"kubectl logs deployment/datadog-stand-in --namespace datadog-stand-in\n", "kubectl delete namespace demo datadog-stand-in\n",
				"kubectl delete metricsource datadog-stand-in\n",
			},
			[]string{"metricsource prometheus"},
		},
		"interrupted in a release": {
			stage.Stage{Config: &rest.Config{}},
			(*demo).interrupted,
			[]string{"Interrupted.", "Serin goes on by itself", "make cluster-down"},
			nil,
		},
		"interrupted before there was a cluster": {
			stage.Stage{}, (*demo).interrupted, []string{"Interrupted."}, []string{"Serin goes on by itself"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", "")
			var out bytes.Buffer
			test.say(&demo{terminal: view.NewPlain(&out), stage: &test.stage})
			for _, text := range test.want {
				if !strings.Contains(out.String(), text) {
					t.Errorf("%q is not in\n%s", text, out.String())
				}
			}
			for _, text := range test.absent {
				if strings.Contains(out.String(), text) {
					t.Errorf("%q is in\n%s", text, out.String())
				}
			}
		})
	}
}
