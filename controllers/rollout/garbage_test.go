package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/serin-dev/serin/controllers/rollout"
)

// TestDecideHasAnAnswerToEverything asks with memories, observations and plans that make no sense, but whose words are words that mean something.
func TestDecideHasAnAnswerToEverything(t *testing.T) {
	count := uint64(30_000)
	if raceEnabled {
		count /= 10
	}
	for seed := range count {
		answers(t, seed)
	}
}

// FuzzDecide goes on where the test stops: go test -fuzz Decide ./controllers/rollout.
func FuzzDecide(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(answers)
}

func answers(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	p := plan()
	p.Steps = p.Steps[:r.IntN(4)]
	p.PodShare, p.OnInconclusive, p.Interval = r.IntN(2) == 0, rollout.InconclusivePolicy(r.IntN(4)), time.Duration(r.IntN(2))*time.Second
	var s rollout.State
	var o rollout.Observation
	garbage(reflect.ValueOf(&s).Elem(), r)
	garbage(reflect.ValueOf(&o).Elem(), r)
	d := rollout.Decide(p, s, o)
	if d.Message == "" && (d.State.Phase != rollout.Failed || s.Cause != "") {
		t.Errorf("seed %d: nothing is said about %+v", seed, d.State)
	}
	for _, i := range []invariant{{"the timer", timerRuns}, {"the hold", holdsInFlight}, {"the end", leavesNothing}} {
		if about := i.broken(turn{p, s, o, d}); about != "" {
			t.Errorf("seed %d: %s: %s", seed, i.name, about)
		}
	}
}

// garbage fills a value with anything that its type allows, in words of this package.
func garbage(v reflect.Value, r *rand.Rand) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if r.IntN(3) > 0 {
			v.Set(reflect.ValueOf(now.Add(time.Duration(r.IntN(7200)-3600) * time.Second)))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			garbage(v.Field(i), r)
		}
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int32:
		v.SetInt([]int64{0, 1, 2, 10, 50, 100, -3, 1 << 30}[r.IntN(8)])
	case reflect.String:
		words := []string{"", "v1", "v2", "v3", "v2@2", "v2@99999999999999999999"}
		if v.Type() == reflect.TypeFor[rollout.Phase]() {
			words = []string{"", "Dreaming", "Idle", "Progressing", "Promoting", "Finalizing", "RollingBack", "Succeeded", "Failed"}
		}
		v.SetString(words[r.IntN(len(words))])
	case reflect.Slice, reflect.Float64:
	default:
		panic(fmt.Sprintf("no garbage for %s", v.Type()))
	}
}
