package forecast_test

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/cmd/kubectl-serin/forecast"
)

// question is about a service of a hundred requests a second, and errors that grow twentyfold.
func question() forecast.Question {
	return forecast.Question{
		Policy: analysis.Policy{
			Criteria: []analysis.Criterion{
				{Name: "errors", Errors: true, Relative: 0.25, Absolute: 0.001},
				{Name: "latency", Quantile: 0.95, Relative: 0.1, Absolute: 0.005},
			},
			MinRequests: 50, WarmUp: 30 * time.Second,
		},
		Interval: 15 * time.Second, Weight: 10, Most: time.Hour,
		Service:    forecast.Service{RPS: 100, ErrorRate: 0.002, P95: 0.12, Pods: 10},
		Regression: forecast.Regression{Errors: 20, Latency: 1},
	}
}

func until(t *testing.T, q forecast.Question) time.Duration {
	t.Helper()
	d, ok := q.Until()
	if !ok {
		return 2 * q.Most
	}
	if d <= 0 || d%q.Interval != 0 {
		t.Errorf("%s is no number of looks", d)
	}
	return d
}

func TestTheSameQuestionHasTheSameAnswer(t *testing.T) {
	if a, b := until(t, question()), until(t, question()); a != b {
		t.Errorf("%s and %s", a, b)
	}
}

func TestMoreEvidenceTakesLessTime(t *testing.T) {
	slow := question()
	slow.Regression.Errors = 5
	for name, change := range map[string]func(*forecast.Question){
		"a greater regression": func(q *forecast.Question) { q.Regression.Errors = 50 },
		"a higher weight":      func(q *forecast.Question) { q.Weight = 50 },
		"more requests":        func(q *forecast.Question) { q.Service.RPS = 1000 },
	} {
		q := slow
		change(&q)
		if fast, slow := until(t, q), until(t, slow); fast >= slow {
			t.Errorf("%s takes %s, and without it takes %s", name, fast, slow)
		}
	}
}

func TestWhatIsNotWorseIsNotRolledBack(t *testing.T) {
	q := question()
	q.Regression.Errors = 1
	if d, ok := q.Until(); ok {
		t.Errorf("half of the releases without a regression are rolled back within %s", d)
	}
	if !q.Tolerated() {
		t.Error("no regression is not tolerated")
	}
}

func TestASlowerVersionIsFound(t *testing.T) {
	q := question()
	q.Regression = forecast.Regression{Errors: 1, Latency: 2}
	if d := until(t, q); d > 10*time.Minute {
		t.Errorf("twice as slow a version is found after %s", d)
	}
}

func TestAPolicyToleratesWhatItSays(t *testing.T) {
	for name, tc := range map[string]struct {
		errors, latency float64
		criterion       analysis.Criterion
		want            bool
	}{
		"just what is tolerated relatively":     {1, 1.1, analysis.Criterion{Quantile: 0.95, Relative: 0.1}, true},
		"more than that":                        {1, 1.11, analysis.Criterion{Quantile: 0.95, Relative: 0.1}, false},
		"more than that, but less absolutely":   {1, 1.2, analysis.Criterion{Quantile: 0.95, Relative: 0.1, Absolute: 0.05}, true},
		"just what is tolerated absolutely":     {2, 1, analysis.Criterion{Errors: true, Absolute: 0.002}, true},
		"over the limit":                        {6, 1, analysis.Criterion{Errors: true, Limit: 0.01}, false},
		"within the limit, with no comparison":  {4, 1, analysis.Criterion{Errors: true, Limit: 0.01}, true},
		"latency where only errors are judged":  {1, 3, analysis.Criterion{Errors: true, Absolute: 0.002}, true},
		"a quantile of which nothing is known":  {1, 1.1, analysis.Criterion{Quantile: 0.99, Relative: 0.5}, false},
		"anything where only values are judged": {9, 9, analysis.Criterion{Worse: analysis.Higher, Relative: 0.1}, true},
	} {
		q := question()
		q.Policy.Criteria = []analysis.Criterion{tc.criterion}
		q.Regression = forecast.Regression{Errors: tc.errors, Latency: tc.latency}
		if got := q.Tolerated(); got != tc.want {
			t.Errorf("%s: tolerated %t, want %t", name, got, tc.want)
		}
	}
}
