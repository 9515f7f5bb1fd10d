package trace

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// version of the format. A change that an older reader would misread takes the next one.
const version = 1

// Header says which release a trace tells of, and what the release was asked to show. It holds no query and no address, so no
// secret can be in it.
type Header struct {
	Canary, Namespace string
	// Baseline and Candidate are the revisions.
	Baseline, Candidate Revision
	// Policy that the release was judged by, and the plan that it followed.
	Policy analysis.Policy
	Steps  []Step
	// Interval is the time between two looks.
	Interval time.Duration
	// Deadline is how long a step waited for a verdict after its bake; then OnInconclusive decided, in the words of the Canary.
	Deadline       time.Duration
	OnInconclusive string
	// ArmTotals says that pods are not told apart: the trace is a compact one.
	ArmTotals bool
	// Resumed tells of a trace that begins in mid-release; nil for one that begins with the release.
	Resumed *Resumed
}

// Revision of one arm.
type Revision struct {
	Name string
	// Pods is what the names of its pods begin with. It is left out of the lines, and put back when they are read.
	Pods string
}

// Step is one weight, and the least time that it was held.
type Step struct {
	Weight   int32
	Bake     time.Duration
	Approval bool
}

// headerLine is the Header as it is written.
type headerLine struct {
	Version        int             `json:"serinTrace"`
	Canary         string          `json:"canary"`
	Namespace      string          `json:"namespace"`
	Baseline       revisionLine    `json:"baseline"`
	Candidate      revisionLine    `json:"candidate"`
	ArmTotals      bool            `json:"armTotals,omitempty"`
	Interval       duration        `json:"interval"`
	Deadline       duration        `json:"deadline"`
	OnInconclusive string          `json:"onInconclusive"`
	Steps          []stepLine      `json:"steps"`
	Policy         policyLine      `json:"policy"`
	Criteria       []criterionLine `json:"metrics"`
	Resumed        *resumedLine    `json:"resumed,omitempty"`
}

type revisionLine struct {
	Name string `json:"revision"`
	Pods string `json:"pods,omitempty"`
}

type stepLine struct {
	Weight   int32    `json:"weight"`
	Bake     duration `json:"bake"`
	Approval bool     `json:"approval,omitempty"`
}

type policyLine struct {
	FalseRollbackRate float64  `json:"falseRollbackRate"`
	MinRequests       float64  `json:"minRequests"`
	WarmUp            duration `json:"warmUp"`
}

type criterionLine struct {
	Name     string    `json:"name"`
	Errors   bool      `json:"errors,omitempty"`
	Quantile float64   `json:"quantile,omitempty"`
	Worse    direction `json:"worse,omitzero"`
	Relative float64   `json:"relative,omitempty"`
	Absolute float64   `json:"absolute,omitempty"`
	Limit    float64   `json:"limit,omitempty"`
}

func (h Header) line() headerLine {
	line := headerLine{
		Version: version, Canary: h.Canary, Namespace: h.Namespace, Baseline: revisionLine(h.Baseline), Candidate: revisionLine(h.Candidate),
		ArmTotals: h.ArmTotals, Interval: duration(h.Interval), Deadline: duration(h.Deadline), OnInconclusive: h.OnInconclusive,
		Policy: policyLine{h.Policy.FalseRollbackRate, h.Policy.MinRequests, duration(h.Policy.WarmUp)},
		Steps:  []stepLine{}, Criteria: []criterionLine{}, Resumed: h.Resumed.line(),
	}
	for _, s := range h.Steps {
		line.Steps = append(line.Steps, stepLine{s.Weight, duration(s.Bake), s.Approval})
	}
	for _, c := range h.Policy.Criteria {
		line.Criteria = append(line.Criteria, criterionLine{c.Name, c.Errors, c.Quantile, direction(c.Worse), c.Relative, c.Absolute, c.Limit})
	}
	return line
}

func (line headerLine) header() (Header, error) {
	h := Header{
		Canary: line.Canary, Namespace: line.Namespace, Baseline: Revision(line.Baseline), Candidate: Revision(line.Candidate),
		ArmTotals: line.ArmTotals, Interval: time.Duration(line.Interval), Deadline: time.Duration(line.Deadline), OnInconclusive: line.OnInconclusive,
		Policy: analysis.Policy{
			FalseRollbackRate: line.Policy.FalseRollbackRate, MinRequests: line.Policy.MinRequests, WarmUp: time.Duration(line.Policy.WarmUp),
		},
	}
	for _, s := range line.Steps {
		h.Steps = append(h.Steps, Step{s.Weight, time.Duration(s.Bake), s.Approval})
	}
	for _, c := range line.Criteria {
		h.Policy.Criteria = append(h.Policy.Criteria, analysis.Criterion{
			Name: c.Name, Errors: c.Errors, Quantile: c.Quantile, Worse: analysis.Direction(c.Worse), Relative: c.Relative, Absolute: c.Absolute, Limit: c.Limit,
		})
	}
	var err error
	h.Resumed, err = line.Resumed.resumed()
	return h, err
}

// of is the revision of an arm.
func (h Header) of(a analysis.Arm) Revision {
	if a == analysis.Candidate {
		return h.Candidate
	}
	return h.Baseline
}

// duration is written as people write it: 15s.
type duration time.Duration

// MarshalText writes 1m0s.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *duration) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	if err != nil || read < 0 {
		return fmt.Errorf("%q is no duration: write a number and its unit, such as 15s or 1m", text)
	}
	*d = duration(read)
	return nil
}

// direction in which a plain value gets worse.
type direction analysis.Direction

// MarshalText writes higher or lower.
func (d direction) MarshalText() ([]byte, error) {
	switch analysis.Direction(d) {
	case analysis.Higher:
		return []byte("higher"), nil
	case analysis.Lower:
		return []byte("lower"), nil
	case analysis.None:
	}
	return nil, fmt.Errorf("no direction in which a value gets worse: %d", d)
}

// UnmarshalText reads what MarshalText wrote.
func (d *direction) UnmarshalText(text []byte) error {
	switch string(text) {
	case "higher":
		*d = direction(analysis.Higher)
	case "lower":
		*d = direction(analysis.Lower)
	default:
		return fmt.Errorf("%q is no direction: write higher or lower", text)
	}
	return nil
}

// encode writes one line.
func encode(line any) ([]byte, error) {
	text, err := json.Marshal(line)
	return append(text, '\n'), err
}
