package engine

import (
	"math"
	"slices"
)

// stream is one comparison over a release, as a list of spans. A span begins where a regression may begin: with each change
// of weight, and else every onsetLooks looks. A leak or a saturation is then not hidden by the quiet hours before it.
type stream struct {
	spans []span
}

const (
	mostSpans  = 16
	onsetLooks = 20
	// firstOnset is the prior weight of "bad from its first request"; the later onsets share the rest.
	firstOnset = 0.5
)

// add counts a look.
func (s *stream) add(look span, onset bool) {
	last := len(s.spans) - 1
	if last < 0 || s.spans[last].Looks > 0 && (onset || s.spans[last].Looks >= onsetLooks) {
		s.spans = append(s.spans, span{})
		last++
	}
	s.spans[last].add(look)
	if len(s.spans) > mostSpans {
		s.condense()
	}
}

// condense joins the two neighbours that are shortest together, but for the newest span.
func (s *stream) condense() {
	at := 0
	for i := range len(s.spans) - 2 {
		if s.spans[i].Looks+s.spans[i+1].Looks < s.spans[at].Looks+s.spans[at+1].Looks {
			at = i
		}
	}
	s.spans[at].add(s.spans[at+1])
	s.spans = slices.Delete(s.spans, at+1, at+2)
}

// total is everything since the release began.
func (s *stream) total() sum { return totalOf(s.spans) }

// evidence against "the candidate is at most as bad as tolerated", each the logarithm of an e-value: a mixture, over ratios
// beyond the tolerated one, of likelihood ratios. Each is a non-negative supermartingale under the null, so the
// chance that the mixture ever reaches 1/α is at most α, however often one looks (Ville 1939; Robbins 1970; Ramdas, Grünwald,
// Vovk and Shafer, Game-theoretic statistics and safe anytime-valid inference). That holds for counts that scatter as the
// dispersion says, which is learned: the benchmark shows what is left of it.
type evidence struct {
	// fromStart is that of all looks, newest that of the last span's.
	fromStart, newest float64
	// anytime is the mixture over all onsets.
	anytime float64
}

func (s *stream) evidence(temper func(sum) float64) (e evidence) {
	var sums [ratios]float64
	var total sum
	mixture, unspent := 0.0, 1.0
	for i, p := range slices.Backward(s.spans) {
		total.include(p)
		d := temper(total)
		mean := 0.0
		for j, r := range alternatives() {
			sums[j] += p.at(math.Log(r))
			mean += math.Exp(min(sums[j]/d, 600)) / ratios
		}
		weight := firstOnset
		if i > 0 {
			weight = (1 - firstOnset) / (mostSpans - 1)
		} else {
			e.fromStart = math.Log(mean)
		}
		if i == len(s.spans)-1 {
			e.newest = math.Log(mean)
		}
		mixture += weight * mean
		unspent -= weight
	}
	e.anytime = math.Log(mixture + max(unspent, 0))
	return e
}
