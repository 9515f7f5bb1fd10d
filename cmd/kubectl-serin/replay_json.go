package main

import (
	"encoding/json"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/cmd/kubectl-serin/replay"
)

// replayJSON is the replay for programs. Values that are not known, and bounds that the evidence does not set, are left out.
type replayJSON struct {
	Canary    string        `json:"canary"`
	Namespace string        `json:"namespace"`
	Baseline  string        `json:"baseline"`
	Candidate string        `json:"candidate"`
	Policy    string        `json:"policy"`
	Outcome   string        `json:"outcome"`
	At        string        `json:"at"`
	Step      int           `json:"step"`
	Steps     int           `json:"steps"`
	Weight    int32         `json:"weight"`
	Reason    string        `json:"reason"`
	Message   string        `json:"message"`
	Recorded  *recordedJSON `json:"recorded,omitempty"`
	Notes     []string      `json:"notes"`
	Looks     []lookJSON    `json:"looks"`
}

type recordedJSON struct {
	Outcome string `json:"outcome"`
	At      string `json:"at"`
	Message string `json:"message,omitempty"`
}

type lookJSON struct {
	From    string       `json:"from"`
	To      string       `json:"to"`
	Weight  int32        `json:"weight"`
	Planned int32        `json:"planned"`
	Verdict string       `json:"verdict"`
	Message string       `json:"message"`
	Metrics []metricJSON `json:"metrics"`
	Events  []eventJSON  `json:"events,omitempty"`
}

type metricJSON struct {
	Name              string   `json:"name"`
	Verdict           string   `json:"verdict"`
	Message           string   `json:"message"`
	Unit              string   `json:"unit"`
	Baseline          *float64 `json:"baseline,omitempty"`
	Candidate         *float64 `json:"candidate,omitempty"`
	Difference        *float64 `json:"difference,omitempty"`
	Low               *float64 `json:"low,omitempty"`
	High              *float64 `json:"high,omitempty"`
	Limit             *float64 `json:"limit,omitempty"`
	BaselineRequests  float64  `json:"baselineRequests"`
	CandidateRequests float64  `json:"candidateRequests"`
}

type eventJSON struct {
	At      string `json:"at"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// json is the replay for programs.
func (r replayed) json() (string, error) {
	told := replayJSON{
		Canary: r.header.Canary, Namespace: r.header.Namespace, Baseline: r.header.Baseline.Name, Candidate: r.header.Candidate.Name, Policy: r.under,
		Outcome: string(r.Outcome), At: stamp(r.At), Step: r.Step, Steps: r.Steps, Weight: r.Weight, Reason: r.Reason, Message: r.Message,
		Notes: append([]string{}, r.notes()...),
	}
	if r.end != nil {
		told.Recorded = &recordedJSON{string(r.end.Outcome), stamp(r.end.At), r.end.Message}
	}
	for _, l := range r.Looks {
		told.Looks = append(told.Looks, lookOf(l))
	}
	text, err := json.MarshalIndent(told, "", "  ")
	return string(text) + "\n", err
}

func lookOf(l replay.Look) lookJSON {
	told := lookJSON{
		From: stamp(l.Window.From), To: stamp(l.Window.To), Weight: l.Served, Planned: l.Planned,
		Verdict: l.Report.Verdict.String(), Message: l.Report.Message, Metrics: []metricJSON{},
	}
	for _, m := range l.Report.Results {
		told.Metrics = append(told.Metrics, metricOf(m))
	}
	for _, e := range l.Events {
		told.Events = append(told.Events, eventJSON{stamp(e.At), e.Reason, e.Message})
	}
	return told
}

func metricOf(m analysis.Result) metricJSON {
	return metricJSON{
		Name: m.Name, Verdict: m.Verdict.String(), Message: m.Message, Unit: m.Unit.String(),
		Baseline: known(m.Baseline), Candidate: known(m.Candidate), Difference: known(m.Difference), Low: known(m.Low), High: known(m.High), Limit: known(m.Limit),
		BaselineRequests: m.BaselineRequests, CandidateRequests: m.CandidateRequests,
	}
}
