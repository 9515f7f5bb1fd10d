package rollout_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

type command func(args []string) error

// happens is a command without arguments.
func happens(f func()) command {
	return func([]string) error {
		f()
		return nil
	}
}

// to is a command with one argument.
func to(f func(arg string)) command {
	return func(args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("takes one argument")
		}
		f(args[0])
		return nil
	}
}

// commands are what a story may say. about is what follows the colon.
func (s *scene) commands(about string) map[string]command {
	w := s.world
	return map[string]command{
		// The plan.
		"plan":                    s.setPlan,
		"evidence deadline":       s.duration(&s.plan.EvidenceDeadline),
		"ready deadline":          s.duration(&s.plan.ReadyDeadline),
		"inconclusive holds":      happens(func() { s.plan.OnInconclusive = rollout.HoldIfInconclusive }),
		"inconclusive advances":   happens(func() { s.plan.OnInconclusive = rollout.AdvanceIfInconclusive }),
		"inconclusive rolls back": happens(func() { s.plan.OnInconclusive = rollout.RollBackIfInconclusive }),
		"no route":                happens(func() { w.podShare, s.plan.PodShare = true, true }),
		"no gate":                 happens(func() { w.gate = false }),
		// The owner of the workload.
		"push":            to(w.push),
		"restart":         happens(func() { w.push(w.wanted + restarted) }),
		"scale":           to(func(n string) { w.replicas = number(n) }),
		"resume by hand":  happens(func() { w.paused = false }),
		"pause by hand":   happens(func() { w.paused = true }),
		"delete workload": happens(w.remove),
		"create workload": to(w.create),
		"delete canary":   happens(func() { w.ending = true }),
		"wish":            to(s.wish),
		// The candidate's pods and the evidence.
		"crash":                 to(func(r string) { w.broken = r }),
		"stuck":                 to(func(r string) { w.stuck = r }),
		"pods fine":             happens(func() { w.broken, w.stuck = "", "" }),
		"evidence fails":        to(func(r string) { w.verdicts[r] = analysis.Report{Verdict: analysis.Fail, Message: about} }),
		"evidence passes":       to(func(r string) { w.verdicts[r] = analysis.Report{Verdict: analysis.Pass, Message: about} }),
		"evidence inconclusive": to(func(r string) { w.verdicts[r] = analysis.Report{Message: about} }),
		"source down":           happens(func() { w.silent = about }),
		"source up":             happens(func() { w.silent = "" }),
		// The route.
		"route written back": happens(func() {
			w.route = route{home: true}
			w.follow(w.route)
		}),
		"route deleted": happens(func() {
			w.route = route{gone: true}
			w.follow(w.route)
		}),
		"route created": happens(func() {
			w.route = route{home: true}
			w.follow(w.route)
		}),
		"gateway deaf":    happens(func() { w.deaf = true }),
		"gateway listens": happens(func() { w.deaf = false }),
		// Time.
		"run":                  s.span(s.run),
		"rest":                 func([]string) error { return s.rest() },
		"operator away":        s.span(s.away),
		"run until":            s.until,
		"operator stops":       happens(func() { s.stop = true }),
		"operator starts":      happens(s.restart),
		"another leader takes": happens(s.restart),
	}
}

func number(s string) int32 {
	n, _ := strconv.ParseInt(s, 10, 32)
	return int32(n)
}

// setPlan reads steps such as 10%/2m or 50%/5m/approval.
func (s *scene) setPlan(steps []string) error {
	s.plan.Steps = nil
	for _, text := range steps {
		parts := strings.Split(text, "/")
		if len(parts) < 2 {
			return fmt.Errorf("a step is weight/bake: %s", text)
		}
		bake, err := time.ParseDuration(parts[1])
		if err != nil {
			return err
		}
		s.plan.Steps = append(s.plan.Steps, rollout.Step{Weight: number(strings.TrimSuffix(parts[0], "%")), Bake: bake, Approval: len(parts) > 2})
	}
	return nil
}

func (s *scene) duration(into *time.Duration) command {
	return s.span(func(d time.Duration) { *into = d })
}

func (s *scene) span(f func(time.Duration)) command {
	return func(args []string) error {
		d, err := time.ParseDuration(strings.Join(args, ""))
		if err == nil {
			f(d)
		}
		return err
	}
}

// until runs until the candidate has a weight or the release a phase.
func (s *scene) until(args []string) error {
	for range 7200 {
		m := s.look().State
		weight, isWeight := strings.CutSuffix(args[0], "%")
		if isWeight && m.Phase == rollout.Progressing && m.Weight == number(weight) && !m.SettledAt.IsZero() || string(m.Phase) == args[0] {
			return nil
		}
		s.world.tick(time.Second)
	}
	return fmt.Errorf("still in phase %s at %d%% after two hours", s.memory.Phase, s.memory.Weight)
}

// away is a time in which nobody operates.
func (s *scene) away(d time.Duration) {
	for range int(d / time.Second) {
		s.world.tick(time.Second)
	}
	s.restart()
}

func (s *scene) restart() {
	s.reload()
	s.stop = false
}

// wish writes a verb as a person does: promote=v2.
func (s *scene) wish(text string) {
	verb, value, _ := strings.Cut(text, "=")
	v := &s.world.wishes
	for name, field := range map[string]*string{
		"promote": &v.Promote, "abort": &v.Abort, "approve": &v.Approve, "pause": &v.Pause, "resume": &v.Resume, "retry": &v.Retry,
	} {
		if name == verb {
			*field = value
		}
	}
}

// create makes the Deployment anew.
func (w *world) create(revision string) {
	w.exists, w.paused, w.wanted = true, false, revision
}
