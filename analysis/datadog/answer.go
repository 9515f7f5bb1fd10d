package datadog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
)

// answer is what the questions of a plan brought: series by question.
type answer struct {
	// times are the begins of the buckets, in milliseconds.
	times  []int64
	series [][]series
}

// series is a number per bucket, of one pod where the question is grouped.
type series struct {
	pod    string
	values []*float64
}

// errShape begins the text of answers that contradict themselves.
var errShape = fmt.Errorf("%w: it contradicts itself", analysis.ErrNonsense)

// read takes an answer apart, and refuses one that is not whole.
func read(a *datadogV2.TimeseriesResponseAttributes, questions []query) (*answer, error) {
	if len(a.Series) != len(a.Values) {
		return nil, fmt.Errorf("%w: it has %d series, but values of %d", errShape, len(a.Series), len(a.Values))
	}
	for i, t := range a.Times {
		if t < 0 || i > 0 && t <= a.Times[i-1] {
			return nil, fmt.Errorf("%w: its times are not in order", errShape)
		}
	}
	out := &answer{times: a.Times, series: make([][]series, len(questions))}
	for i, head := range a.Series {
		at := 0
		if head.QueryIndex != nil {
			at = int(*head.QueryIndex)
		}
		switch {
		case head.QueryIndex == nil && len(questions) > 1:
			return nil, fmt.Errorf("%w: a series does not say what it answers", errShape)
		case at < 0 || at >= len(questions):
			return nil, fmt.Errorf("%w: it answers question %d of %d", errShape, at+1, len(questions))
		case len(a.Values[i]) != len(a.Times):
			return nil, fmt.Errorf("%w: a series has %d values at %d times", errShape, len(a.Values[i]), len(a.Times))
		}
		if err := out.add(at, series{pod: pod(head.GroupTags, questions[at].by), values: a.Values[i]}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mostOfBucket is the most that is believed of ten seconds of one pod, and far beyond any.
const mostOfBucket = 1e12

// add adds a series. One that comes twice counts once; two that differ are no answer.
func (a *answer) add(at int, s series) error {
	for _, v := range s.values {
		if v != nil && !(*v >= 0 && *v <= mostOfBucket) {
			return fmt.Errorf("%w: it counts %v", errShape, *v)
		}
	}
	for _, other := range a.series[at] {
		if other.pod != s.pod {
			continue
		}
		if slices.EqualFunc(other.values, s.values, same) {
			return nil
		}
		return fmt.Errorf("%w: it has two different series for one thing", errShape)
	}
	a.series[at] = append(a.series[at], s)
	return nil
}

func same(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }

// pod reads the tag that a question is grouped by; empty when only the arm is known.
func pod(tags []string, by string) string {
	if by == "" {
		return ""
	}
	for _, tag := range tags {
		if value, ok := strings.CutPrefix(tag, by+":"); ok {
			return value
		}
	}
	return ""
}

// find is the series of a pod; nil when there is none.
func (a *answer) find(at int, pod string) []*float64 {
	if at == none {
		return nil
	}
	for _, s := range a.series[at] {
		if s.pod == pod {
			return s.values
		}
	}
	return nil
}

// value is that of one bucket; nil where there is none.
func value(values []*float64, i int) *float64 {
	if i < len(values) {
		return values[i]
	}
	return nil
}

// within are the places of the buckets of a window. Where the backend answers in longer buckets than asked for, only those
// that lie wholly in the window count: a later call may have shorter ones again.
func (a *answer) within(s span) []int {
	step := a.step(s.step)
	var out []int
	for i, t := range a.times {
		if t >= s.from && t < s.to && (step <= s.step || t+step <= s.to) {
			out = append(out, i)
		}
	}
	return out
}

// step is the length of the buckets that came.
func (a *answer) step(asked int64) int64 {
	if len(a.times) < 2 {
		return asked
	}
	step := a.times[1] - a.times[0]
	for i := 2; i < len(a.times); i++ {
		step = min(step, a.times[i]-a.times[i-1])
	}
	return step
}
