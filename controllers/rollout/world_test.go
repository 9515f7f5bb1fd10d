package rollout_test

import (
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

// world is a small cluster: a Deployment with its ReplicaSets, a route with its data plane, a source of evidence, people, and a clock that a test steps.
type world struct {
	now time.Time

	// The Deployment. gate pauses it in the very write that changes its template.
	// gated says that it did so and that nobody has seen the new template yet.
	exists, paused, gate, gated bool
	replicas                    int32
	wanted                      string
	sets                        []*set // oldest first

	// The route: what the object says, and what the data plane follows.
	podShare    bool
	route, live route
	since       time.Time // when the data plane last changed
	deaf        bool      // the data plane acknowledges nothing

	// The candidate's pods. A stuck revision's pods never become ready; a broken one's crash.
	stuck, broken string

	// The evidence. Every revision passes unless told otherwise.
	verdicts map[string]analysis.Report
	silent   string // why the source does not answer
	alike    string // why no source could tell the candidate from the baseline

	wishes rollout.Wishes
	ending bool

	// What happened already and must not happen twice.
	pushed   []string
	reverted bool
	// refused is what a release ended with, as long as nothing else is wanted and nobody retried it.
	refused string
}

// set is a ReplicaSet.
type set struct {
	revision        string
	owner           owner
	pods, available int32
}

type owner int

const (
	nobody owner = iota
	byDeployment
	byCanary
)

type route struct {
	home, gone bool
	weight     int32
}

// newWorld has a Deployment of v1 that has been running for a long time, and a gate.
func newWorld(replicas int32) *world {
	return &world{
		now: time.Unix(1_800_000_000, 0).UTC(), exists: true, gate: true, replicas: replicas, wanted: "v1",
		sets:  []*set{{revision: "v1", owner: byDeployment, pods: replicas, available: replicas}},
		route: route{home: true}, live: route{home: true},
		verdicts: map[string]analysis.Report{},
	}
}

// push changes the template, as Git or a person does. A restart of the present template is no release, and no gate closes for it.
func (w *world) push(revision string) {
	if !w.exists || revision == w.wanted {
		return
	}
	if w.gate && w.replicas > 0 && original(revision) != original(w.wanted) && !w.ending {
		w.paused, w.gated = true, true
	}
	w.wanted = revision
}

// pushOnce is push, except that what was pushed before is not pushed again.
func (w *world) pushOnce(revision string) {
	if !slices.Contains(w.pushed, revision) {
		w.pushed = append(w.pushed, revision)
		w.push(revision)
	}
}

// remove deletes the Deployment, and its ReplicaSets with it.
func (w *world) remove() {
	w.exists = false
	for _, s := range w.sets {
		if s.owner != byCanary {
			s.resize(0)
		}
	}
}

// rolledBack says that the revision had pods and has none any more, and that the route is home.
func (w *world) rolledBack(revision string) bool {
	s := w.set(revision)
	return s != nil && s.pods == 0 && w.route.home && w.live.home
}

const restarted = "+restart"

// original is the revision without its restarts.
func original(revision string) string {
	before, _, _ := strings.Cut(revision, restarted)
	return before
}

func (w *world) set(revision string) *set {
	for _, s := range w.sets {
		if s.revision == revision && revision != "" {
			return s
		}
	}
	return nil
}

func (w *world) ensureSet(revision string, o owner) *set {
	if s := w.set(revision); s != nil {
		return s
	}
	s := &set{revision: revision, owner: o}
	w.sets = append(w.sets, s)
	return s
}

// owned are the ReplicaSets of the Deployment.
func (w *world) owned() []*set {
	var own []*set
	for _, s := range w.sets {
		if s.owner == byDeployment {
			own = append(own, s)
		}
	}
	return own
}

func (w *world) minAvailable() int32 { return w.replicas - max(1, w.replicas/4) }

// observe gathers the facts, as the shell does: pods are counted of the remembered baseline and candidate, else of what serves and of what is wanted.
func (w *world) observe(s rollout.State) rollout.Observation {
	o := rollout.Observation{Now: w.now, Wishes: w.wishes, Ending: w.ending, Split: w.split()}
	o.Report, o.SourceTrouble = w.evidence(s)
	o.Unjudgeable = w.alike
	serving := w.serving()
	baseline, candidate := s.Baseline, s.Candidate
	if baseline == "" {
		baseline = serving
	}
	if candidate == "" && w.wanted != baseline {
		candidate = w.wanted
	}
	facts := rollout.Workload{Serving: serving}
	if w.exists {
		facts = rollout.Workload{
			Exists: true, Paused: w.paused, Replicas: w.replicas, Complete: w.complete(), Wanted: w.wanted, Serving: serving, MinAvailable: w.minAvailable(),
		}
		for _, known := range []string{baseline, candidate} {
			if known != w.wanted && original(known) == original(w.wanted) {
				facts.RestartOf = known
				break
			}
		}
	}
	if b := w.set(baseline); b != nil {
		facts.BaselineAvailable = b.available
	}
	if c := w.set(candidate); c != nil {
		facts.CandidatePods, facts.CandidateAvailable = c.pods, c.available
		facts.Adopted = w.exists && c.owner == byDeployment
		facts.HandedOver = facts.Adopted && !w.othersHavePods(candidate)
	}
	for _, s := range w.sets {
		if s.revision != baseline && s.revision != candidate {
			facts.Strays += s.pods
		}
	}
	switch candidate {
	case "":
	case w.broken:
		facts.Trouble, facts.Fatal = "CrashLoopBackOff: container app exited with code 1", facts.CandidatePods > 0
	case w.stuck:
		facts.Trouble = "0/3 nodes are available: insufficient cpu"
	}
	o.Workload = facts
	return o
}

func (w *world) othersHavePods(revision string) bool {
	return slices.ContainsFunc(w.sets, func(s *set) bool { return s.revision != revision && s.pods > 0 })
}

func (w *world) serving() string {
	revision, most := "", int32(0)
	for _, s := range w.sets {
		if s.available > most {
			revision, most = s.revision, s.available
		}
	}
	return revision
}

func (w *world) complete() bool {
	s := w.current()
	if s == nil {
		return w.replicas == 0 && !w.othersHavePods("")
	}
	return s.pods == w.replicas && s.available == w.replicas && !w.othersHavePods(s.revision)
}

// current is the Deployment's own ReplicaSet of its present template.
func (w *world) current() *set {
	if s := w.set(w.wanted); s != nil && s.owner == byDeployment {
		return s
	}
	return nil
}

// split is what the route says. Without a route nothing says anything.
func (w *world) split() rollout.Split {
	if w.podShare {
		return rollout.Split{}
	}
	split := rollout.Split{Home: w.route.home, Gone: w.route.gone, Weight: w.route.weight, Settled: w.route == w.live && !w.route.gone}
	if !split.Settled {
		split.Message = "waiting for the gateway"
	}
	return split
}

// evidence needs one interval of a settled split.
func (w *world) evidence(s rollout.State) (analysis.Report, string) {
	if s.Phase != rollout.Progressing || s.Weight == 0 || s.SettledAt.IsZero() {
		return analysis.Report{}, ""
	}
	if w.now.Sub(s.SettledAt) < interval {
		return analysis.Report{Message: "too few requests yet"}, w.silent
	}
	// A silent source is quoted with what it said last.
	if r, known := w.verdicts[original(s.Candidate)]; known {
		return r, w.silent
	}
	return analysis.Report{Verdict: analysis.Pass, Message: "errors and p95 no worse"}, w.silent
}

// tick lets time pass: the Deployment controller acts, pods become available, the data plane follows the route.
func (w *world) tick(d time.Duration) {
	w.now = w.now.Add(d)
	for _, s := range w.sets {
		if s.owner == nobody && w.exists {
			s.owner = byDeployment
		}
	}
	switch {
	case !w.exists:
	case w.paused:
		w.scale()
	default:
		w.roll()
	}
	for _, s := range w.sets {
		switch original(s.revision) {
		case w.broken:
			s.available = 0
		case w.stuck:
			s.available = min(s.available, s.pods)
		default:
			s.available = min(s.pods, s.available+max(1, (w.replicas+1)/2))
		}
	}
	if !w.deaf {
		w.follow(w.route)
	}
}

// scale is what the Deployment controller does for a paused Deployment: a single ReplicaSet follows spec.replicas, several share the change.
func (w *world) scale() {
	own := w.owned()
	if len(own) == 0 {
		return
	}
	if s := w.current(); s != nil && s.pods == w.replicas && s.available == w.replicas {
		for _, other := range own {
			if other != s {
				other.resize(0)
			}
		}
		return
	}
	active := slices.DeleteFunc(slices.Clone(own), func(s *set) bool { return s.pods == 0 })
	switch len(active) {
	case 0:
		own[len(own)-1].resize(w.replicas)
	case 1:
		active[0].resize(w.replicas)
	default:
		total := int32(0)
		for _, s := range active {
			total += s.pods
		}
		for _, s := range active {
			if total > w.replicas+1 || w.replicas == 0 {
				s.resize(s.pods * w.replicas / total)
			}
		}
	}
}

// roll is what the Deployment controller does for an unpaused Deployment: pods of the wanted template come, one above the count at a time, and others go as long as
// enough are available. A ReplicaSet of the wanted template that belongs to somebody else would get a twin in a cluster; here the two are one.
func (w *world) roll() {
	wanted := w.ensureSet(w.wanted, byDeployment)
	wanted.owner = byDeployment
	total, available := wanted.pods, wanted.available
	var old []*set
	for _, s := range w.owned() {
		if s != wanted {
			old = append(old, s)
			total, available = total+s.pods, available+s.available
		}
	}
	if wanted.pods > w.replicas {
		wanted.resize(w.replicas)
	}
	surge := max(1, w.replicas/4)
	wanted.pods = min(w.replicas, wanted.pods+max(0, w.replicas+surge-total))
	for _, s := range old {
		dead := s.pods - s.available
		spare := max(0, available-w.minAvailable())
		gone := min(s.available, spare)
		s.pods, s.available, available = s.pods-dead-gone, s.available-gone, available-gone
		if w.replicas == 0 {
			s.resize(0)
		}
	}
}

// resize takes pods that serve nothing first.
func (s *set) resize(pods int32) {
	s.pods, s.available = pods, min(s.available, pods)
}

// follow is the data plane doing as it is told.
func (w *world) follow(r route) {
	if w.live != r {
		w.live, w.since = r, w.now
	}
}

// moves says that something is on its way without anybody's doing.
func (w *world) moves() bool {
	return w.route != w.live || w.exists && !w.paused && !w.complete()
}
