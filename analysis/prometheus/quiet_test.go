package prometheus

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis/httpsource"
)

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
			q.keep(&httpsource.Failure{Text: "answered 429", After: test.after}, begun)
			q.keep(&httpsource.Failure{Text: "answered 429", After: time.Second}, begun) // does not shorten it
			if err := q.kept(begun.Add(test.passed)); (err != nil) != (test.left > 0) {
				t.Errorf("got %v, want %v left", err, test.left)
			}
		})
	}
}
