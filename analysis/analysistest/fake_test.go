package analysistest

import (
	"context"
	"errors"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

func TestFake(t *testing.T) {
	var f Fake
	var provider analysis.Provider = &f
	subject, queries := analysis.Subject{Namespace: "shop"}, []analysis.Query{{Metric: "errors"}}
	if obs, err := provider.Count(t.Context(), subject, queries, []analysis.Window{{}}); err != nil || len(obs) > 0 {
		t.Errorf("the zero value answers %v, %v", obs, err)
	}
	f.Answer(func(_ analysis.Subject, qs []analysis.Query, _ analysis.Window) ([]analysis.Observation, error) {
		return []analysis.Observation{{Metric: qs[0].Metric, Requests: 5}}, nil
	})
	if obs, err := provider.Count(t.Context(), subject, queries, []analysis.Window{{}}); err != nil || len(obs) != 1 || obs[0].Metric != "errors" {
		t.Errorf("it answers %v, %v", obs, err)
	}
	trouble := errors.New("away")
	f.Fail(trouble)
	if _, err := provider.Count(t.Context(), subject, queries, []analysis.Window{{}}); !errors.Is(err, trouble) || !errors.Is(ping(t.Context(), provider), trouble) {
		t.Errorf("it fails with %v", err)
	}
	f.Fail(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := provider.Count(ctx, subject, queries, []analysis.Window{{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, it answers %v", err)
	}
	if got := f.Calls(); len(got) != 4 || got[0].Subject.Namespace != "shop" {
		t.Errorf("it was called %v", got)
	}
}
