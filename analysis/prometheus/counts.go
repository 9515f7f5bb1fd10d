package prometheus

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/analysis"
)

// unit is one pod of an arm, or the whole arm.
type unit struct {
	arm analysis.Arm
	pod string
}

// count is what was counted of a unit.
type count struct {
	requests, errors float64
	latency          analysis.Histogram
	// told is false when no label of the requests says which are errors.
	told bool
}

// counts adds up the series by unit.
func (r *reading) counts() map[unit]*count {
	chosen := r.choose()
	scrapes := map[scrape][]*counted{}
	for _, c := range r.series {
		if chosen[c.target] && c.samples > 0 {
			s := scrape{unit{c.arm, c.pod}, c.target}
			scrapes[s] = append(scrapes[s], c)
		}
	}
	counts := map[unit]*count{}
	for s, series := range scrapes {
		if counts[s.unit] == nil {
			counts[s.unit] = &count{}
		}
		r.addUp(counts[s.unit], series)
	}
	return counts
}

// scrape is what one target tells of one unit.
type scrape struct {
	unit   unit
	target *scraped
}

// addUp adds the series of one target.
func (r *reading) addUp(sum *count, all []*counted) {
	for _, name := range r.family.requests {
		found := false
		for _, c := range all {
			if c.name != name {
				continue
			}
			n := r.increase(c)
			found, sum.requests, sum.told = true, sum.requests+n, sum.told || c.told
			if c.failed {
				sum.errors += n
			}
		}
		if found {
			break
		}
	}
	native, steps := false, map[string][]step{}
	for _, c := range all {
		switch {
		case c.native && c.name == r.family.duration:
			native = true
			sum.latency = sum.latency.Merge(r.distribution(c))
		case c.group != "":
			if upTo, err := strconv.ParseFloat(c.upTo, 64); err == nil {
				steps[c.group] = append(steps[c.group], step{upTo, r.increase(c)})
			}
		}
	}
	if native {
		return
	}
	for _, s := range steps {
		sum.latency = sum.latency.Merge(fromSteps(s, r.family.unit))
	}
}

// choose picks one target for each place, or for each container of it, so that a place scraped twice counts once.
// Containers are told apart only when every target of the place says which it is.
func (r *reading) choose() map[*scraped]bool {
	unnamed := map[string]bool{}
	for _, c := range r.series {
		if c.target.container == "" {
			unnamed[c.target.place] = true
		}
	}
	best := map[[2]string]*scraped{}
	for _, c := range r.series {
		where := [2]string{c.target.place, c.target.container}
		if unnamed[c.target.place] {
			where[1] = ""
		}
		if b := best[where]; b == nil || c.target.better(b) {
			best[where] = c.target
		}
	}
	chosen := make(map[*scraped]bool, len(best))
	for _, t := range best {
		chosen[t] = true
	}
	return chosen
}

// observations are the counts as the answer to one query, ordered by arm and pod. Units without requests are left out.
func observations(counts map[unit]*count, q analysis.Query, w analysis.Window) []analysis.Observation {
	var out []analysis.Observation
	for u, c := range counts {
		o := analysis.Observation{Metric: q.Metric, Arm: u.arm, Pod: u.pod, Window: w}
		if q.Latency {
			o.Latency = c.latency.Merge()
			o.Requests = c.latency.Total()
		}
		if q.Errors {
			o.Requests, o.Errors = c.requests, min(c.errors, c.requests)
		}
		if o.Requests > 0 {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b analysis.Observation) int {
		return cmp.Or(cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Pod, b.Pod))
	})
	return out
}

// untold is the error for requests of which no label says whether they failed; nil when one does for any of them.
func (f family) untold(counts map[unit]*count) error {
	requests := 0.0
	for _, c := range counts {
		if c.told {
			return nil
		}
		requests += c.requests
	}
	if requests == 0 {
		return nil
	}
	return fmt.Errorf("%w: the series of %s have none of the labels %s, so errors can't be told; bring your own query",
		analysis.ErrRejected, f.requests[0], strings.Join(f.status, ", "))
}
