package story

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func follow(ctx context.Context, t *testing.T, p *puppet) (Release, error) {
	t.Helper()
	before, err := p.cluster.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go p.release("v2")
	return p.cluster.Follow(ctx, DefaultPatience(), before, func(Look, bool) {})
}

func TestFollowSeesTheWholeRelease(t *testing.T) {
	for outcome, want := range map[string]struct {
		reached int32
		judged  int
		took    time.Duration
	}{
		v1alpha1.ReasonPromoted:   {100, 4, 23 * time.Second},
		v1alpha1.ReasonRolledBack: {10, 0, 13 * time.Second},
	} {
		t.Run(outcome, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPuppet(t, nil)
				p.watch()
				p.outcomes["v2"] = outcome
				r, err := follow(t.Context(), t, p)
				if err != nil {
					t.Fatal(err)
				}
				if r.Outcome != outcome || r.Revision != "rev-v2" || r.Reached != want.reached || len(r.Judged) != want.judged {
					t.Errorf("%s of %s, reached %d%%, %d pods judged", r.Outcome, r.Revision, r.Reached, len(r.Judged))
				}
				if late := r.Took - want.took; late < 0 || late > time.Second {
					t.Errorf("seen after %v, ended after %v", r.Took, want.took)
				}
			})
		})
	}
}

// TestFollowIsNotMisledByThePast has an ended release in the history, and a phase that is about it.
func TestFollowIsNotMisledByThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPuppet(t, nil)
		p.watch()
		p.status(func(s *v1alpha1.CanaryStatus) {
			s.Phase = v1alpha1.PhaseFailed
			s.History = []v1alpha1.Release{{Revision: "rev-v2", Outcome: v1alpha1.ReasonRolledBack, StartedAt: new(metav1.Unix(1, 0))}}
		})
		p.outcomes["v2"] = v1alpha1.ReasonPromoted // the same revision once more, with another end
		r, err := follow(t.Context(), t, p)
		if err != nil || r.Outcome != v1alpha1.ReasonPromoted {
			t.Errorf("%s, %v", r.Outcome, err)
		}
	})
}

func TestFollowLosesPatience(t *testing.T) {
	for name, test := range map[string]struct {
		start func(*puppet)
		want  string
		after time.Duration
	}{
		"nothing happens": {func(*puppet) {}, "serin did not notice the new template within 1m0s; last seen: phase \"Idle\"", time.Minute},
		"it never ends": {func(p *puppet) {
			p.status(func(s *v1alpha1.CanaryStatus) {
				s.Phase, s.ObservedRevision, s.Message = v1alpha1.PhaseProgressing, "rev-v2", "no evidence"
				s.Conditions = append(s.Conditions, metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: "SourceNotFound", Message: "there is none"})
			})
		}, "the release did not end within 12m0s; last seen: phase \"Progressing\", step \"\", weight 0%, verdict \"\", 4 baseline and 0 candidate pods: no evidence (Stalled, SourceNotFound: there is none)", 12 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPuppet(t, nil)
				p.watch()
				before, err := p.cluster.Look(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				test.start(p)
				began := time.Now()
				_, err = p.cluster.Follow(t.Context(), DefaultPatience(), before, func(Look, bool) {})
				if err == nil || !strings.HasPrefix(err.Error(), test.want) {
					t.Errorf("got %v, want %s", err, test.want)
				}
				if took := time.Since(began); took < test.after || took > test.after+time.Second {
					t.Errorf("after %v", took)
				}
			})
		})
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPuppet(t, nil)
		p.watch()
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(ErrInterrupted) })
		if _, err := follow(ctx, t, p); !errors.Is(err, ErrInterrupted) {
			t.Error(err)
		}
	})
}

func TestFollowBearsAnApiServerThatIsAwayForAMoment(t *testing.T) {
	for name, test := range map[string]struct {
		away time.Duration
		ok   bool
	}{"a moment": {3 * time.Second, true}, "for good": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from := time.Now()
				p := newPuppet(t, func(inner client.WithWatch) client.WithWatch {
					return interceptor.NewClient(inner, interceptor.Funcs{
						Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
							if gone := time.Since(from) - 5*time.Second; gone > 0 && gone < test.away {
								return errors.New("connection refused")
							}
							return c.Get(ctx, key, o, opts...)
						},
					})
				})
				p.watch()
				p.outcomes["v2"] = v1alpha1.ReasonPromoted
				_, err := follow(t.Context(), t, p)
				if test.ok != (err == nil) {
					t.Error(err)
				}
				if !test.ok {
					time.Sleep(time.Minute) // the puppet has lines left
				}
			})
		})
	}
}

func TestCalm(t *testing.T) {
	for name, test := range map[string]struct {
		disturb func(*puppet)
		calm    bool
	}{
		"at rest":                {func(*puppet) {}, true},
		"paused":                 {func(p *puppet) { p.pause(true) }, false},
		"not ready":              {func(p *puppet) { p.status(func(s *v1alpha1.CanaryStatus) { s.Conditions = nil }) }, false},
		"under way":              {func(p *puppet) { p.status(func(s *v1alpha1.CanaryStatus) { s.Phase = v1alpha1.PhaseFinalizing }) }, false},
		"about another revision": {func(p *puppet) { p.status(func(s *v1alpha1.CanaryStatus) { s.ObservedRevision = "rev-v0" }) }, false},
		"rolling": {func(p *puppet) {
			write := func(ctx context.Context, d *appsv1.Deployment) error { return p.client.Status().Update(ctx, d) }
			change(p, &appsv1.Deployment{}, write, func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 3 })
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPuppet(t, nil)
				p.watch()
				test.disturb(p)
				_, err := p.cluster.Calm(t.Context(), DefaultPatience(), "rev-v1", func(Look) {})
				if test.calm != (err == nil) {
					t.Error(err)
				}
				if err != nil && !strings.HasPrefix(err.Error(), "serin and the Deployment did not come to rest within 2m0s") {
					t.Error(err)
				}
			})
		})
	}
}

func TestLookTellsPodsApart(t *testing.T) {
	p := newPuppet(t, nil)
	p.watch()
	p.pods("v2", "canary", 2)
	p.pods("v9", "somebody", 1)
	l, err := p.cluster.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Baseline) != 4 || len(l.Candidate) != 2 || len(l.Pods) != 7 || len(l.of("v2")) != 2 || len(l.of("v3")) != 0 || ready(l.Pods) != 7 {
		t.Errorf("%d baseline, %d candidate, %d pods, %d of v2", len(l.Baseline), len(l.Candidate), len(l.Pods), len(l.of("v2")))
	}
}
