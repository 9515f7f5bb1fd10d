package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// handOverWrites is how many writes a hand-over with one old revision takes: two put aside, one given, two given back.
const handOverWrites = 5

// disturbedHandOvers lets a push or a scaling come right before each write of a hand-over, and after the last. The Deployment controller either has seen it before
// the write is made, or has not.
func disturbedHandOvers(t *testing.T, c *workloadtest.Cluster) {
	disturbances := map[string]func(*stage){
		"a push":         func(s *stage) { s.gatedPush("app:v3") },
		"a scaling up":   func(s *stage) { s.scale(13) },
		"a scaling down": func(s *stage) { s.scale(5) },
		"a push that scales": func(s *stage) {
			s.patch(`{"spec":{"replicas":5,"paused":true,"template":{"spec":{"containers":[{"name":"app","image":"app:v3"}]}}}}`)
		},
	}
	histories := map[string][]string{
		"of a new revision": {"app:v0", "app:v1", "app:v2"},
		// The candidate's ReplicaSet is older than the baseline's.
		"of an old revision": {"app:v2", "app:v1", "app:v2"},
	}
	for history, images := range histories {
		for name, disturb := range disturbances {
			for n := 1; n <= handOverWrites+1; n++ {
				for _, noticed := range []bool{true, false} {
					if (!noticed || history == "of an old revision") && name != "a push" && name != "a scaling down" {
						continue
					}
					t.Run(fmt.Sprintf("%s, %s before write %d, noticed %t", history, name, n, noticed), func(t *testing.T) {
						t.Parallel()
						disturbedHandOver(t, c, images, func(s *stage, write int) {
							if write != n {
								return
							}
							disturb(s)
							if noticed {
								s.seen()
							}
						})
					})
				}
			}
		}
	}
}

func disturbedHandOver(t *testing.T, c *workloadtest.Cluster, images []string, disturb func(*stage, int)) {
	const replicas = 8
	s := newStage(t, c)
	baseline, candidate := s.versions(replicas, images...)
	s.candidateReady(baseline, candidate, replicas)
	judged, start := s.podUIDs("app:v2"), s.witness.now()

	writes := 0
	d := s.hooked(func(n int) error { writes = n; disturb(s, n); return nil }, nil)
	s.handedOver(d, baseline, candidate)
	if writes < handOverWrites {
		disturb(s, handOverWrites+1)
	}
	workloadtest.Eventually(t, "the Deployment's size", func(context.Context) (bool, error) {
		o := s.observe(baseline, candidate)
		return o.HandedOver && o.Candidate.Available == o.Replicas && o.Candidate.Pods == o.Replicas, nil
	})
	s.witness.now()

	size := *s.deployment().Spec.Replicas
	floor := int(min(size, replicas))
	if n := s.witness.fewestReady(start, "app:v2"); n < floor {
		t.Errorf("only %d candidate pods were ready at some moment, the least that was ever wanted are %d", n, floor)
	}
	if left, asked := s.witness.left(start, "app:v2"), int(max(0, replicas-size)); left > asked {
		t.Errorf("%d candidate pods went, the scaling asked for %d", left, asked)
	}
	kept := s.podUIDs("app:v2")
	promoted := len(slices.DeleteFunc(slices.Clone(judged), func(uid types.UID) bool { return !slices.Contains(kept, uid) }))
	if promoted != floor {
		t.Errorf("%d of the judged pods were promoted, want %d", promoted, floor)
	}
	if n := s.witness.born(start, "app:v0") + s.witness.born(start, "app:v3"); n > 0 {
		t.Errorf("%d pods of an old or an unjudged revision were started", n)
	}
	s.noTrace()
	if !s.deployment().Spec.Paused {
		t.Error("the Deployment is not paused any more")
	}
	newest := s.sets()[len(s.sets())-1]
	if imageOf(&newest.Spec.Template.Spec) != "app:v2" || newest.Annotations[annotationRevision] != "3" {
		t.Errorf("history %q", s.history())
	}
}

// crashes runs a release as often as it has writes, and crashes once each time: right before a write, or right after it, before its answer was heard.
func crashes(t *testing.T, c *workloadtest.Cluster) {
	crash := errors.New("a crash")
	for n := 1; n <= 3+handOverWrites+1; n++ {
		once := func(write int) error {
			if write == n {
				return crash
			}
			return nil
		}
		for when, hooks := range map[string][2]func(int) error{"before": {once, nil}, "after": {nil, once}} {
			t.Run(fmt.Sprintf("%s write %d", when, n), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, c)
				baseline, candidate := s.versions(4, "app:v0", "app:v1", "app:v2")
				d, start := s.hooked(hooks[0], hooks[1]), s.witness.now()
				for _, pods := range []int32{1, 4} {
					s.ensure(d, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: pods})
					s.candidateReady(baseline, candidate, pods)
				}
				judged, full := s.podUIDs("app:v2"), s.witness.now()
				s.handedOver(d, baseline, candidate)
				s.ensure(d, Desired{Pause: LetRoll, Baseline: candidate})
				s.settle()
				s.witness.now()
				if promoted := s.podUIDs("app:v2"); !slices.Equal(judged, promoted) || len(judged) != 4 {
					t.Errorf("pods judged %v, pods promoted %v", judged, promoted)
				}
				if n := s.witness.fewestReady(full, "app:v2"); n != 4 {
					t.Errorf("only %d candidate pods were ready at some moment of the hand-over", n)
				}
				if n := s.witness.fewestReady(start, "app:v1", "app:v2"); n != 4 {
					t.Errorf("only %d pods were ready at some moment", n)
				}
				if n := s.witness.born(start, "app:v0") + s.witness.born(start, "app:v1"); n > 0 {
					t.Errorf("%d pods of old revisions were started", n)
				}
				s.noTrace()
				want := []string{"1 app:v0 because of app:v0", "2 app:v1 because of app:v1", "3 app:v2 because of app:v2"}
				if history := s.history(); !slices.Equal(history, want) {
					t.Errorf("history %q, want %q", history, want)
				}
			})
		}
	}
}

// abandonedHandOvers crashes before every write of a hand-over and finds, on coming back, that the hand-over is no longer meant. What was given to the Deployment
// stays there, else the baseline is whole again; nothing in between.
func abandonedHandOvers(t *testing.T, c *workloadtest.Cluster) {
	const given = 3
	crash := errors.New("a crash")
	for n := 1; n <= handOverWrites+1; n++ {
		t.Run(fmt.Sprintf("before write %d", n), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			baseline, candidate := s.versions(4, "app:v0", "app:v1", "app:v2")
			s.candidateReady(baseline, candidate, 4)
			start := s.witness.now()
			d := s.hooked(func(write int) error {
				if write >= n {
					return crash
				}
				return nil
			}, nil)
			_, err := d.Ensure(t.Context(), s.target, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, HandOver: true})
			if interrupted := errors.Is(err, crash); interrupted != (n <= handOverWrites) {
				t.Fatalf("the hand-over was interrupted: %t", interrupted)
			}
			s.ensure(s.deployments(), Desired{Pause: LeaveAsIs, Baseline: baseline})
			serving, leaving := "app:v1", "app:v2"
			if n > given {
				serving, leaving = leaving, serving
			}
			workloadtest.Eventually(t, "one of the two to be gone", func(context.Context) (bool, error) {
				return len(s.podUIDs(serving)) == 4 && len(s.podUIDs(leaving)) == 0, nil
			})
			s.witness.now()
			if n := s.witness.fewestReady(start, serving); n != 4 {
				t.Errorf("only %d pods of %s were ready at some moment", n, serving)
			}
			if n := s.witness.born(start, "app:v0"); n > 0 {
				t.Errorf("%d pods of an old revision were started", n)
			}
			s.noTrace()
			if !s.deployment().Spec.Paused {
				t.Error("the Deployment is not paused any more")
			}
		})
	}
}

// threeOperators hand over at the same time, as when a leader doesn't know yet that it is none any more.
func threeOperators(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, candidate := s.versions(4, "app:v0", "app:v1", "app:v2")
	s.candidateReady(baseline, candidate, 4)
	judged, start := s.podUIDs("app:v2"), s.witness.now()
	var operators sync.WaitGroup
	for range 3 {
		operators.Go(func() { s.handedOver(s.hooked(nil, nil), baseline, candidate) })
	}
	operators.Wait()
	s.witness.now()
	if n := s.witness.fewestReady(start, "app:v2"); n != 4 {
		t.Errorf("only %d candidate pods were ready at some moment", n)
	}
	if promoted := s.podUIDs("app:v2"); !slices.Equal(judged, promoted) {
		t.Errorf("pods judged %v, pods promoted %v", judged, promoted)
	}
	if n := s.witness.born(start, "app:v0") + s.witness.born(start, "app:v1"); n > 0 {
		t.Errorf("%d pods of old revisions were started", n)
	}
	s.noTrace()
}

// restlessAutoscaler scales all through a hand-over, never to less than 6.
func restlessAutoscaler(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, candidate := s.versions(8, "app:v0", "app:v1", "app:v2")
	s.candidateReady(baseline, candidate, 8)
	start := s.witness.now()
	done, autoscaler := make(chan struct{}), sync.WaitGroup{}
	autoscaler.Go(func() {
		for i := int32(0); ; i++ {
			select {
			case <-done:
				return
			default:
				s.scale(6 + i*7%5)
			}
		}
	})
	s.handedOver(s.deployments(), baseline, candidate)
	close(done)
	autoscaler.Wait()
	s.scale(7)
	workloadtest.Eventually(t, "the Deployment's size", func(context.Context) (bool, error) {
		o := s.observe(baseline, candidate)
		return o.HandedOver && o.Candidate.Available == 7 && o.Candidate.Pods == 7, nil
	})
	s.witness.now()
	if n := s.witness.fewestReady(start, "app:v2"); n < 6 {
		t.Errorf("only %d candidate pods were ready at some moment", n)
	}
	if n := s.witness.born(start, "app:v0"); n > 0 {
		t.Errorf("%d pods of an old revision were started", n)
	}
	s.noTrace()
}

// resumedHandOvers unpauses the Deployment before each write of a hand-over: for a moment, it rolls by itself.
func resumedHandOvers(t *testing.T, c *workloadtest.Cluster) {
	for n := 1; n <= handOverWrites; n++ {
		t.Run(fmt.Sprintf("before write %d", n), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			baseline, candidate := s.versions(8, "app:v0", "app:v1", "app:v2")
			s.candidateReady(baseline, candidate, 8)
			s.olderThanASecond("app:v2")
			judged, start := s.podUIDs("app:v2"), s.witness.now()
			d := s.hooked(func(write int) error {
				if write == n {
					s.patch(`{"spec":{"paused":false}}`)
					s.seen()
				}
				return nil
			}, nil)
			s.handedOver(d, baseline, candidate)
			s.witness.now()
			kept := s.podUIDs("app:v2")
			for _, uid := range judged {
				if !slices.Contains(kept, uid) {
					t.Errorf("the judged pod %s is gone", uid)
				}
			}
			if n := s.witness.fewestReady(start, "app:v2"); n < 8 {
				t.Errorf("only %d candidate pods were ready at some moment", n)
			}
			if n := s.witness.born(start, "app:v0"); n > 0 {
				t.Errorf("%d pods of an old revision were started", n)
			}
			s.ensure(s.deployments(), Desired{Pause: LetRoll, Baseline: candidate})
			s.settle()
			if promoted := s.podUIDs("app:v2"); !slices.Equal(judged, promoted) {
				t.Errorf("pods judged %v, pods promoted %v", judged, promoted)
			}
			s.noTrace()
		})
	}
}
