package stage

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// imageTrouble says how to load the images when pods of namespace wait for one; otherwise it is empty.
func (s *Stage) imageTrouble(ctx context.Context, namespace string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	waiting, err := s.Kubectl.Output(ctx, "--namespace", namespace, "get", "pods", "--output",
		"jsonpath={range .items[*].status.containerStatuses[*]}{.image} {.state.waiting.reason}{'\\n'}{end}")
	if err != nil || !(strings.Contains(waiting, "ErrImage") || strings.Contains(waiting, "ImagePull")) {
		return ""
	}
	return fmt.Sprintf("\nThe nodes lack an image:%s\n%s writes the images as tar files and says how to load them.", indented(waiting), s.imagesCommand())
}

// Trouble shows what a person would look at first when something did not happen.
func (s *Stage) Trouble(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if s.Config == nil {
		return // there is no cluster to look at
	}
	s.Terminal.Heading("What the cluster says")
	looks := [][]string{
		{"--namespace", Namespace, "get", "canary", App, "--output", "jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{'\\n'}{end}", "--ignore-not-found"},
		{"--namespace", Namespace, "get", "deployment,replicaset,pod", "--output", "wide"},
		{"--namespace", Namespace, "get", "events", "--sort-by=.metadata.creationTimestamp", "--output", "custom-columns=TIME:.metadata.creationTimestamp,KIND:.involvedObject.kind,NAME:.involvedObject.name,REASON:.reason,MESSAGE:.message"},
		{"--namespace", SystemNamespace, "get", "pods"},
		{"--namespace", SystemNamespace, "logs", "deployment/" + Operator, "--tail=15"},
	}
	if s.Source == Datadog {
		looks = append(looks, []string{"describe", "metricsource", StandIn}, []string{"--namespace", StandIn, "logs", "deployment/" + StandIn, "--tail=15"})
	}
	for _, args := range looks {
		s.Terminal.Command("kubectl " + strings.Join(args, " "))
		out, err := s.Kubectl.Output(ctx, args...)
		if err != nil {
			out += err.Error()
		}
		s.Terminal.Output(out)
	}
}
