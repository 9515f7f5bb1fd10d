package story

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/hack/demo/load"
	"github.com/serin-dev/serin/hack/demo/view"
)

// push is a change of the Deployment's template that is being watched.
type push struct {
	title               string
	baseline, candidate string // versions
	at                  time.Time
}

// frame puts together what the cluster and what the callers say. Before Serin has noticed a push, its status is about something else.
func frame(p push, l Look, noticed bool, now load.Summary, recent map[string]load.Recent, at time.Time) view.Frame {
	s := l.Canary.Status
	f := view.Frame{
		Title: p.title, Elapsed: at.Sub(p.at),
		Baseline:  arm(p.baseline, l, recent),
		Candidate: arm(p.candidate, l, recent),
		Failures: view.Failures{
			Platform: now.Requests.FailedByPlatform + now.Requests.Unexpected, Injected: now.Requests.Injected,
			SocketsOpen: now.WebSockets.Open, SocketsWanted: now.WebSockets.Wanted,
			SocketsBroken: now.WebSockets.UncleanDisconnects + now.WebSockets.FailedDials,
		},
	}
	if !noticed {
		f.Phase = "pushed"
		return f
	}
	f.Phase, f.Step, f.Verdict, f.Weight, f.Message = string(s.Phase), s.Step, s.Verdict, s.Weight, s.Message
	if s.Phase == v1alpha1.PhaseSucceeded || s.Phase == v1alpha1.PhaseFinalizing && l.lastOutcome() == v1alpha1.ReasonPromoted {
		f.Weight = 100 // there is no split any more: the candidate is all there is
	}
	if s.Analysis == nil {
		return f
	}
	if s.Analysis.Until != nil {
		f.LookAge = max(at.Sub(s.Analysis.Until.Time), 0)
	}
	for _, m := range s.Analysis.Metrics {
		f.Metrics = append(f.Metrics, view.Metric{
			Name: m.Name, Baseline: m.Baseline, Candidate: m.Candidate, Difference: m.Difference, Limit: m.Limit, Verdict: m.Verdict,
			BaselineRequests: m.BaselineRequests, CandidateRequests: m.CandidateRequests,
		})
	}
	return f
}

func arm(version string, l Look, recent map[string]load.Recent) view.Arm {
	r, pods := recent[version], l.of(version)
	return view.Arm{Version: version, Pods: len(pods), Ready: ready(pods), Requests: r.Requests, Failed: r.Failed, P95: r.P95}
}
