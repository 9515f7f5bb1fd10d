package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
)

// answer is what a command gave.
type answer struct {
	code     int
	out, err string
}

// ask runs a command in a folder.
func ask(t *testing.T, folder, input string, args ...string) answer {
	t.Helper()
	t.Chdir(folder)
	var out, err bytes.Buffer
	code := run(t.Context(), args, streams{in: strings.NewReader(input), out: &out, err: &err, clock: clock.RealClock{}})
	return answer{code, out.String(), err.String()}
}

// canary is the policy of the release that is recorded below.
const canary = `apiVersion: v1
kind: Service
metadata: {name: read-api}
---
apiVersion: serin.dev/v1alpha1
kind: Canary
metadata: {name: read-api}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: read-api}
  steps:
  - {weight: 10, bake: 2m}
  - {weight: 50, bake: 2m}
  - {weight: 100, bake: 1m}
  analysis:
    metrics:
    - name: errors
      errorRate: {maxIncrease: {absolute: 0.1%}}
    - name: latency
      latency: {quantile: p95, maxIncrease: {relative: 10%}}
`

// slow is another policy: longer at a lower weight.
const slow = `apiVersion: serin.dev/v1alpha1
kind: Canary
metadata: {name: read-api}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: read-api}
  steps:
  - {weight: 5, bake: 10m}
  - {weight: 100, bake: 1m}
  analysis:
    metrics:
    - name: errors
      errorRate: {maxIncrease: {absolute: 0.1%}}
    - name: latency
      latency: {quantile: p95, maxIncrease: {relative: 10%}}
`

var began = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// folder holds the files that the documentation speaks of.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	good, bad := release(1), release(25)
	for name, text := range map[string]string{
		"canary.yaml": canary, "slow.yaml": slow,
		"good.jsonl": record(t, header(), good), "good.trace": compact(t, header(), good),
		"bad.jsonl": record(t, lax(), bad), "bad.trace": compact(t, lax(), bad),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// header of the recorded release.
func header() trace.Header {
	return trace.Header{
		Canary: "read-api", Namespace: "shop",
		Baseline: trace.Revision{Name: "6c8d7f9b5d", Pods: "read-api-6c8d7f9b5d-"}, Candidate: trace.Revision{Name: "7b5f8c9d4f", Pods: "read-api-7b5f8c9d4f-"},
		Policy: analysis.Policy{
			Criteria: []analysis.Criterion{
				{Name: "errors", Errors: true, Absolute: 0.001},
				{Name: "latency", Quantile: 0.95, Relative: 0.1},
			},
			FalseRollbackRate: 0.01, MinRequests: 50, WarmUp: 30 * time.Second,
		},
		Steps:    []trace.Step{{Weight: 10, Bake: 2 * time.Minute}, {Weight: 50, Bake: 2 * time.Minute}, {Weight: 100, Bake: time.Minute}},
		Interval: 15 * time.Second, Deadline: 15 * time.Minute, OnInconclusive: "RollBack",
	}
}

// lax is the header of the same release under a policy that tolerates nearly everything.
func lax() trace.Header {
	h := header()
	h.Policy.Criteria[0].Absolute = 0.05
	return h
}

// release is a release of 100 requests a second at four pods. The candidate has so many times the baseline's errors.
func release(worse float64) []analysis.Look {
	random := rand.New(rand.NewPCG(11, 12))
	var looks []analysis.Look
	at := began
	for _, step := range []struct{ weight, next, candidates, looks int }{{0, 0, 0, 40}, {10, 50, 1, 8}, {50, 100, 2, 8}, {100, 100, 4, 4}} {
		for range step.looks {
			l := analysis.Look{Window: analysis.Window{From: at, To: at.Add(15 * time.Second)}, Weight: int32(step.weight), Next: int32(step.next)}
			for arm, n := range []int{4, step.candidates} {
				requests := 1500 * []float64{float64(100 - step.weight), float64(step.weight)}[arm] / 100 / float64(max(n, 1))
				for i := range n {
					name := []string{"read-api-6c8d7f9b5d-", "read-api-7b5f8c9d4f-"}[arm] + []string{"4kz7x", "9m2vq", "c6wls", "t8rjd", "h5xnb", "q7l2d", "z3vpk", "w9c4m"}[4*arm+i]
					since := []time.Time{began.Add(-26 * time.Hour), began.Add(9 * time.Minute)}[arm]
					l.Pods = append(l.Pods, analysis.Pod{Name: name, Arm: analysis.Arm(arm), ReadySince: since})
					if requests > 0 {
						l.Observations = append(l.Observations, pod(random, analysis.Arm(arm), name, l.Window, requests, []float64{1, worse}[arm])...)
					}
				}
			}
			at = l.Window.To
			looks = append(looks, l)
		}
		at = at.Add(5 * time.Second) // the route settles
	}
	return looks
}

// pod is what one pod did in a look: 0.2% errors, and log-normal durations around 60ms.
func pod(random *rand.Rand, arm analysis.Arm, name string, w analysis.Window, requests, worse float64) []analysis.Observation {
	e := analysis.Observation{Metric: "errors", Arm: arm, Pod: name, Window: w, Requests: math.Round(requests + random.NormFloat64()*math.Sqrt(requests))}
	l := analysis.Observation{Metric: "latency", Arm: arm, Pod: name, Window: w, Requests: e.Requests}
	lower := 0.0
	for _, upper := range []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, math.Inf(1)} {
		l.Latency = append(l.Latency, analysis.Bucket{Lower: lower, Upper: upper})
		lower = upper
	}
	for range int(e.Requests) {
		if random.Float64() < 0.002*worse {
			e.Errors++
		}
		seconds := 0.06 * math.Exp(0.6*random.NormFloat64())
		for i := range l.Latency {
			if seconds <= l.Latency[i].Upper {
				l.Latency[i].Count++
				break
			}
		}
	}
	return []analysis.Observation{e, l}
}

// promoted is how both recorded releases ended.
func promoted() trace.End {
	return trace.End{At: began.Add(15*time.Minute + 16*time.Second), Outcome: trace.Promoted, Message: "every step passed"}
}

func record(t *testing.T, h trace.Header, looks []analysis.Look) string {
	t.Helper()
	var text strings.Builder
	w, err := trace.NewWriter(&text, h, 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range looks {
		if err := w.Look(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(promoted()); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func compact(t *testing.T, h trace.Header, looks []analysis.Look) string {
	t.Helper()
	c := trace.NewCompact(h)
	for _, l := range looks {
		if err := c.Look(l); err != nil {
			t.Fatal(err)
		}
	}
	packed, err := c.Pack(promoted(), 6<<10)
	if err != nil {
		t.Fatal(err)
	}
	return trace.Text(packed)
}

// broken is an output that takes nothing.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAnAnswerThatCannotBeWrittenIsNoBadInput(t *testing.T) {
	var told bytes.Buffer
	if code := run(t.Context(), []string{"version"}, streams{out: broken{}, err: &told}); code != exitFailed || !strings.Contains(told.String(), "the answer can't be written: no space left") {
		t.Errorf("exit code %d: %s", code, told.String())
	}
}

func TestVersionNamesThePluginAndItsToolchain(t *testing.T) {
	got := ask(t, t.TempDir(), "", "version")
	if got.code != exitFine || !strings.HasPrefix(got.out, "kubectl-serin ") || !strings.Contains(got.out, " go1.") {
		t.Errorf("%+v", got)
	}
	var told struct{ Version, Go string }
	if err := json.Unmarshal([]byte(ask(t, t.TempDir(), "", "version", "-o", "json").out), &told); err != nil || told.Version == "" || !strings.HasPrefix(told.Go, "go1.") {
		t.Errorf("%v: %+v", err, told)
	}
}

func TestAMistypedCommandIsToldWhatThereIs(t *testing.T) {
	got := ask(t, t.TempDir(), "", "reply")
	if got.code != exitBadInput || !strings.HasPrefix(got.err, `kubectl serin: unknown command "reply" for "kubectl serin"`) || !strings.Contains(got.err, "replay") {
		t.Errorf("%+v", got)
	}
}
