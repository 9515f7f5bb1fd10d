package argocd

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

const (
	baseline  = "6c8d7f9b5d"
	candidate = "7b5f8c9d4f"
	told      = "what is going on"
	mend      = "what a person has to change"
)

// state is one that a Canary can be found in.
type state struct {
	phase  v1alpha1.Phase
	reason string
	// paused by a person; obstructed by something that a person has to change.
	paused, obstructed bool
	// late is true before the operator has looked at the present spec, unseen before it has looked at the present template.
	late, unseen bool
}

func (s state) String() string {
	return fmt.Sprintf("%s, %s, paused=%t obstructed=%t late=%t unseen=%t", s.phase, s.reason, s.paused, s.obstructed, s.late, s.unseen)
}

func (s state) inFlight() bool {
	return !slices.Contains([]v1alpha1.Phase{v1alpha1.PhaseIdle, v1alpha1.PhaseSucceeded, v1alpha1.PhaseFailed}, s.phase)
}

// rolling says that the Deployment rolls by itself.
func (s state) rolling() bool {
	return s.reason == v1alpha1.ReasonDeploymentRollingOut && !s.inFlight()
}

// tested says that there is a revision that verbs can mean.
func (s state) tested() bool { return s.inFlight() || s.phase == v1alpha1.PhaseFailed }

// canary is one in that state, with the status that the operator writes then.
func (s state) canary() *v1alpha1.Canary {
	c := &v1alpha1.Canary{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion().String(), Kind: "Canary"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "read-api", Generation: 3, ResourceVersion: "4711"},
		Spec:       v1alpha1.CanarySpec{TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "read-api"}},
		Status: v1alpha1.CanaryStatus{
			ObservedGeneration: 3, ObservedRevision: baseline, Phase: s.phase, Revision: baseline, Message: told,
			Rollout: &v1alpha1.RolloutStatus{Phase: s.phase, Baseline: baseline, Reason: s.reason, Paused: s.paused},
		},
	}
	if s.tested() {
		c.Status.Revision, c.Status.ObservedRevision, c.Status.Rollout.Candidate = candidate, candidate, candidate
	}
	if s.late {
		c.Generation++
	}
	if s.unseen {
		c.Status.ObservedRevision = "older"
	}
	stalled := s.phase == v1alpha1.PhaseFailed || s.obstructed
	set := func(kind string, is metav1.ConditionStatus, message string) {
		c.Status.Conditions = append(c.Status.Conditions, metav1.Condition{
			Type: kind, Status: is, Reason: s.reason, Message: message, ObservedGeneration: 3, LastTransitionTime: metav1.NewTime(time.Unix(1_700_000_000, 0)),
		})
	}
	if s.inFlight() || stalled || s.rolling() {
		set(v1alpha1.ConditionReady, metav1.ConditionFalse, told)
	} else {
		set(v1alpha1.ConditionReady, metav1.ConditionTrue, told)
	}
	if s.inFlight() || s.rolling() && !stalled {
		set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, told)
	}
	if stalled {
		set(v1alpha1.ConditionStalled, metav1.ConditionTrue, mend)
	}
	return c
}

// everyState is each phase with each reason, whether or not the two meet.
func everyState(t *testing.T) []state {
	t.Helper()
	var all []state
	for _, phase := range words(t, "canary_status.go", "Phase") {
		for _, reason := range words(t, "conditions.go", "Reason") {
			for n := range 1 << 4 {
				all = append(all, state{v1alpha1.Phase(phase), reason, n&1 > 0, n&2 > 0, n&4 > 0, n&8 > 0})
			}
		}
	}
	return all
}

// words are the values of the constants of the API whose names begin with prefix.
func words(t *testing.T, file, prefix string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/"+file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
		return true
	})
	if len(values) < 7 {
		t.Fatalf("found only %v", values)
	}
	return values
}
