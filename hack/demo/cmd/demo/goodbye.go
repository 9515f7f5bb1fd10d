package main

import (
	"fmt"
	"os/exec"

	"github.com/serin-dev/serin/hack/demo/stage"
)

// lookAround says what can be seen now, and how to leave.
func (d *demo) lookAround() {
	d.terminal.Heading("Look around")
	text := d.access() + fmt.Sprintf(`kubectl get canary --namespace %[1]s
kubectl describe deployment %[2]s --namespace %[1]s
kubectl logs deployment/%[3]s --namespace %[4]s
`, stage.Namespace, stage.App, stage.Operator, stage.SystemNamespace)
	if d.stage.Source == stage.Datadog {
		text += fmt.Sprintf("kubectl describe metricsource %[1]s\nkubectl logs deployment/%[1]s --namespace %[1]s\n", stage.StandIn)
	}
	d.terminal.Output(text)
	d.cleanUp()
}

// cleanUp says how to leave.
func (d *demo) cleanUp() {
	if d.stage.Context == "" {
		d.terminal.Say("The cluster goes on running. Run the demo again at any time, or stop the cluster: make cluster-down")
		return
	}
	d.terminal.Say("Run the demo again at any time, or remove it; the Canary goes first, so that Serin gives all traffic back:")
	source, spaces := "prometheus", stage.Namespace
	if d.stage.Source == stage.Datadog {
		source, spaces = stage.StandIn, stage.Namespace+" "+stage.StandIn
	}
	d.terminal.Output(d.access() + fmt.Sprintf(`kubectl delete canary %[2]s --namespace %[1]s
kubectl delete namespace %[3]s
kubectl delete metricsource %[4]s
kubectl delete --kustomize config/default`, stage.Namespace, stage.App, spaces, source))
}

// interrupted says what was left behind.
func (d *demo) interrupted() {
	d.terminal.Rest()
	d.terminal.Say("")
	d.terminal.Bad("Interrupted.")
	if d.stage.Config != nil {
		d.terminal.Say("Serin goes on by itself: a release that is under way gets no more requests, and is rolled back in the end for want of evidence. " +
			"The next run begins anew, whatever it finds.")
	}
	d.cleanUp()
}

// access is how kubectl gets to the cluster.
func (d *demo) access() string {
	if d.stage.Context != "" {
		return fmt.Sprintf("kubectl config use-context %s\n", d.stage.Context)
	}
	text := fmt.Sprintf("export KUBECONFIG=%s\n", d.stage.Kubeconfig)
	if _, err := exec.LookPath("kubectl"); err != nil {
		text += fmt.Sprintf("alias kubectl=%s\n", d.stage.Kubectl.Program)
	}
	return text
}
