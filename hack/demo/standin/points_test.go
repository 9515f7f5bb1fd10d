package standin

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

// at is a time in seconds after a begin of a bucket long ago.
func at(seconds float64) time.Time {
	return time.UnixMilli(1_700_000_040_000 + int64(seconds*1000))
}

func point(n float64) map[string][]datadogtest.Series {
	return map[string][]datadogtest.Series{"m": {{Count: n}}}
}

func TestPointsAreWhole(t *testing.T) {
	p := &Points{}
	for i := range 4 {
		p.Add(at(float64(i)*10), point(float64(i+1)))
	}
	for name, test := range map[string]struct {
		metric   string
		from, to float64
		want     float64
	}{
		"one bucket":                           {"m", 10, 20, 2},
		"several add up":                       {"m", 10, 40, 9},
		"one that is not over is not there":    {"m", 10, 39, 5},
		"one that began before is left out":    {"m", 11, 40, 7},
		"there is nothing in a part of one":    {"m", 11, 19, 0},
		"nothing was sent before the first":    {"m", -100, 0, 0},
		"nothing was sent after the last":      {"m", 40, 100, 0},
		"nothing was sent for another metric":  {"n", 0, 40, 0},
		"all of it is there in a longer while": {"m", -100, 100, 10},
	} {
		t.Run(name, func(t *testing.T) {
			sum := 0.0
			for _, s := range p.Between(test.metric, at(test.from), at(test.to)) {
				sum += s.Count
			}
			if sum != test.want {
				t.Errorf("%v, want %v", sum, test.want)
			}
		})
	}
}

func TestPointsAreForgotten(t *testing.T) {
	p := &Points{}
	for i := range 10_000 {
		p.Add(at(float64(i)*10), point(1))
	}
	if got, want := len(p.buckets), int(kept/bucket); got != want {
		t.Errorf("%d buckets are kept, want %d", got, want)
	}
	if got := p.Between("m", at(0), at(1000)); len(got) > 0 {
		t.Errorf("%d points are left of the beginning", len(got))
	}
	if got := p.Between("m", at(99_990), at(100_000)); len(got) != 1 {
		t.Errorf("%d points of the last bucket", len(got))
	}
}
