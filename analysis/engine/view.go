package engine

import (
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// view is one look, as the metrics see it.
type view struct {
	analysis.Look
	// newest is what the last of the looks that are judged together has brought.
	newest []analysis.Observation
	// ready is since when each pod of an arm serves.
	ready map[podName]time.Time
	// pods is how many pods an arm has, and young since when the youngest of them serves that matter to the arm's total.
	pods  [2]float64
	young [2]time.Time
	// begin says that a regression may begin here: the weight has changed.
	begin bool
	// inStep and inRelease are how long the weight has been what it is, and the release has been going on.
	inStep, inRelease time.Duration
	learning          bool
}

type podName struct {
	arm  analysis.Arm
	name string
}

// unknownPod is a pod that the source counts and Kubernetes does not know of.
type unknownPod struct {
	Pod   uint32
	Since int64 // seconds
	Seen  int64
}

const (
	mostUnknown   = 128
	forgetUnknown = 600 // seconds after which an unknown pod that is not counted any more is forgotten
	// One in youngPart of an arm's pods may be young without making the arm's total young.
	youngPart = 4
)

func (e *Engine) view(l analysis.Look) *view {
	v := &view{Look: l, ready: make(map[podName]time.Time, len(l.Pods))}
	var since [2][]time.Time
	for _, p := range l.Pods {
		if p.Arm != analysis.Baseline && p.Arm != analysis.Candidate || p.ReadySince.IsZero() {
			continue
		}
		v.ready[podName{p.Arm, p.Name}] = p.ReadySince
		since[p.Arm] = append(since[p.Arm], p.ReadySince)
	}
	for arm := range since {
		v.pods[arm] = float64(len(since[arm]))
		if len(since[arm]) > 0 {
			slices.SortFunc(since[arm], func(a, b time.Time) int { return b.Compare(a) })
			v.young[arm] = since[arm][len(since[arm])/youngPart]
		}
	}
	if c := analysis.Candidate; v.young[c].Before(e.started()) {
		v.young[c] = e.started() // without requests nothing gets warm
	}
	for n, since := range v.ready {
		if n.arm == analysis.Candidate && since.Before(e.started()) {
			v.ready[n] = e.started()
		}
	}
	e.meet(v)
	v.inStep = l.Window.To.Sub(time.UnixMilli(e.release.Step))
	v.inRelease = l.Window.To.Sub(e.started())
	return v
}

// meet notes when pods that Kubernetes does not know of were first counted.
func (e *Engine) meet(v *view) {
	now := v.Window.To.Unix()
	for _, o := range v.Observations {
		name := podName{o.Arm, o.Pod}
		if o.Pod == "" {
			continue
		}
		if _, known := v.ready[name]; known {
			continue
		}
		hash := hashOf(o.Arm, o.Pod)
		i := slices.IndexFunc(e.unknown, func(u unknownPod) bool { return u.Pod == hash })
		if i < 0 {
			i = len(e.unknown)
			e.unknown = append(e.unknown, unknownPod{Pod: hash, Since: v.Window.From.Unix()})
		}
		e.unknown[i].Seen = now
		v.ready[name] = time.Unix(e.unknown[i].Since, 0)
	}
	e.unknown = slices.DeleteFunc(e.unknown, func(u unknownPod) bool { return now-u.Seen > forgetUnknown })
	if over := len(e.unknown) - mostUnknown; over > 0 {
		e.unknown = slices.Delete(e.unknown, 0, over)
	}
}

// seconds is the length of the look.
func (v *view) seconds() float64 { return length(v.Look).Seconds() }

// part of what a look may tell that this one may: a group that is not over less than a whole one.
func (v *view) part() float64 { return min(v.seconds()/groupLength.Seconds(), 1) }

// since is since when the pod of an observation serves, or the arm's youngest pods that matter where the source knows only arms.
func (v *view) since(o *analysis.Observation) time.Time {
	if o.Pod == "" {
		return v.young[o.Arm]
	}
	return v.ready[podName{o.Arm, o.Pod}]
}

// hashOf is the 32-bit hash FNV-1a of a pod's arm and name.
func hashOf(arm analysis.Arm, pod string) uint32 {
	const offset, prime = 2166136261, 16777619
	h := (offset ^ uint32(arm)) * prime
	for i := range len(pod) {
		h = (h ^ uint32(pod[i])) * prime
	}
	return h
}
