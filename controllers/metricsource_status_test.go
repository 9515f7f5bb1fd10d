package controllers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// told is a status as people read it: its conditions but for their messages, and the rest.
func toldOf(s v1alpha1.MetricSourceStatus) string {
	var parts []string
	for _, c := range s.Conditions {
		parts = append(parts, fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason))
	}
	slices.Sort(parts)
	if s.Latency != nil {
		parts = append(parts, "latency "+s.Latency.Duration.String())
	}
	if s.Budget != nil {
		parts = append(parts, fmt.Sprintf("left %d of %d", s.Budget.Left, s.Budget.Limit))
	}
	return strings.Join(parts, ", ")
}

func TestWhatASourceIsToldToBe(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	for name, test := range map[string]struct {
		seen pulse
		want string
		// message is a part of that of Ready.
		message string
	}{
		"it answers":                       {pulse{took: 12 * time.Millisecond}, "Ready=True Answering, latency 10ms", "the backend answers"},
		"it answers, and tells its budget": {pulse{took: 3 * time.Second, health: analysis.Health{Budget: &analysis.Budget{Limit: 300, Left: -1, Period: time.Hour}}}, "Ready=True Answering, latency 2s, left 0 of 300", "the backend answers"},
		"its clock is a little fast":       {pulse{health: analysis.Health{Skew: 4 * time.Second}}, "Ready=True Answering, latency 1ms", "the backend answers"},
		"its clock is fast":                {pulse{health: analysis.Health{Skew: 31 * time.Second}}, "Ready=True Skewed, latency 1ms", "about 31s ahead of the operator's: a step's counts begin with requests of as long before it"},
		"its clock is slow":                {pulse{health: analysis.Health{Skew: -31 * time.Second}}, "Ready=True Skewed, latency 1ms", "about 31s behind the operator's: every look comes as much later; have both"},
		"its clock is very slow":           {pulse{health: analysis.Health{Skew: -time.Hour}}, "Ready=True Skewed, latency 1ms", "about 1h0m0s behind the operator's: every look comes as much later, though no more than 1m0s"},
		"it is away":                       {pulse{err: errors.New("connection refused")}, "Ready=False Unreachable", "connection refused"},
		"it is throttled":                  {pulse{err: fmt.Errorf("answered 429: %w", &analysis.ThrottledError{After: time.Minute})}, "Ready=False Throttled", "no room for a question before 1m0s"},
		"something else answers":           {pulse{err: fmt.Errorf("a page: %w", analysis.ErrNonsense)}, "Ready=False Nonsense", "a page"},
		"it does not take the credentials": {pulse{err: fmt.Errorf("answered 401: %w", analysis.ErrUnauthorized)}, "Ready=False Unauthorized, Stalled=True Unauthorized", "answered 401"},
		"it refuses the question":          {pulse{err: fmt.Errorf("answered 404: %w", analysis.ErrRejected)}, "Ready=False Rejected, Stalled=True Rejected", "answered 404"},
		"its type is unknown":              {pulse{err: fmt.Errorf("%w: spec.type is x", errTypeUnknown)}, "Ready=False TypeUnknown, Stalled=True TypeUnknown", "spec.type is x"},
		"its Secret is missing":            {pulse{err: errNoSecret}, "Ready=False SecretNotFound, Stalled=True SecretNotFound", "no such Secret"},
		"its preset is none":               {pulse{err: configError{errors.New("preset: there is no preset x")}}, "Ready=False SpecInvalid, Stalled=True SpecInvalid", "there is no preset x"},
	} {
		t.Run(name, func(t *testing.T) {
			source := &v1alpha1.MetricSource{ObjectMeta: metav1.ObjectMeta{Generation: 3}}
			source.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: "Before"}}
			test.seen.at = at
			test.seen.describe(source)
			same(t, "the status", toldOf(source.Status), test.want)
			for _, c := range source.Status.Conditions {
				if !strings.Contains(c.Message, test.message) || c.ObservedGeneration != 3 {
					t.Errorf("%s of generation %d says %q, want %q", c.Type, c.ObservedGeneration, c.Message, test.message)
				}
			}
			if source.Status.ObservedGeneration != 3 {
				t.Errorf("generation %d", source.Status.ObservedGeneration)
			}
		})
	}
}

// TestAStatusIsWrittenForPeople compares a status with the one before.
func TestAStatusIsWrittenForPeople(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	well := func(after, took time.Duration, left int) pulse {
		return pulse{took: took, answered: at.Add(after), health: analysis.Health{Budget: &analysis.Budget{Limit: 100, Left: left}}}
	}
	ill := func(text string) pulse { return pulse{err: errors.New(text), answered: at} }
	for name, test := range map[string]struct {
		before, after pulse
		want          bool
	}{
		"the same a minute later":                   {well(0, 1e7, 90), well(time.Minute, 1e7, 90), false},
		"an hour later":                             {well(0, 1e7, 90), well(time.Hour, 1e7, 90), true},
		"twice as slow":                             {well(0, 1e7, 90), well(time.Minute, 2e7, 90), false},
		"ten times as slow":                         {well(0, 1e7, 90), well(time.Minute, 1e8, 90), true},
		"ten times as fast":                         {well(0, 1e8, 90), well(time.Minute, 1e7, 90), true},
		"the budget is used":                        {well(0, 1e7, 90), well(time.Minute, 1e7, 30), false},
		"the budget becomes scarce":                 {well(0, 1e7, 90), well(time.Minute, 1e7, 10), true},
		"the budget is there again":                 {well(0, 1e7, 10), well(time.Minute, 1e7, 90), true},
		"it goes away":                              {well(0, 1e7, 90), ill("no route"), true},
		"it comes back":                             {ill("no route"), well(time.Minute, 1e7, 90), true},
		"it is away for another reason":             {ill("no route"), ill("connection reset"), true},
		"it is away in another attempt of the same": {ill("read tcp 10.0.0.1:41234: reset"), ill("read tcp 10.0.0.1:50001: reset"), false},
		"its clock goes wrong":                      {well(0, 1e7, 90), pulse{took: 1e7, answered: at, health: analysis.Health{Skew: time.Minute, Budget: &analysis.Budget{Limit: 100, Left: 90}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			source := &v1alpha1.MetricSource{}
			test.before.describe(source)
			before := source.Status.DeepCopy()
			test.after.describe(source)
			if got := worthWriting(*before, source.Status); got != test.want {
				t.Errorf("from %s to %s: %v", toldOf(*before), toldOf(source.Status), got)
			}
		})
	}
	source := &v1alpha1.MetricSource{}
	well(0, 1e7, 90).describe(source)
	if !worthWriting(v1alpha1.MetricSourceStatus{}, source.Status) {
		t.Error("the first status is not written")
	}
	if before := source.Status.DeepCopy(); worthWriting(*before, source.Status) {
		t.Error("the same status is written")
	}
	before := source.Status.DeepCopy()
	source.Generation++
	well(0, 1e7, 90).describe(source)
	if !worthWriting(*before, source.Status) {
		t.Error("the status of a new generation is not written")
	}
}

func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		0: time.Millisecond, 1499 * time.Microsecond: time.Millisecond, 2 * time.Millisecond: 2 * time.Millisecond, 4 * time.Millisecond: 5 * time.Millisecond,
		8 * time.Millisecond: 10 * time.Millisecond, 140 * time.Millisecond: 100 * time.Millisecond, 160 * time.Millisecond: 200 * time.Millisecond, 9 * time.Second: 10 * time.Second,
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is roughly %v, want %v", d, got, want)
		}
	}
}
