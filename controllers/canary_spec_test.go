package controllers

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload"
)

func TestEveryFieldOfTheMemorySurvivesTheStatus(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		want := rollout.State{}
		fill(random, reflect.ValueOf(&want).Elem())
		status := memoryOf(want)
		// The status goes through the API server as JSON, which keeps whole seconds.
		got := stateFrom(status.DeepCopy())
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("memory changed on its way through the status (-want +got):\n%s", diff)
		}
		if got != want {
			t.Fatalf("memory is equal but not ==, which tells a change from none: %#v and %#v", want, got)
		}
	}
}

// fill sets every field to something that is not its zero value, so that a field that is forgotten in the mapping is found.
func fill(random *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_700_000_000+random.Int64N(1_000_000), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(random, v.Field(i))
		}
	case reflect.String:
		v.SetString("word-" + string(rune('a'+random.IntN(26))))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32:
		v.SetInt(1 + random.Int64N(100))
	default:
		panic("no value for a " + v.Kind().String())
	}
}

func TestPlanFromAddsWhatTheClusterSays(t *testing.T) {
	canary := &v1alpha1.Canary{}
	for name, tc := range map[string]struct {
		seconds int32
		want    time.Duration
	}{
		"the workload's own deadline":                          {30, 30 * time.Second},
		"Kubernetes' default for a workload that is not there": {0, 10 * time.Minute},
	} {
		plan, asked, err := planFrom(canary, workload.Observation{ProgressDeadlineSeconds: tc.seconds}, 7*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if plan.ReadyDeadline != tc.want || plan.Drain != 7*time.Second {
			t.Errorf("%s: ready within %s and drained after %s, want %s and 7s", name, plan.ReadyDeadline, plan.Drain, tc.want)
		}
		if len(plan.Steps) == 0 || len(asked.queries) == 0 || len(asked.policy.Criteria) == 0 {
			t.Errorf("%s: what the Canary asks for is lost: %+v %+v", name, plan, asked)
		}
	}
}
