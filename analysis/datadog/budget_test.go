package datadog

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

// inMemory answers without a network, so that time can be made to pass.
type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// inMemorySource is a source whose backend is a handler.
func inMemorySource(t *testing.T, preset string, backend http.Handler) *source {
	t.Helper()
	p, err := New(analysis.Config{
		Address: "https://api.example", Preset: preset,
		Credentials: map[string][]byte{keyAPI: []byte("a"), keyApp: []byte("b")},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := p.(*source)
	s.client.HTTP.Transport = inMemory{backend}
	return s
}

// constant is a service that has served for ever.
type constant struct{}

func (constant) Between(metric string, from, to time.Time) []datadogtest.Series {
	var out []datadogtest.Series
	for _, version := range []string{"1.0", "2.0"} {
		tags := map[string]string{"service": "shop", "env": "prod", "version": version}
		if metric == "trace.http.request.hits" {
			out = append(out, datadogtest.Series{Tags: tags, Count: 10 * to.Sub(from).Seconds()})
		}
	}
	return out
}

func subjectOf(name string) analysis.Subject {
	labels := func(version string) map[string]string {
		return map[string]string{labelService: "shop", labelEnv: "prod", labelVersion: version}
	}
	return analysis.Subject{
		Namespace: "shop",
		Baseline:  analysis.Target{ReplicaSet: name + "-1", Labels: labels("1.0")},
		Candidate: analysis.Target{ReplicaSet: name + "-2", Labels: labels("2.0")},
	}
}

// looked is what a Canary saw.
type looked struct {
	looks    int
	requests float64
	failures []error
	last     time.Time
	longest  time.Duration
}

// follow looks as the operator does: windows of 15 s one after the other, at most 20 a question, later when it is told so.
func (l *looked) follow(ctx context.Context, s *source, subject analysis.Subject) {
	const interval, most = 15 * time.Second, 20
	upTo := time.Now()
	l.last = upTo
	for ctx.Err() == nil {
		var ws []analysis.Window
		for end := upTo.Add(interval); len(ws) < most && !end.After(time.Now().Add(-s.Delay())); end = end.Add(interval) {
			ws = append(ws, analysis.Window{From: end.Add(-interval), To: end})
		}
		wait := interval
		if len(ws) > 0 {
			obs, err := s.Count(ctx, subject, []analysis.Query{{Metric: "errors", Errors: true}}, ws)
			var throttled *analysis.ThrottledError
			switch {
			case err == nil:
				upTo = ws[len(ws)-1].To
				l.looks++
				l.longest, l.last = max(l.longest, time.Since(l.last)), time.Now()
				for _, o := range obs {
					if o.Arm == analysis.Candidate {
						l.requests += o.Requests
					}
				}
			case errors.As(err, &throttled):
				wait = throttled.After
			case ctx.Err() == nil:
				l.failures = append(l.failures, err)
			}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// crowd lets Canaries look for some time.
func crowd(t *testing.T, s *source, canaries int, during time.Duration) []looked {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	all := make([]looked, canaries)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			time.Sleep(rand.N(15 * time.Second)) // releases do not begin together
			all[i].follow(ctx, s, subjectOf("canary-"+strconv.Itoa(i)))
		})
	}
	group.Wait()
	return all
}

func TestFiveHundredCanariesStayUnderThePublicLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &datadogtest.Server{Store: constant{}, Limit: publicLimit, Period: publicPeriod}
		s := inMemorySource(t, "apm", backend)
		all := crowd(t, s, 500, 3*time.Hour)
		asked, refused := backend.Requests()
		least, most, longest := all[0].looks, all[0].looks, time.Duration(0)
		for i, l := range all {
			least, most, longest = min(least, l.looks), max(most, l.looks), max(longest, l.longest)
			if len(l.failures) > 0 {
				t.Errorf("canary %d failed: %v", i, l.failures[0])
			}
		}
		t.Logf("%d requests, %d refused; %d to %d looks a Canary, %v between two at most", asked, refused, least, most, longest)
		if refused > 0 || asked > 3*publicLimit*9/10 {
			t.Errorf("%d requests in three hours, %d refused", asked, refused)
		}
		if least < 5 || most > least+4 {
			t.Errorf("%d to %d looks a Canary", least, most)
		}
	})
}

func TestAFewCanariesAreNotSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &datadogtest.Server{Store: constant{}, Limit: publicLimit, Period: publicPeriod}
		all := crowd(t, inMemorySource(t, "apm", backend), 5, 10*time.Minute)
		for i, l := range all {
			if l.longest > 65*time.Second || l.looks < 35 || len(l.failures) > 0 {
				t.Errorf("canary %d: %d looks, %v between two, %v", i, l.looks, l.longest, l.failures)
			}
			// Ten a second, but for the first bucket and what is not complete yet.
			if l.requests < 10*(600-15-50-25) || l.requests > 10*600 {
				t.Errorf("canary %d counted %v requests", i, l.requests)
			}
		}
	})
}

func TestAStormOfRefusalsIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &datadogtest.Server{Store: constant{}, Limit: 600, Period: time.Minute}
		s := inMemorySource(t, "apm", backend)
		backend.Fail(datadogtest.Throttled)
		time.AfterFunc(10*time.Minute, func() { backend.Fail(datadogtest.Healthy) })
		var during int
		time.AfterFunc(10*time.Minute-time.Second, func() { during, _ = backend.Requests() })
		all := crowd(t, s, 200, 13*time.Minute)
		t.Logf("%d requests during the storm", during)
		if during > 60 {
			t.Errorf("%d requests during the storm", during)
		}
		for i, l := range all {
			if l.looks < 5 || len(l.failures) > 0 {
				t.Errorf("canary %d: %d looks, %v", i, l.looks, l.failures)
			}
		}
	})
}

func TestBudgetHearsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &datadogtest.Server{Store: constant{}, Limit: 50, Period: 30 * time.Second}
		s := inMemorySource(t, "apm", backend)
		if h := s.health(); h.Budget != nil {
			t.Errorf("a budget of %+v before the first answer", h.Budget)
		}
		h, err := s.Ping(t.Context())
		if err != nil || h.Budget == nil || h.Budget.Limit != 50 || h.Budget.Left != 49 || h.Budget.Period != 30*time.Second {
			t.Fatalf("%+v, %v", h.Budget, err)
		}
		if wait := time.Until(h.Budget.Reset); wait <= 0 || wait > 30*time.Second {
			t.Errorf("it is reset in %v", wait)
		}
		if _, err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if asked, _ := backend.Requests(); asked != 1 {
			t.Errorf("what was answered a moment ago was asked %d times", asked)
		}
	})
}

func TestABudgetThatOthersUseUpIsRespected(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	header := func(left, reset string) http.Header {
		return http.Header{"X-Ratelimit-Limit": {"100"}, "X-Ratelimit-Period": {"60"}, "X-Ratelimit-Remaining": {left}, "X-Ratelimit-Reset": {reset}}
	}
	b := newBudget()
	b.hear(&tidings{header: header("9", "40"), received: now})
	var throttled *analysis.ThrottledError
	if err := b.take("a", now); !errors.As(err, &throttled) || throttled.After < 40*time.Second || throttled.After > 45*time.Second {
		t.Fatalf("with a tenth left for others: %v", err)
	}
	if err := b.take("a", now.Add(41*time.Second)); err != nil {
		t.Errorf("in the next period: %v", err)
	}
}

func TestARefusalThatSaysTooLongIsAskedAboutOnceInAWhile(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	b := newBudget()
	var throttled *analysis.ThrottledError
	if err := b.refuse(365*24*time.Hour, now); !errors.As(err, &throttled) || throttled.After < 365*24*time.Hour {
		t.Errorf("it is told as %v", err)
	}
	if b.take("a", now.Add(9*time.Minute)) == nil {
		t.Error("it was asked within ten minutes")
	}
	if err := b.take("a", now.Add(11*time.Minute)); err != nil {
		t.Errorf("after ten minutes: %v", err)
	}
}

func TestTurnsAreKeptInOrder(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	b := newBudget()
	b.hear(&tidings{header: http.Header{
		"X-Ratelimit-Limit": {"100"}, "X-Ratelimit-Period": {"60"}, "X-Ratelimit-Remaining": {"40"}, "X-Ratelimit-Reset": {"60"},
	}, received: now})
	var waits []time.Duration
	for _, caller := range []string{"a", "b", "c", "b"} {
		wait := time.Duration(0)
		var throttled *analysis.ThrottledError
		if errors.As(b.take(caller, now), &throttled) {
			wait = throttled.After
		}
		waits = append(waits, wait)
	}
	if waits[0] != 0 || waits[1] < 2*time.Second || waits[2] < 4*time.Second || waits[3] > waits[2] {
		t.Errorf("waits of %v", waits)
	}
	if b.take("c", now.Add(time.Second)) == nil || b.take("b", now.Add(2*time.Second)) != nil || b.take("c", now.Add(5*time.Second)) != nil {
		t.Error("somebody came before the turn, or not at it")
	}
}

func TestIdenticalQuestionsAreAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &datadogtest.Server{Store: constant{}}
		gate := make(chan struct{})
		s := inMemorySource(t, "apm", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-gate
			backend.ServeHTTP(w, r)
		}))
		from := time.Now().Add(-time.Hour)
		ws := []analysis.Window{{From: from, To: from.Add(time.Minute)}}
		var group sync.WaitGroup
		impatient, cancel := context.WithCancel(t.Context())
		for i := range 10 {
			group.Go(func() {
				ctx := t.Context()
				if i == 0 {
					ctx = impatient
				}
				obs, err := s.Count(ctx, subjectOf("a"), []analysis.Query{{Metric: "errors", Errors: true}}, ws)
				if i == 0 && !errors.Is(err, context.Canceled) || i > 0 && (err != nil || len(obs) != 2) {
					t.Errorf("caller %d: %v, %v", i, obs, err)
				}
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(gate)
		group.Wait()
		if asked, _ := backend.Requests(); asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}
