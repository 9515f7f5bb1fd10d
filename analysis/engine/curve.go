package engine

import (
	"math"
	"slices"
)

// span is what a stretch of looks adds to a comparison: sums, so that it has the same size whatever its length. An event is
// an error or a slow request. In each look the candidate had x of the events of both arms, E = x + y, where y counts the
// baseline's with those added that the policy tolerates; θ is the candidate's share of the requests.
//
// Of values, which come as one number per interval, there are no events: Events is Σ wd of the differences d with weights w,
// and Info is Σ w.
type span struct {
	Events   float32 // Σ x
	All      float32 // Σ E
	Expected float32 // Σ Eθ: the candidate's events, were it just as bad as tolerated
	Info     float32 // Σ Eθ(1-θ): the variance of Σ x in that case, if requests were independent
	Spread   float32 // Σ Eθ(1-θ)(1/kC + 1/kB), with the effective numbers of pods of both arms
	Looks    float32
}

// sum is several spans together, the newest first.
type sum struct {
	span
	// Pairs is the sum of vv′/k over all pairs of spans, with v their Info and 1/k the later one's mean of 1/kC + 1/kB: the later span's
	// pods are those of the earlier one and some more.
	Pairs float64
}

// include adds a span that is older than those that were added before.
func (t *sum) include(older span) {
	t.Pairs += float64(older.Info) * (float64(older.Spread) + 2*float64(t.Spread))
	t.add(older)
}

func (s *span) add(o span) {
	s.Events += o.Events
	s.All += o.All
	s.Expected += o.Expected
	s.Info += o.Info
	s.Spread += o.Spread
	s.Looks += o.Looks
}

// scaled is s with a part w of its weight, 0 to 1.
func (s span) scaled(w float64) span {
	v := float32(w)
	return span{v * s.Events, v * s.All, v * s.Expected, v * s.Info, v * s.Spread, s.Looks}
}

// at is the log-likelihood of a log ratio g of the arms' event rates beyond what is tolerated, relative to g = 0. Given E, the
// x of a look is binomial with probability θe^g / (1 - θ + θe^g): an incident that hits both arms changes E and not the
// split, so it cancels, and so do changes of weight and traffic between looks.
//
// The span is taken as one look with the mean θ of its events, which is exact while the weight does not change.
func (s span) at(g float64) float64 {
	if s.All <= 0 { // normal, with variance 1 per weight
		return float64(s.Events)*g - float64(s.Info)*g*g/2
	}
	return float64(s.Events)*g - float64(s.All)*math.Log1p(float64(s.Expected/s.All)*math.Expm1(g))
}

// surprise is the evidence in nats that the split is not the expected one, at whichever ratio suits it best; negative when
// the candidate has fewer events than expected.
func (s span) surprise() float64 {
	x, all, expected := float64(s.Events), float64(s.All), float64(s.Expected)
	if all <= 0 {
		return 0
	}
	nats := term(x, expected) + term(all-x, all-expected)
	if x < expected {
		return -nats
	}
	return nats
}

// term is x log(x/m), 0 for x = 0.
func term(x, m float64) float64 {
	switch {
	case x <= 0:
		return 0
	case m <= 0:
		return math.Inf(1)
	}
	return x * math.Log(x/m)
}

// curve is the log-likelihood of the log ratio g over spans, divided by how much wider the sums scatter than those of
// independent requests would ([dispersion]). Everything that is decided is read off it.
type curve struct {
	spans  []span
	temper float64
}

func (c curve) at(g float64) float64 {
	var l float64
	for _, s := range c.spans {
		l += s.at(g)
	}
	return l / c.temper
}

// best is the g that suits the evidence best, between -limitG and limitG.
func (c curve) best() float64 {
	t := totalOf(c.spans).span
	if t.All <= 0 && t.Info > 0 {
		return min(max(float64(t.Events/t.Info), -limitG), limitG)
	}
	x, y := float64(t.Events), float64(t.All-t.Events)
	expected, rest := float64(t.Expected), float64(t.All-t.Expected)
	if !(expected > 0) || !(rest > 0) {
		return 0
	}
	return min(max(math.Log(max(x, 1e-9)/max(y, 1e-9)*rest/expected), -limitG), limitG)
}

// against is the logarithm of an e-value against the log ratio g: a mixture of ratios beyond it, upwards or (side -1) downwards.
func (c curve) against(g, side float64) float64 {
	here, mean := c.at(g), 0.0
	for _, r := range alternatives() {
		mean += math.Exp(min(c.at(g+side*math.Log(r))-here, 600)) / ratios
	}
	return math.Log(mean)
}

// bound is the log ratio up to which (side 1), or from which on (side -1), all are refuted at the level of 2.5% at all times.
func (c curve) bound(side float64) float64 {
	inside, end := c.best(), -side*limitG
	refuted := math.Log(40)
	if c.against(end, side) < refuted {
		return math.Inf(int(-side))
	}
	for range 16 { // to a ten thousandth
		if middle := (inside + end) / 2; c.against(middle, side) < refuted {
			inside = middle
		} else {
			end = middle
		}
	}
	return inside
}

// limitG bounds the log ratios looked at: a factor of 3,000 either way.
const limitG = 8

// upper is the log ratio beyond which the likelihood has fallen by more than plausible.
func (c curve) upper() float64 {
	inside, end := c.best(), float64(limitG)
	floor := c.at(inside) - plausible
	if c.at(end) >= floor {
		return math.Inf(1)
	}
	for range 20 { // to a hundred thousandth
		if middle := (inside + end) / 2; c.at(middle) < floor {
			end = middle
		} else {
			inside = middle
		}
	}
	return inside
}

const ratios = 5

// alternatives are the ratios beyond the tolerated one that the evidence is weighed for, each with the same prior weight.
func alternatives() [ratios]float64 { return [...]float64{1.2, 1.5, 2.5, 6, 30} }

func totalOf(spans []span) sum {
	var t sum
	for _, s := range slices.Backward(spans) {
		t.include(s)
	}
	return t
}
