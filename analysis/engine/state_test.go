package engine

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

// TestARestartAtAnyMomentChangesNothing restores one of two engines before each look.
func TestARestartAtAnyMomentChangesNothing(t *testing.T) {
	limited := usual()
	limited.Criteria[0].Limit, limited.Criteria[1].Limit = 0.05, 1
	for name, c := range map[string]struct {
		policy analysis.Policy
		source func(*service)
		cut    int // into how many short looks
	}{
		"pods":                      {usual(), func(*service) {}, 1},
		"looks every five seconds":  {usual(), func(*service) {}, 3},
		"looks every second":        {limited, func(s *service) { s.errors[1] = 0.004 }, 15},
		"arms only":                 {usual(), func(s *service) { s.whole = true }, 1},
		"one number per interval":   {usual(), func(s *service) { s.scalar = true }, 1},
		"limits":                    {limited, func(*service) {}, 1},
		"a regression":              {usual(), func(s *service) { s.errors[1] = 0.004 }, 1},
		"pods that come and go":     {usual(), func(s *service) { s.pods[1] = 3 }, 1},
		"more requests than 16,777": {usual(), func(s *service) { s.rate = 20_000 }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(7, 150)
			c.source(s)
			steady, restarted := New(c.policy), New(c.policy)
			var since []analysis.Look
			see := func(l analysis.Look) {
				t.Helper()
				restarted = again(t, c.policy, restarted, since)
				a, b := steady.Look(l), restarted.Look(l)
				since = missed(since, restarted, l)
				if a.Message != b.Message || fmt.Sprint(a.Results) != fmt.Sprint(b.Results) {
					t.Fatalf("after a restart:\n%s\n%+v\nwithout:\n%s\n%+v", b.Message, b.Results, a.Message, a.Results)
				}
			}
			for range 70 {
				for _, l := range cut(s.look(0, 0), c.cut) {
					see(l)
				}
			}
			for weight := int32(10); weight <= 100; weight += 10 {
				s.pods[1] = 1 + int(weight)/10
				for range 5 {
					for _, l := range cut(s.look(weight, min(weight+10, 100)), c.cut) {
						see(l)
					}
				}
			}
			if !bytes.Equal(steady.State(), restarted.State()) {
				t.Error("the states differ")
			}
		})
	}
}

// TestTheStateIsSmallWhateverTheHistory looks at a week of releases.
func TestTheStateIsSmallWhateverTheHistory(t *testing.T) {
	s, e := healthy(1, 50), New(usual())
	s.learn(e)
	for weight := int32(10); weight < 100; weight += 10 {
		for range 4 {
			e.Look(s.look(weight, weight+10))
		}
	}
	short := len(e.State())
	for range 2000 {
		e.Look(s.look(90, 100))
	}
	long := len(e.State())
	t.Logf("%d bytes after 9 minutes, %d after 9 hours, of two metrics", short, long)
	if long > 4096 || long > short+700 {
		t.Errorf("%d bytes after 9 minutes, %d after 9 hours", short, long)
	}
}

func TestAStateThatDoesNotFitSaysWhy(t *testing.T) {
	s, e := healthy(1, 50), New(usual())
	e.Look(s.look(10, 20))
	state := e.State()
	other := usual()
	other.Criteria[0].Relative = 0.5
	newer := bytes.Clone(state)
	newer[0] = 9
	damaged := bytes.Clone(state)
	damaged[20] ^= 1
	for name, c := range map[string]struct {
		policy analysis.Policy
		state  []byte
		says   string
	}{
		"nothing":                {usual(), nil, "cut short"},
		"another version":        {usual(), newer, "has version 9"},
		"another policy":         {other, state, "the policy has changed"},
		"a bit that has flipped": {usual(), damaged, "damaged"},
		"a part":                 {usual(), state[:len(state)-9], "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Restore(c.policy, c.state)
			if err == nil || e != nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := Restore(usual(), state); err != nil {
		t.Error(err)
	}
}
