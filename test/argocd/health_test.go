package argocd

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// healthTests is the format in which Argo CD keeps what is expected of a health script.
type healthTests struct {
	Tests []healthTest `json:"tests"`
}

type healthTest struct {
	InputPath    string `json:"inputPath"`
	HealthStatus health `json:"healthStatus"`
}

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func healthOf(t *testing.T, kind string, obj any) health {
	t.Helper()
	answer, err := run(t, script(t, kind+"/health.lua"), plain(t, obj))
	if err != nil {
		t.Fatal(err)
	}
	got := health{}
	got.Status, _ = answer["status"].(string)
	got.Message, _ = answer["message"].(string)
	if len(answer) != 2 || got.Message == "" {
		t.Errorf("it tells %v", answer)
	}
	return got
}

// TestHealthOfRealObjects reads what was taken from real clusters.
func TestHealthOfRealObjects(t *testing.T) {
	for _, kind := range []string{"Canary", "MetricSource"} {
		for _, test := range read[healthTests](t, kind, "health_test.yaml").Tests {
			t.Run(kind+"/"+test.InputPath, func(t *testing.T) {
				if diff := cmp.Diff(test.HealthStatus, healthOf(t, kind, read[object](t, kind, test.InputPath))); diff != "" {
					t.Errorf("wanted -, got +:\n%s", diff)
				}
			})
		}
	}
}

// wantedHealth is what Argo CD is to show of a Canary.
func wantedHealth(s state) health {
	waits := s.paused || s.reason == v1alpha1.ReasonAwaitingApproval
	switch {
	case s.late:
		return health{"Progressing", "Serin has yet to look at this Canary as it is now"}
	case s.obstructed, s.phase == v1alpha1.PhaseFailed:
		return health{"Degraded", mend}
	case s.phase == v1alpha1.PhaseProgressing && waits:
		return health{"Suspended", told}
	case s.inFlight(), s.unseen, s.rolling():
		return health{"Progressing", told}
	}
	return health{"Healthy", told}
}

func TestHealthInEveryPhaseForEveryReason(t *testing.T) {
	seen := map[string]int{}
	for _, s := range everyState(t) {
		got := healthOf(t, "Canary", s.canary())
		if want := wantedHealth(s); got != want {
			t.Errorf("%s: it is %v, wanted %v", s, got, want)
		}
		seen[got.Status]++
	}
	for _, status := range []string{"Healthy", "Suspended", "Progressing", "Degraded"} {
		if seen[status] == 0 {
			t.Errorf("nothing is %s", status)
		}
	}
}

func TestWhatIsNotYetSaidIsProgressing(t *testing.T) {
	for name, status := range map[string]any{
		"nothing":                                 nil,
		"an empty status":                         object{},
		"a weight and nothing else":               object{"weight": 0},
		"a phase without a generation":            object{"phase": "Succeeded"},
		"a phase without conditions":              object{"phase": "Succeeded", "observedGeneration": 3, "observedRevision": baseline},
		"a phase that is not known":               object{"phase": "Waiting", "observedGeneration": 3},
		"Ready, of no template":                   object{"phase": "Idle", "observedGeneration": 3, "conditions": []any{object{"type": "Ready", "status": "True"}}},
		"conditions without a phase":              object{"observedGeneration": 3, "conditions": []any{object{"type": "Ready", "status": "True"}}},
		"a generation that the object can't have": object{"phase": "Succeeded", "observedGeneration": 4},
	} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range []string{"Canary", "MetricSource"} {
				obj := object{"metadata": object{"generation": 3}}
				if status != nil {
					obj["status"] = status
				}
				if kind == "MetricSource" && name == "conditions without a phase" {
					continue // it has none
				}
				if kind == "MetricSource" && name == "Ready, of no template" {
					continue // it knows no templates
				}
				if got := healthOf(t, kind, obj); got.Status != "Progressing" {
					t.Errorf("a %s is %v", kind, got)
				}
			}
		})
	}
}
