package story

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// promoted shows that the pods that were judged are those that serve now.
func (s *Story) promoted(ctx context.Context, a act, r Release) error {
	after, err := s.Cluster.Calm(ctx, s.Patience, r.Revision, func(Look) {})
	if err != nil {
		return err
	}
	s.Terminal.Say("The pods that were judged are the pods that are promoted:")
	s.Terminal.Output(comparison(r.Judged, after.Baseline))
	if !slices.Equal(uids(r.Judged), uids(after.Baseline)) {
		return fmt.Errorf("the pods that serve now are not the ones that were judged: %v and %v", names(after.Baseline), names(r.Judged))
	}
	if n := restarts(after.Baseline); n > 0 {
		return fmt.Errorf("the promoted pods restarted %d times", n)
	}
	s.Terminal.Good("%d of %d UIDs are the same, 0 restarts: nothing was rolled out a second time.", len(after.Baseline), len(r.Judged))
	s.Terminal.Say("The Deployment made them its own, so its history goes on as ever:")
	s.serving, s.revised = a.version, after.Canary.Status.ObservedRevision
	return s.shown(ctx, "--namespace", s.Cluster.Key.Namespace, "rollout", "history", "deployment/"+s.Cluster.Key.Name)
}

// refused shows that the baseline never had to give anything up, and what the person on call reads.
func (s *Story) refused(ctx context.Context, before Look, r Release) error {
	if !slices.Equal(uids(before.Baseline), uids(r.End.Baseline)) {
		return fmt.Errorf("the baseline's pods changed: %v before, %v after", names(before.Baseline), names(r.End.Baseline))
	}
	if n := len(r.End.Candidate); n > 0 {
		return fmt.Errorf("%d pods of the refused candidate are left: %v", n, names(r.End.Candidate))
	}
	if !r.End.Deployment.Spec.Paused {
		return fmt.Errorf("the Deployment is not paused, so that it would roll the refused template out by itself")
	}
	s.Terminal.Good("Baseline %s kept its %d pods all the time; the candidate is gone, and the Deployment does not roll it out by itself.", s.serving, len(r.End.Baseline))
	if err := s.told(ctx, r.Revision); err != nil {
		return err
	}
	refusal, err := s.Kubectl.Output(ctx, "--namespace", s.Cluster.Key.Namespace, "describe", "canary", s.Cluster.Key.Name)
	s.refusal = fmt.Sprintf("It is %s, right after %s was refused:\n\n%s", time.Now().UTC().Format("15:04:05Z"), r.Revision, refusal)
	return err
}

// told waits for the event about a refused revision on the Deployment: events are written a moment after the status.
func (s *Story) told(ctx context.Context, revision string) error {
	args := []string{"--namespace", s.Cluster.Key.Namespace, "events", "--for", "deployment/" + s.Cluster.Key.Name, "--types", "Warning"}
	for range 20 {
		out, err := s.Kubectl.Output(ctx, args...)
		if err != nil {
			return err
		}
		if about := linesAbout(out, revision); about != "" {
			s.Terminal.Say("Whoever is on call finds this, on the Canary and on the Deployment:")
			s.Terminal.Command("kubectl " + strings.Join(args, " ") + " | grep " + revision)
			s.Terminal.Output(about)
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
	}
	return fmt.Errorf("no event on the Deployment tells that revision %s was refused", revision)
}

// linesAbout are the lines of text that contain word.
func linesAbout(text, word string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// comparison is a table of the pods judged and the pods that serve, those with the same name beside each other.
func comparison(judged, serving []corev1.Pod) string {
	row := func(pods []corev1.Pod, name string) string {
		for _, pod := range pods {
			if pod.Name == name {
				return fmt.Sprintf("%s  %s", pod.Name, short(string(pod.UID)))
			}
		}
		return "-"
	}
	all := append(names(judged), names(serving)...)
	slices.Sort(all)
	var b strings.Builder
	fmt.Fprintf(&b, "%-44s %s\n", "judged under all the traffic (UID)", "the Deployment's own now (UID)")
	for _, name := range slices.Compact(all) {
		fmt.Fprintf(&b, "%-44s %s\n", row(judged, name), row(serving, name))
	}
	return b.String()
}

// short is enough of a UID to be told from others.
func short(uid string) string { return uid[:min(len(uid), 13)] }

func names(pods []corev1.Pod) []string {
	out := make([]string, 0, len(pods))
	for _, pod := range pods {
		out = append(out, pod.Name)
	}
	slices.Sort(out)
	return out
}

func restarts(pods []corev1.Pod) int32 {
	var n int32
	for _, pod := range pods {
		for _, c := range pod.Status.ContainerStatuses {
			n += c.RestartCount
		}
	}
	return n
}
