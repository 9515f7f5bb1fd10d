package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/controllers/rollout"
)

func TestWishesForARevisionThatNobodyKnows(t *testing.T) {
	const typed = "serin.dev/abort=v22"
	for name, row := range map[string]struct {
		wishes  rollout.Wishes
		ignored string // already told
		told    string // empty: silence
	}{
		"a mistyped revision is told":                         {rollout.Wishes{Abort: "v22"}, "", "ignored: " + typed + ". The revision under test is v2"},
		"once":                                                {rollout.Wishes{Abort: "v22"}, typed, ""},
		"another one is news":                                 {rollout.Wishes{Abort: "v22", Pause: "yes"}, typed, "ignored: " + typed + " serin.dev/pause=yes."},
		"what it says besides does not matter":                {rollout.Wishes{Abort: "v22@again"}, typed, ""},
		"one taken back is forgotten in silence":              {rollout.Wishes{}, typed, ""},
		"the candidate is known":                              {rollout.Wishes{Approve: "v2"}, "", ""},
		"so is the baseline: it was meant in its own release": {rollout.Wishes{Approve: "v1@2"}, "", ""},
		"a book is not repeated":                              {rollout.Wishes{Abort: strings.Repeat("v", 100_000)}, "", "ignored: serin.dev/abort=..."},
	} {
		t.Run(name, func(t *testing.T) {
			q := question{
				plan(),
				rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, EnteredAt: now, SettledAt: ago(time.Second), Reason: rollout.ReasonObserving, Ignored: row.ignored},
				rollout.Observation{Now: now, Workload: serving("v2"), Split: routed(10), Wishes: row.wishes},
			}
			q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 5, 5
			d := rollout.Decide(q.plan, q.state, q.seen)
			switch {
			case row.told == "" && d.Event != nil:
				t.Errorf("told: %s", d.Event.Message)
			case row.told != "" && (d.Event == nil || d.Event.Reason != rollout.ReasonVerbIgnored || !strings.HasPrefix(d.Event.Message, row.told)):
				t.Errorf("told %+v", d.Event)
			}
			if d.State.Phase != rollout.Progressing || d.State.Acknowledged != (rollout.Wishes{}) {
				t.Errorf("something was done about it: %+v", d.State)
			}
			if again := rollout.Decide(q.plan, d.State, q.seen); again.Event != nil {
				t.Errorf("told again: %s", again.Event.Message)
			}
		})
	}
}
