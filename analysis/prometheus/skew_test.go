package prometheus

import (
	"net/http"
	"testing"
	"time"
)

func TestAheadOf(t *testing.T) {
	at := func(seconds float64) time.Time { return time.Unix(1_700_000_000, int64(seconds*1e9)) }
	for name, test := range map[string]struct {
		date            float64
		asked, answered float64
		age             string
		want            time.Duration
	}{
		"the same second": {0, 0.2, 0.3, "", 0},
		"the next second": {1, 0.9, 1.1, "", 0},
		"two seconds fast is what clocks may differ by": {2, 0, 0.1, "", 0},
		"three seconds fast":                            {3, 0, 0.1, "", 3500 * time.Millisecond},
		"an hour slow":                                  {-3600, 0, 0, "", -3600*time.Second + 500*time.Millisecond},
		"any time within a round trip of ten seconds":   {7, 0, 10, "", 0},
		"a second before a round trip of ten seconds":   {-2, 0, 10, "", 0},
		"long before a round trip":                      {-20, 0, 10, "", -24500 * time.Millisecond},
		"a date from a cache says nothing":              {-3600, 0, 0, "3600", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Date": {at(test.date).UTC().Format(http.TimeFormat)}}
			if test.age != "" {
				h.Set("Age", test.age)
			}
			if got := aheadOf(h, at(test.asked), at(test.answered)); (got - test.want).Abs() > 100*time.Millisecond {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestQuietEndsByItself(t *testing.T) {
	begun := time.Unix(1_700_000_000, 0)
	for name, test := range map[string]struct{ after, passed, left time.Duration }{
		"at once":                         {time.Minute, 0, time.Minute},
		"before the end":                  {time.Minute, 59 * time.Second, time.Second},
		"at the end":                      {time.Minute, time.Minute, 0},
		"never later than in ten minutes": {24 * time.Hour, 10 * time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var q quiet
			q.keep(&failure{text: "answered 429", after: test.after}, begun)
			q.keep(&failure{text: "answered 429", after: time.Second}, begun) // does not shorten it
			if err := q.kept(begun.Add(test.passed)); (err != nil) != (test.left > 0) {
				t.Errorf("got %v, want %v left", err, test.left)
			}
		})
	}
}
