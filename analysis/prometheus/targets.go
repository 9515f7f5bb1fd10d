package prometheus

import (
	"cmp"
	"slices"
	"strings"
)

// target identifies what a series was scraped from.
type target struct {
	// place is the pod, or without pod labels the address; there a request happens once, however often it is scraped.
	place string
	// container of the pod, when the scraper says it.
	container string
	// job and instance are Prometheus' own names of the target.
	job, instance string
	// rest are further labels in which two scrapers of one place differ.
	rest string
}

// targetOf reads the labels that a scraper adds; pod is empty where only the arm is known.
func targetOf(labels map[string]string, pod string) target {
	return target{
		place:     cmp.Or(pod, labels["pod"], labels["instance"]),
		container: labels["container"],
		job:       labels["job"],
		instance:  labels["instance"],
		rest: strings.Join([]string{
			labels["endpoint"], labels["cluster"], labels["prometheus"], labels["prometheus_replica"],
			labels["replica"], labels["receive_replica"],
		}, "\x00"),
	}
}

// scraped is what is known of a target.
type scraped struct {
	target
	// known is true when any of its series had a sample before the window; firstAt is the first sample within, 0 for none.
	known   bool
	firstAt int64
	// native says that one of them is a native histogram.
	native bool
	// wasUp is true when it was scraped just before the window, without the series asked for. wasLost is true when it had been
	// scraped, but no more just before the window.
	wasUp, wasLost bool
}

// saw takes note of a series of the target.
func (t *scraped) saw(c *counter) {
	t.known, t.native = t.known || c.known, t.native || c.native
	if c.samples > 0 && (t.firstAt == 0 || c.firstAt < t.firstAt) {
		t.firstAt = c.firstAt
	}
}

// better prefers the target that was there before the window, then one with native histograms, and then one by name: were it
// the one scraped last, the choice would change from look to look, and a request that two scrapers see would count in both.
// For a new pod with two scrapers it may still change once, which counts or misses what came between their scrapes.
func (t *scraped) better(than *scraped) bool {
	if t.known != than.known {
		return t.known
	}
	if t.native != than.native {
		return t.native
	}
	return cmp.Or(cmp.Compare(than.job, t.job), cmp.Compare(than.instance, t.instance), cmp.Compare(than.rest, t.rest)) > 0
}

// targets are those that any family's series came from: what one tells of a target helps to understand another.
type targets map[target]*scraped

// of finds a target, or begins to know it.
func (ts targets) of(t target) *scraped {
	if ts[t] == nil {
		ts[t] = &scraped{target: t}
	}
	return ts[t]
}

// fromZero says whether a series that was not known before the window began in it. Its target was scraped without it, or
// is itself new, while others were scraped before. Where nothing at all is known from before, it may be old.
func (ts targets) fromZero(t *scraped, c *counter) bool {
	switch {
	case t.known || t.firstAt < c.firstAt:
		return true
	case t.wasLost: // and is scraped again
		return false
	}
	for _, other := range ts {
		if other.known || other.wasUp {
			return true
		}
	}
	return false
}

// strangers are targets that nothing is known of from before the window, though their series appear in it. One more scraper
// of a known place is none: it will not be chosen.
func (ts targets) strangers() []*scraped {
	places := map[string][]string{} // containers of known targets
	for _, t := range ts {
		if t.known {
			places[t.place] = append(places[t.place], t.container)
		}
	}
	var out []*scraped
	for _, t := range ts {
		containers := places[t.place]
		rival := slices.Contains(containers, t.container) || slices.Contains(containers, "") || t.container == "" && containers != nil
		if !t.known && t.firstAt > 0 && t.job != "" && !rival {
			out = append(out, t)
		}
	}
	return out
}

// wereUp asks what Prometheus knows of targets: 1 for those scraped of late, 0 for those scraped some time ago, less for
// those that never answered, nothing for those it never knew.
func wereUp(strangers []*scraped) string {
	jobs, instances := map[string]bool{}, map[string]bool{}
	for _, t := range strangers {
		jobs[t.job], instances[t.instance] = true, true
	}
	up := selector{}.expression([]string{"up"}, []matcher{oneOf("job", quoteSet(jobs)...), oneOf("instance", quoteSet(instances)...)})
	return "last_over_time(" + up + span(lookBack) + ") == 1 or max_over_time(" + up + span(memory) + ") - 1"
}

// recognise takes the answer to [wereUp].
func recognise(strangers []*scraped) func(*series) error {
	return func(s *series) error {
		if s.Value == nil {
			return errShape
		}
		for _, t := range strangers {
			if t.job == s.Labels["job"] && t.instance == s.Labels["instance"] {
				t.wasUp = t.wasUp || s.Value.value == 1
				t.wasLost = t.wasLost || s.Value.value == 0
			}
		}
		return nil
	}
}
