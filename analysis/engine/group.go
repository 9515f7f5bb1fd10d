package engine

import (
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// groupLength is the shortest time that is judged by itself. What comes within the same seconds may have one cause, a stalled pod or one client's storm, into however many looks
// it is cut: so shorter looks are gathered until they are as long, and what a look may tell, how pods differ from look to look and what is clipped mean the same at any interval.
const groupLength = 15 * time.Second

// gather adds a look to the group that goes on, or begins the next one with it, and answers the group; over says that nothing will be added any more.
func (e *Engine) gather(l analysis.Look) (group analysis.Look, over bool) {
	if length(e.open) > 0 {
		if e.joins(l) {
			l = joined(e.open, l)
		} else {
			e.Close()
		}
	}
	if e.open = l; length(l) >= groupLength || !e.sound(l) {
		e.open = analysis.Look{}
		return l, true
	}
	return l, false
}

// Close ends the group that goes on, so that State holds all looks. It is for a step's end, when no further look will join.
func (e *Engine) Close() {
	if group := e.open; length(group) > 0 {
		e.open = analysis.Look{}
		e.take(group, group)
	}
}

// Open is how much of the newest looks is not in the State yet, because it is too short to be judged by itself: less than 15 seconds. After a
// restart these looks have to be taken in again.
func (e *Engine) Open() time.Duration { return length(e.open) }

func length(l analysis.Look) time.Duration { return l.Window.To.Sub(l.Window.From) }

// joins says whether a look continues the group that goes on. Pods count from the first group in which they are warm, so a group ends before one gets warm.
func (e *Engine) joins(l analysis.Look) bool {
	if l.Weight != e.open.Weight || l.Next != e.open.Next || !l.Window.From.Equal(e.open.Window.To) || !e.sound(l) {
		return false
	}
	return !slices.ContainsFunc(l.Pods, func(p analysis.Pod) bool {
		since := p.ReadySince
		if p.Arm == analysis.Candidate && since.Before(e.started()) {
			since = e.started()
		}
		warm := since.Add(e.policy.WarmUp)
		return warm.After(e.open.Window.From) && !warm.After(l.Window.From)
	})
}

// sound says whether all that a look brings makes sense. What does not is no part of a group, where it might hide.
func (e *Engine) sound(l analysis.Look) bool {
	for _, m := range e.metrics {
		for i := range l.Observations {
			if o := &l.Observations[i]; o.Metric == m.c.Name && m.validate(o) != nil {
				return false
			}
		}
	}
	return true
}

// copied is an Engine that knows the same, to judge a group that is not over.
func (e *Engine) copied() *Engine {
	c := *e
	c.unknown = slices.Clone(e.unknown)
	c.metrics = make([]*metric, len(e.metrics))
	for i, m := range e.metrics {
		n := *m
		n.Comparison.spans, n.Limit.spans = slices.Clone(m.Comparison.spans), slices.Clone(m.Limit.spans)
		n.Dispersion.Pods = slices.Clone(m.Dispersion.Pods)
		c.metrics[i] = &n
	}
	return &c
}

// joined are two looks as one.
func joined(a, b analysis.Look) analysis.Look {
	type key struct {
		metric, pod string
		arm         analysis.Arm
	}
	l := analysis.Look{Window: analysis.Window{From: a.Window.From, To: b.Window.To}, Weight: b.Weight, Next: b.Next}
	l.Pods = slices.Clone(b.Pods)
	for _, p := range a.Pods {
		if !slices.ContainsFunc(b.Pods, func(q analysis.Pod) bool { return p.Arm == q.Arm && p.Name == q.Name }) {
			l.Pods = append(l.Pods, p)
		}
	}
	l.Observations = slices.Clone(a.Observations)
	at := make(map[key]int, len(a.Observations))
	for i, o := range l.Observations {
		at[key{o.Metric, o.Pod, o.Arm}] = i
	}
	for _, o := range b.Observations {
		k := key{o.Metric, o.Pod, o.Arm}
		if i, ok := at[k]; ok {
			l.Observations[i] = together(l.Observations[i], o, length(a).Seconds(), length(b).Seconds())
			continue
		}
		at[k] = len(l.Observations)
		l.Observations = append(l.Observations, o)
	}
	return l
}

// together is what was observed in two looks of so many seconds. Of numbers that are no counts it is the mean, by requests where they are known.
func together(a, b analysis.Observation, secondsA, secondsB float64) analysis.Observation {
	switch {
	case a.Value != nil && b.Value != nil:
		if a.Requests > 0 && b.Requests > 0 {
			secondsA, secondsB = a.Requests, b.Requests
		}
		mean := *a.Value + (*b.Value-*a.Value)*secondsB/(secondsA+secondsB)
		a.Value = &mean
	case b.Value != nil:
		a.Value = b.Value
	}
	a.Requests += b.Requests
	a.Errors += b.Errors
	a.Latency = a.Latency.Merge(b.Latency)
	a.Window.To = b.Window.To
	return a
}
