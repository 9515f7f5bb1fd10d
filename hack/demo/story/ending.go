package story

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/hack/demo/load"
)

// Refusal shows what a person on call read, as it was when they needed it.
func (s *Story) Refusal(ctx context.Context) error {
	if s.refusal == "" {
		return nil
	}
	namespace, name := s.Cluster.Key.Namespace, s.Cluster.Key.Name
	s.Terminal.Heading("What on-call sees")
	s.Terminal.Command(fmt.Sprintf("kubectl --namespace %s describe canary %s", namespace, name))
	s.Terminal.Output(s.refusal)
	s.Terminal.Say("And on the Deployment, until now:")
	return s.shown(ctx, "--namespace", namespace, "events", "--for", "deployment/"+name)
}

// Account tells what happened to every request. An error means that somebody other than the demo made one fail.
func (s *Story) Account(total load.Summary) error {
	s.Terminal.Heading("Every request")
	r, w := total.Requests, total.WebSockets
	s.Terminal.Output(fmt.Sprintf(`requests in %.0f s                 %7d
failed                            %7d
  injected by the demo itself     %7d   %s
  caused by the platform or Serin %7d
WebSockets kept open              %7d
  said goodbye to, reopened       %7d   when their pod left
  broken                          %7d`,
		total.ElapsedSeconds, r.Total, r.Total-r.OK, r.Injected, injectedBy(r), harm(r), w.Wanted, w.CleanDisconnects, w.UncleanDisconnects+w.FailedDials))
	if harm(r) == 0 && total.Clean() {
		s.Terminal.Good("No request and no connection failed but those that the demo itself made fail.")
		return nil
	}
	return fmt.Errorf("the platform or Serin failed %d requests and %d WebSockets:%s", harm(r), w.UncleanDisconnects+w.FailedDials, samples(append(r.Samples, w.Samples...)))
}

// injectedBy says which versions failed on purpose, and how often.
func injectedBy(r load.Requests) string {
	var parts []string
	for _, version := range slices.Sorted(maps.Keys(r.ByVersion)) {
		if v := r.ByVersion[version]; v.Injected > 0 {
			parts = append(parts, fmt.Sprintf("%.1f%% of the %d requests that %s answered", 100*float64(v.Injected)/float64(v.Total), v.Total, version))
		}
	}
	return strings.Join(parts, ", ")
}

// harm counts the requests that failed though nobody asked for it.
func harm(r load.Requests) uint64 { return r.FailedByPlatform + r.Unexpected }

func samples(all []load.Sample) string {
	var b strings.Builder
	for _, one := range all {
		fmt.Fprintf(&b, "\n    %s %s: status %d after %.3f s from %q (%s): %s %s", one.Time.Format("15:04:05.000"), one.Outcome, one.Status,
			one.LatencySeconds, one.Pod, one.Version, one.Error, one.Body)
	}
	return b.String()
}

// ErrInterrupted is the cause of a context that a person ended.
var ErrInterrupted = errors.New("interrupted")
