package analysistest

import (
	"time"

	"github.com/serin-dev/serin/analysis"
)

// unit is what is counted apart.
type unit struct {
	metric string
	arm    analysis.Arm
	pod    string
}

// Merge adds up observations of the same metric, arm and pod, so that many looks can be compared with one. The order of first appearance is kept; a window becomes the one that spans all.
func Merge(obs []analysis.Observation) []analysis.Observation {
	var merged []analysis.Observation
	at := make(map[unit]int, len(obs))
	for _, o := range obs {
		u := unit{o.Metric, o.Arm, o.Pod}
		i, known := at[u]
		if !known {
			at[u] = len(merged)
			merged = append(merged, o)
			continue
		}
		m := &merged[i]
		m.Requests += o.Requests
		m.Errors += o.Errors
		m.Latency = m.Latency.Merge(o.Latency)
		m.Window = analysis.Window{From: earlier(m.Window.From, o.Window.From), To: later(m.Window.To, o.Window.To)}
	}
	return merged
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
