package traffictest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/traffic"
)

func atRest(t *testing.T, s suite) {
	s.acknowledge(t)
	want := traffic.Split{Home: true, Alike: true, Even: true, Settled: true}
	if diff := cmp.Diff(want, s.observe(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if s.recorder.writes > 0 {
		t.Errorf("observing wrote %d times", s.recorder.writes)
	}
}

func setAndObserve(t *testing.T, s suite) {
	for _, percent := range []int32{0, 1, 10, 50, 33, 99, 100, 0} {
		s.set(t, percent)
		s.acknowledge(t)
		if diff := cmp.Diff(traffic.Split{Weight: percent, Even: true, Settled: true}, s.observe(t)); diff != "" {
			t.Errorf("observed after setting %d (-want +got):\n%s", percent, diff)
		}
		shares := s.Shares(s.get(t))
		if len(shares) == 0 {
			t.Errorf("no rule carries the split of %d", percent)
		}
		for i, share := range shares {
			if whole := share.Baseline + share.Candidate; whole == 0 || share.Candidate*100 != int64(percent)*whole {
				t.Errorf("rule %d gives the baseline %d and the candidate %d, want %d to %d", i, share.Baseline, share.Candidate, 100-percent, percent)
			}
		}
	}
}

func secondSet(t *testing.T, s suite) {
	for _, percent := range []int32{0, 30} {
		s.set(t, percent)
		before, writes := s.get(t), s.recorder.writes
		s.set(t, percent)
		if got := s.recorder.writes - writes; got != 0 {
			t.Errorf("the second set of %d wrote %d times", percent, got)
		}
		if after := s.get(t).GetResourceVersion(); after != before.GetResourceVersion() {
			t.Errorf("the second set of %d took the resourceVersion from %s to %s", percent, before.GetResourceVersion(), after)
		}
	}
}

func noPercentage(t *testing.T, s suite) {
	for _, percent := range []int32{-1, 101} {
		if err := s.router.SetWeight(t.Context(), s.Route, percent); err == nil {
			t.Errorf("weight %d was set", percent)
		}
	}
	if s.recorder.writes > 0 {
		t.Errorf("%d writes", s.recorder.writes)
	}
}

func foreignSurvives(t *testing.T, s suite) {
	before := text(t, s.Foreign(s.get(t)))
	for _, percent := range []int32{0, 30, 100} {
		s.set(t, percent)
		if diff := cmp.Diff(before, text(t, s.Foreign(s.get(t)))); diff != "" {
			t.Errorf("at %d (-before +after):\n%s", percent, diff)
		}
	}
	s.release(t)
	if diff := cmp.Diff(before, text(t, s.Foreign(s.get(t)))); diff != "" {
		t.Errorf("after the release (-before +after):\n%s", diff)
	}
}

func missingRoute(t *testing.T, s suite) {
	s.Route.Object.Name += "-nowhere"
	if _, err := s.router.Observe(t.Context(), s.Route); !errors.Is(err, traffic.ErrRouteNotFound) {
		t.Errorf("observing: %v, want ErrRouteNotFound", err)
	}
	if err := s.router.SetWeight(t.Context(), s.Route, 10); !errors.Is(err, traffic.ErrRouteNotFound) {
		t.Errorf("setting: %v, want ErrRouteNotFound", err)
	}
	if err := s.router.Release(t.Context(), s.Route); err != nil {
		t.Errorf("releasing: %v, for a route that is gone is released", err)
	}
}

func missingBackend(t *testing.T, s suite) {
	for name, service := range map[string]traffic.Backend{
		"another Service": {Service: s.Route.Service.Service + "-nowhere", Port: s.Route.Service.Port},
		"another port":    {Service: s.Route.Service.Service, Port: s.Route.Service.Port + 1},
	} {
		r := s.Route
		r.Service = service
		if _, err := s.router.Observe(t.Context(), r); !errors.Is(err, traffic.ErrUnsupported) {
			t.Errorf("%s: observing: %v, want ErrUnsupported", name, err)
		}
		if err := s.router.SetWeight(t.Context(), r, 10); !errors.Is(err, traffic.ErrUnsupported) {
			t.Errorf("%s: setting: %v, want ErrUnsupported", name, err)
		}
		if err := s.router.Release(t.Context(), r); err != nil {
			t.Errorf("%s: releasing: %v", name, err)
		}
	}
	if s.recorder.writes > 0 {
		t.Errorf("%d writes", s.recorder.writes)
	}
}

func conflict(t *testing.T, s suite) {
	// Somebody else writes between the router's read and its write.
	race := func(mark string) func(context.Context) error {
		return func(ctx context.Context) error {
			s.recorder.before = nil
			route := s.get(t)
			route.SetLabels(map[string]string{"touched-by": mark})
			return s.Client.Update(ctx, route, client.FieldOwner("somebody"))
		}
	}
	s.recorder.before = race("first")
	if err := s.router.SetWeight(t.Context(), s.Route, 10); !apierrors.IsConflict(err) {
		t.Errorf("setting: %v, want a conflict", err)
	}
	if shares := s.Shares(s.get(t)); len(shares) > 0 {
		t.Errorf("the set that met a conflict wrote all the same: %v", shares)
	}
	s.set(t, 10)
	s.recorder.before = race("second")
	if err := s.router.Release(t.Context(), s.Route); !apierrors.IsConflict(err) {
		t.Errorf("releasing: %v, want a conflict", err)
	}
	s.release(t)
	if got := s.get(t).GetLabels()["touched-by"]; got != "second" {
		t.Error("what somebody else wrote was overwritten")
	}
}

func acknowledged(t *testing.T, s suite) {
	if s.Acknowledge == nil {
		t.Skip("the data plane of this kind acknowledges nothing")
	}
	steps := []struct {
		name string
		do   func()
	}{
		{"before the first report", func() {}},
		{"after a split", func() { s.set(t, 10) }},
		{"after the next split", func() { s.set(t, 20) }},
		{"after the release", func() { s.release(t) }},
	}
	for _, step := range steps {
		step.do()
		if got := s.observe(t); got.Settled || got.Message == "" {
			t.Errorf("%s, not acknowledged yet: %+v, want it not settled and a message", step.name, got)
		}
		s.Acknowledge(t)
		if got := s.observe(t); !got.Settled || got.Message != "" {
			t.Errorf("%s, acknowledged: %+v, want it settled", step.name, got)
		}
	}
}

func release(t *testing.T, s suite) {
	before := s.get(t)
	for round := range 2 {
		s.set(t, 10)
		s.set(t, 70)
		s.release(t)
		if diff := cmp.Diff(written(t, before), written(t, s.get(t))); diff != "" {
			t.Errorf("after release %d (-before +after):\n%s", round+1, diff)
		}
	}
	s.acknowledge(t)
	if got := s.observe(t); !got.Home || !got.Settled {
		t.Errorf("observed %+v, want it home and settled", got)
	}
	writes := s.recorder.writes
	s.release(t)
	if got := s.recorder.writes - writes; got != 0 {
		t.Errorf("releasing again wrote %d times", got)
	}
}

func releaseAtRest(t *testing.T, s suite) {
	before := s.get(t).GetResourceVersion()
	s.release(t)
	if after := s.get(t).GetResourceVersion(); after != before || s.recorder.writes > 0 {
		t.Errorf("%d writes, resourceVersion from %s to %s", s.recorder.writes, before, after)
	}
}

func releaseStopped(t *testing.T, s suite) {
	before := s.get(t)
	s.set(t, 40)
	writes := s.recorder.writes
	s.release(t)
	needed := s.recorder.writes - writes
	for stopAt := range needed {
		s.set(t, 40)
		left := stopAt
		stopped := errors.New("stopped")
		s.recorder.before = func(context.Context) error {
			if left == 0 {
				return stopped
			}
			left--
			return nil
		}
		if err := s.router.Release(t.Context(), s.Route); !errors.Is(err, stopped) {
			t.Fatalf("stopped at write %d: %v", stopAt+1, err)
		}
		s.recorder.before = nil
		if s.observe(t).Home {
			t.Errorf("stopped at write %d, the route counts as home", stopAt+1)
		}
		s.release(t)
		if diff := cmp.Diff(written(t, before), written(t, s.get(t))); diff != "" {
			t.Errorf("stopped at write %d and released again (-before +after):\n%s", stopAt+1, diff)
		}
	}
}

func reverted(t *testing.T, s suite) {
	before := s.get(t)
	s.set(t, 40)
	s.revert(t, before)
	s.acknowledge(t)
	if got := s.observe(t); !got.Alike || got.Even || got.Settled || got.Weight != 0 || got.Message == "" {
		t.Errorf("observed %+v, want it dividing nothing, uneven, not settled, with a message", got)
	}
	s.set(t, 40)
	s.acknowledge(t)
	if diff := cmp.Diff(traffic.Split{Weight: 40, Even: true, Settled: true}, s.observe(t)); diff != "" {
		t.Errorf("observed after the weight was set again (-want +got):\n%s", diff)
	}
	s.release(t)
	if diff := cmp.Diff(written(t, before), written(t, s.get(t))); diff != "" {
		t.Errorf("released (-before +after):\n%s", diff)
	}
}

func revertedAndReleased(t *testing.T, s suite) {
	before := s.get(t)
	s.set(t, 40)
	s.revert(t, before)
	s.release(t)
	if diff := cmp.Diff(written(t, before), written(t, s.get(t))); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	if !s.observe(t).Home {
		t.Error("the route is not home")
	}
}
