package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// TestHealthyReleasesAreNotRolledBackAndGoOnSchedule bounds both for independent requests; the benchmark in test/decisions does so for worlds
// that are worse.
func TestHealthyReleasesAreNotRolledBackAndGoOnSchedule(t *testing.T) {
	const releases = 60
	onTime, failed := 0, 0
	for seed := range uint64(releases) {
		s, e := healthy(seed, 100), New(usual())
		s.learn(e)
		switch end := s.release(e, nil); {
		case end.verdict == analysis.Fail:
			failed++
		case end.verdict == analysis.Pass && end.after <= 11*time.Minute:
			onTime++
		}
	}
	if failed > 1 { // at a rate of 1%, two or more of 60 happen in one run of eight
		t.Errorf("%d of %d healthy releases were rolled back", failed, releases)
	}
	if onTime < releases*8/10 {
		t.Errorf("%d of %d healthy releases were promoted within 11 minutes", onTime, releases)
	}
}

func TestRegressionsAreFoundInTime(t *testing.T) {
	for name, c := range map[string]struct {
		worsen func(*service)
		within time.Duration // in which half of the releases must be rolled back
	}{
		"errors 0.2% to 1%":     {func(s *service) { s.errors[1] = 0.01 }, 5 * time.Minute},
		"errors 0.2% to 5%":     {func(s *service) { s.errors[1] = 0.05 }, 75 * time.Second},
		"errors 0.2% to 50%":    {func(s *service) { s.errors[1] = 0.5 }, 30 * time.Second},
		"no success at all":     {func(s *service) { s.errors[1] = 1 }, 30 * time.Second},
		"p95 up by half":        {func(s *service) { s.slower[1] = 1.5 }, 4 * time.Minute},
		"p95 doubled":           {func(s *service) { s.slower[1] = 2 }, 2 * time.Minute},
		"arms only, errors 5%":  {func(s *service) { s.whole, s.errors[1] = true, 0.05 }, 3 * time.Minute},
		"arms only, p95 x2":     {func(s *service) { s.whole, s.slower[1] = true, 2 }, 5 * time.Minute},
		"p95 numbers, p95 x2":   {func(s *service) { s.scalar, s.slower[1] = true, 2 }, 5 * time.Minute},
		"single candidate pod":  {func(s *service) { s.pods[1], s.errors[1] = 1, 0.05 }, 90 * time.Second},
		"a hundred pods an arm": {func(s *service) { s.pods, s.errors[1] = [2]int{100, 100}, 0.05 }, 90 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			const releases = 15
			var times []time.Duration
			for seed := range uint64(releases) {
				s, e := healthy(seed, 100), New(usual())
				c.worsen(s)
				s.learn(e)
				end := s.release(e, nil)
				if end.verdict != analysis.Fail {
					end.after = time.Hour
				}
				times = append(times, end.after)
			}
			slices.Sort(times)
			if got := times[releases/2]; got > c.within {
				t.Errorf("half of the releases are rolled back only after %v, want %v; all: %v", got, c.within, times)
			}
		})
	}
}

func TestARegressionThatBeginsLateIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		begins func(after time.Duration, weight int32) bool
		within time.Duration
	}{
		"after 7 minutes":    {func(after time.Duration, _ int32) bool { return after >= 7*time.Minute }, 10 * time.Minute},
		"at a weight of 50":  {func(_ time.Duration, weight int32) bool { return weight >= 50 }, 8 * time.Minute},
		"at a weight of 100": {func(_ time.Duration, weight int32) bool { return weight == 100 }, 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := healthy(3, 300), New(usual())
			s.learn(e)
			end := s.release(e, func(after time.Duration, weight int32) {
				if c.begins(after, weight) {
					s.errors[1] = 0.05
				}
			})
			if end.verdict != analysis.Fail || end.after > c.within {
				t.Errorf("got %v after %v at %d%%", end.verdict, end.after, end.weight)
			}
		})
	}
}

func TestBothArmsGettingWorseTogetherIsNotTheCandidatesFault(t *testing.T) {
	for name, worsen := range map[string]func(*service){
		"slower":  func(s *service) { s.slower = [2]float64{2, 2} },
		"failing": func(s *service) { s.errors = [2]float64{0.3, 0.3} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(10) {
				s, e := healthy(seed, 100), New(usual())
				s.learn(e)
				end := s.release(e, func(after time.Duration, _ int32) {
					if after == 3*time.Minute {
						worsen(s)
					}
				})
				if end.verdict == analysis.Fail {
					t.Errorf("seed %d: %s", seed, end.report.Message)
				}
			}
		})
	}
}

func TestAnIncidentAtFullWeightDoesNotRollBack(t *testing.T) {
	for seed := range uint64(10) {
		s, e := healthy(seed, 200), New(usual())
		s.learn(e)
		looks := 0
		end := s.release(e, func(_ time.Duration, weight int32) {
			s.errors = [2]float64{0.002, 0.002}
			if weight == 100 {
				if looks++; looks <= 4 {
					s.errors[1] = 0.05
				}
			}
		})
		if end.verdict != analysis.Pass {
			t.Errorf("seed %d: %v after %v: %s", seed, end.verdict, end.after, end.report.Message)
		}
	}
}

func TestOneStalledPodDoesNotDecide(t *testing.T) {
	for seed := range uint64(5) {
		s, e := healthy(seed, 100), New(usual())
		s.learn(e)
		for range 4 {
			e.Look(s.look(30, 40))
		}
		l := s.look(30, 40)
		for i := range l.Observations {
			if o := &l.Observations[i]; o.Pod == "pod-1-3" && o.Metric == "errors" {
				o.Errors = o.Requests
			}
		}
		if r := e.Look(l); r.Verdict == analysis.Fail {
			t.Errorf("seed %d: %s", seed, r.Message)
		}
	}
}

func TestTooLittleTrafficIsInconclusiveAndSaysWhatIsMissing(t *testing.T) {
	s, e := healthy(1, 2), New(usual())
	s.learn(e)
	var r analysis.Report
	for i := range 8 {
		r = e.Look(s.look(40, 50))
		if r.Verdict != analysis.Inconclusive {
			t.Fatalf("look %d: %v: %s", i, r.Verdict, r.Message)
		}
	}
	if !strings.Contains(r.Message, "more") && !strings.Contains(r.Message, "needed") {
		t.Errorf("does not say what is missing: %s", r.Message)
	}
}

func TestTheSentenceIsOneThatPeopleBelieve(t *testing.T) {
	s, e := healthy(5, 100), New(usual())
	s.slower[1], s.errors[1] = 2, 0.05
	s.learn(e)
	end := s.release(e, nil)
	for _, want := range []string{"on the baseline", "allowed +", "between +", "requests"} {
		if !strings.Contains(end.report.Message, want) {
			t.Errorf("%q is missing in: %s", want, end.report.Message)
		}
	}
	for _, r := range end.report.Results {
		if r.Verdict == analysis.Fail && !(r.Low <= r.Difference && r.Difference <= r.High) {
			t.Errorf("%s: the difference %v is not between %v and %v", r.Name, r.Difference, r.Low, r.High)
		}
	}
}
