package datadog

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

func errorsOnly() []analysis.Query { return []analysis.Query{{Metric: "errors", Errors: true}} }

func TestTheDelayFollowsWhatTheBackendShows(t *testing.T) {
	for name, test := range map[string]struct {
		late        time.Duration
		least, most time.Duration
	}{
		"points that come at once":         {0, 10 * time.Second, 15 * time.Second},
		"points that are 20 s late":        {20 * time.Second, 20 * time.Second, 45 * time.Second},
		"points that are a minute late":    {time.Minute, time.Minute, 75 * time.Second},
		"points that are hopelessly late":  {10 * time.Minute, 10 * time.Second, 2 * time.Minute},
		"points that are 100 seconds late": {100 * time.Second, 100 * time.Second, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemorySource(t, "apm", &datadogtest.Server{Store: constant{}, Late: test.late})
				all := crowd(t, s, 1, 30*time.Minute)
				if got := s.lateness.of(bucket); got < test.least || got > test.most {
					t.Errorf("a bucket is deemed complete after %v", got)
				}
				// Once the delay is learned nothing is lost.
				if expected := 10 * 60 * 24.0; test.late <= 100*time.Second && all[0].requests < expected {
					t.Errorf("%v requests were counted, of %v at least", all[0].requests, expected)
				}
			})
		})
	}
}

func TestAWindowIsNotAnsweredBeforeItIsComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &datadogtest.Server{Store: constant{}}
		s := inMemorySource(t, "apm", backend)
		from := time.Now().Add(-time.Minute)
		_, err := s.Count(t.Context(), subjectOf("a"), errorsOnly(), []analysis.Window{{From: from, To: time.Now()}})
		var later *analysis.ThrottledError
		if !errors.As(err, &later) || later.After < 30*time.Second || later.After > 40*time.Second || errors.Is(err, analysis.ErrRejected) {
			t.Fatalf("a window that is just over: %v", err)
		}
		if asked, _ := backend.Requests(); asked > 0 {
			t.Errorf("the backend was asked %d times", asked)
		}
		window := []analysis.Window{{From: from, To: time.Now()}}
		time.Sleep(later.After)
		obs, err := s.Count(t.Context(), subjectOf("a"), errorsOnly(), window)
		if err != nil || len(obs) != 2 || obs[0].Requests != 600 {
			t.Errorf("later: %v, %v", obs, err)
		}
	})
}

func TestWindowsThatAreCompleteDoNotWaitForLaterOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemorySource(t, "apm", &datadogtest.Server{Store: constant{}})
		now := time.Now()
		ws := []analysis.Window{{From: now.Add(-75 * time.Second), To: now.Add(-60 * time.Second)}, {From: now.Add(-15 * time.Second), To: now}}
		obs, err := s.Count(t.Context(), subjectOf("a"), errorsOnly(), ws)
		if err != nil || len(obs) != 2 || obs[0].Window != ws[0] {
			t.Errorf("%v, %v", obs, err)
		}
	})
}

func TestNoRequestsAreNotMistakenForLatePoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemorySource(t, "apm", &datadogtest.Server{Store: &datadogtest.Pods{}})
		all := crowd(t, s, 1, 10*time.Minute)
		if got := s.lateness.of(bucket); got != firstDelay || all[0].looks < 35 {
			t.Errorf("a bucket is deemed complete after %v; %d looks", got, all[0].looks)
		}
	})
}

func TestTrailsAreForgotten(t *testing.T) {
	l := newLateness()
	now := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	for i := range 3 * mostTrails {
		p := &plan{questions: []query{{text: string(rune('a' + i))}}}
		l.learn(p, &answer{}, span{step: bucket.Milliseconds()}, now)
		if len(l.trails) > mostTrails {
			t.Fatalf("%d trails are kept", len(l.trails))
		}
	}
}
