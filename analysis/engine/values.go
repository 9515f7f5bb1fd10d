package engine

import "github.com/serin-dev/serin/analysis"

// values is what is remembered of a metric that comes as one number per interval.
type values struct{}

// lookValues takes in one interval of a metric without counts.
func (m *metric) lookValues(v *view, _ *reading) analysis.Result {
	return m.result(v, findings{unknown: "can't be judged: one number per interval is not supported yet"})
}
