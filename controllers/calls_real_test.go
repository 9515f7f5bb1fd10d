package controllers

import (
	"context"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// longRelease is a release in ten steps of a minute, with a look every second, as a busy cluster has many: it is counted what it asks of the API server.
func longRelease(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.edit(func(c *v1alpha1.Canary) {
		c.Spec.Steps = nil
		for weight := int32(10); weight <= 100; weight += 10 {
			c.Spec.Steps = append(c.Spec.Steps, v1alpha1.Step{Weight: weight, Bake: &metav1.Duration{Duration: time.Minute}})
		}
		c.Spec.Analysis.Interval = &metav1.Duration{Duration: time.Second}
	})
	s.step()
	s.push("v2")
	clear(s.ledger.reads)
	passes, began := 0, s.clock.Now()
	for s.phase() != rollout.Succeeded && passes < 2000 {
		s.step()
		passes++
	}
	total := 0
	for _, n := range s.ledger.reads {
		total += n
	}
	// At a step where nothing happens, the route alone is read in each pass: nothing is heard of what others write into it.
	if n := s.ledger.reads["get HTTPRoute"]; total > 3*passes || total > 2*n+400 || s.ledger.reads["list Pod"] > passes/10 {
		t.Errorf("%d passes read %d times: %v", passes, total, s.ledger.reads)
	}
	t.Logf("%s, %d passes, %d looks, %d writes, %d reads: %v", s.clock.Now().Sub(began), passes, len(s.source.Calls()), s.ledger.count(), total, s.ledger.reads)
}

// hearsNothing is an operator whose cache hears of no change of the workload any more: nothing is decided on what it holds, and all comes to the same end.
func hearsNothing(t *testing.T, c *workloadtest.Cluster) {
	for name, story := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.reconciler.Workloads.Heard = &deafCache{Reader: c.Client}
			s.step()
			s.push("v2")
			story.play(s)
			s.rest()
			for range 3 {
				s.step()
			}
			same(t, "the end", s.end(), story.end)
		})
	}
	t.Run("somebody resumes the Deployment at a step", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, c)
		s.reconciler.Workloads.Heard = &deafCache{Reader: c.Client}
		s.step()
		s.push("v2")
		s.untilWeight(10)
		s.step()
		s.patchDeployment(`{"spec":{"paused":false}}`)
		resumed, told := s.clock.Now(), len(s.events(0))
		s.watch("it to be seen", func([]string) bool { return len(s.events(told)) > 0 })
		if reasons := s.reasons(told); !slices.Contains(reasons, "Warning ResumedByHand") {
			t.Errorf("told %q", reasons)
		}
		if after := s.clock.Now().Sub(resumed); after > silentRetry+15*time.Second {
			t.Errorf("it was seen only after %s", after)
		}
	})
}

// deafCache answers for ever what it answered first.
type deafCache struct {
	client.Reader
	deployment *metav1.PartialObjectMetadata
	sets       *metav1.PartialObjectMetadataList
}

// Get answers for the Deployment.
func (d *deafCache) Get(ctx context.Context, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
	found, ok := into.(*metav1.PartialObjectMetadata)
	if ok && d.deployment != nil {
		d.deployment.DeepCopyInto(found)
		return nil
	}
	err := d.Reader.Get(ctx, key, into, opts...)
	if ok && err == nil {
		d.deployment = found.DeepCopy()
	}
	return err
}

// List answers for the ReplicaSets.
func (d *deafCache) List(ctx context.Context, into client.ObjectList, opts ...client.ListOption) error {
	found, ok := into.(*metav1.PartialObjectMetadataList)
	if ok && d.sets != nil {
		d.sets.DeepCopyInto(found)
		return nil
	}
	err := d.Reader.List(ctx, into, opts...)
	if ok && err == nil {
		d.sets = found.DeepCopy()
	}
	return err
}
