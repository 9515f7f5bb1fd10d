package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// TestTheForecastIsWhatHappens compares with releases that stay at their weight.
func TestTheForecastIsWhatHappens(t *testing.T) {
	for name, c := range map[string]struct {
		worse  Regression
		worsen func(*service)
	}{
		"errors 0.2% to 1%": {Regression{"errors", 0.002, 0.01}, func(s *service) { s.errors[1] = 0.01 }},
		"errors 0.2% to 3%": {Regression{"errors", 0.002, 0.03}, func(s *service) { s.errors[1] = 0.03 }},
		"p95 up by half":    {Regression{"latency", 0, 0.5}, func(s *service) { s.slower[1] = 1.5 }},
	} {
		t.Run(name, func(t *testing.T) {
			traffic := Traffic{Rate: 300, Weight: 20, CandidatePods: 10, BaselinePods: 10, Latency: baselineShape()}
			forecast, err := Plan(usual(), traffic, c.worse)
			if err != nil || forecast.Never || forecast.Half > forecast.Most {
				t.Fatalf("%+v, %v", forecast, err)
			}
			const releases = 21
			var times []time.Duration
			for seed := range uint64(releases) {
				s, e := healthy(seed, 300), New(usual())
				c.worsen(s)
				s.learn(e)
				after := time.Duration(0)
				for verdict := analysis.Pass; verdict != analysis.Fail && after < time.Hour; after += lookSeconds * time.Second {
					verdict = e.Look(s.look(20, 30)).Verdict
				}
				times = append(times, after)
			}
			slices.Sort(times)
			half := times[releases/2]
			t.Logf("forecast %v and %v, measured %v and %v", forecast.Half, forecast.Most, half, times[releases*9/10])
			if forecast.Half > 2*half+time.Minute || half > 2*forecast.Half+time.Minute {
				t.Errorf("half are forecast after %v, and were rolled back after %v", forecast.Half, half)
			}
		})
	}
}

func baselineShape() analysis.Histogram {
	s := healthy(1, 1000)
	counts, _, _ := s.draw(0, 1e5)
	return s.histogram(counts)
}

func TestMoreTrafficAndWorseRegressionsAreFoundSooner(t *testing.T) {
	last := time.Duration(1 << 62)
	for _, rate := range []float64{1, 10, 100, 1000} {
		f, err := Plan(usual(), Traffic{Rate: rate, Weight: 10}, Regression{"errors", 0.002, 0.01})
		if err != nil || f.Half >= last {
			t.Errorf("%v requests a second: %v, %v; fewer need %v", rate, f, err, last)
		}
		last = f.Half
	}
	small, _ := Plan(usual(), Traffic{Rate: 100, Weight: 10}, Regression{"latency", 0, 0.2})
	large, _ := Plan(usual(), Traffic{Rate: 100, Weight: 10}, Regression{"latency", 0, 1})
	if small.Half <= large.Half {
		t.Errorf("+20%% is forecast after %v, x2 after %v", small.Half, large.Half)
	}
}

func TestWhatIsToleratedIsNeverFound(t *testing.T) {
	for _, r := range []Regression{{"errors", 0.002, 0.002}, {"errors", 0.01, 0.0105}, {"latency", 0, 0.02}} {
		if f, err := Plan(usual(), Traffic{Rate: 1e4, Weight: 50}, r); err != nil || !f.Never {
			t.Errorf("%+v: %+v, %v", r, f, err)
		}
	}
	f, err := Plan(usual(), Traffic{Rate: 1e6, Weight: 50, CandidatePods: 1, BaselinePods: 1}, Regression{"latency", 0, 0.08})
	if err != nil || !f.Never {
		t.Errorf("a regression smaller than the difference of two pods is forecast: %+v, %v", f, err)
	}
}

func TestAPlanThatCantBeMadeSaysWhy(t *testing.T) {
	fine := Traffic{Rate: 100, Weight: 10}
	limit := analysis.Policy{Criteria: []analysis.Criterion{{Name: "errors", Errors: true, Limit: 0.1}}}
	for name, c := range map[string]struct {
		policy  analysis.Policy
		traffic Traffic
		worse   Regression
	}{
		"no such metric":     {usual(), fine, Regression{"lag", 0, 1}},
		"only a limit":       {limit, fine, Regression{"errors", 0, 1}},
		"no traffic":         {usual(), Traffic{Weight: 10}, Regression{"errors", 0, 1}},
		"no weight":          {usual(), Traffic{Rate: 1}, Regression{"errors", 0, 1}},
		"all of the weight":  {usual(), Traffic{Rate: 1, Weight: 100}, Regression{"errors", 0, 1}},
		"more than 100%":     {usual(), fine, Regression{"errors", 0, 2}},
		"a negative slowing": {usual(), fine, Regression{"latency", 0, -0.5}},
		"buckets too small": {
			usual(), Traffic{Rate: 1, Weight: 10, Latency: analysis.Histogram{{Lower: 1, Upper: 2, Count: 9}}}, Regression{"latency", 0, 1},
		},
	} {
		if f, err := Plan(c.policy, c.traffic, c.worse); err == nil || err.Error() == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
