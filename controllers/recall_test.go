package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

func web(uid types.UID, version string) *v1alpha1.Canary {
	return &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: uid, ResourceVersion: version}}
}

func TestRecall(t *testing.T) {
	start := time.Unix(1_700_000_000, 0).UTC()
	persisted := rollout.State{Phase: rollout.Progressing, Candidate: "c", Weight: 10, EnteredAt: start}

	t.Run("after a restart every wait begins anew", func(t *testing.T) {
		var r recall
		later := start.Add(time.Hour)
		if got := r.of(web("uid", ""), persisted, later).state.EnteredAt; !got.Equal(later) {
			t.Errorf("the wait began at %s, want %s", got, later)
		}
	})
	for name, test := range map[string]struct {
		late  time.Duration
		anew  bool
		never bool // no next pass was expected
	}{
		"a process that overslept begins every wait anew":  {late: time.Minute, anew: true},
		"a pass that is a little late goes on waiting":     {late: 5 * time.Second},
		"a pass that comes early goes on waiting":          {late: -5 * time.Second},
		"a pass that nobody expected may come at any time": {late: time.Hour, never: true},
	} {
		t.Run(name, func(t *testing.T) {
			var r recall
			e := r.of(web("uid", ""), persisted, start)
			e.expect(start, 15*time.Second)
			if test.never {
				e.expect(start, 0)
			}
			now, want := start.Add(15*time.Second+test.late), start
			if test.anew {
				want = now
			}
			for range 2 { // a pass may observe twice
				if got := r.of(web("uid", ""), persisted, now).state.EnteredAt; !got.Equal(want) {
					t.Errorf("the wait began at %s, want %s", got, want)
				}
			}
		})
	}
	t.Run("passes that fail, each tried again as late as may be, put no deadline off", func(t *testing.T) {
		var r recall
		r.of(web("uid", ""), persisted, start)
		now := start
		for range 20 {
			now = now.Add(slowestRetry + time.Second)
			if got := r.of(web("uid", ""), persisted, now).state.EnteredAt; !got.Equal(start) {
				t.Fatalf("after %s of failures the wait began at %s, want %s", now.Sub(start), got, start)
			}
		}
	})
	t.Run("what was not worth a write is remembered", func(t *testing.T) {
		var r recall
		r.of(web("uid", ""), persisted, start).state.SettledAt = start.Add(time.Second)
		if got := r.of(web("uid", ""), persisted, start).state.SettledAt; got.IsZero() {
			t.Error("when the split settled was forgotten")
		}
	})
	t.Run("a status that says something else wins", func(t *testing.T) {
		var r recall
		r.of(web("uid", ""), persisted, start).state.SettledAt = start.Add(time.Second)
		moved := persisted
		moved.Weight = 20
		got := r.of(web("uid", ""), moved, start).state
		if got.Weight != 20 || !got.SettledAt.IsZero() {
			t.Errorf("remembered %+v against the status", got)
		}
	})
	t.Run("a cache that has not seen the last write is outdated", func(t *testing.T) {
		var r recall
		if r.outdated(web("uid", "5")) {
			t.Error("outdated before anything was written")
		}
		r.of(web("uid", ""), persisted, start).wrote = "7"
		for version, want := range map[string]bool{"6": true, "7": false, "8": false, "10": false} {
			if got := r.outdated(web("uid", version)); got != want {
				t.Errorf("version %s after writing 7: outdated is %v, want %v", version, got, want)
			}
		}
		if r.outdated(web("another", "1")) {
			t.Error("a Canary is waited for that is gone, and another has its name")
		}
		if got := r.of(web("another", "1"), rollout.State{}, start); got.wrote != "" {
			t.Error("what is remembered is of an earlier Canary of the same name")
		}
		r.forget(t.Context(), client.ObjectKeyFromObject(web("another", "")))
		if len(r.entries) > 0 {
			t.Errorf("%d Canaries are remembered", len(r.entries))
		}
	})
}
