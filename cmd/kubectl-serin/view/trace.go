package view

import (
	"errors"
	"io"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
)

// mostLooks of a trace are drawn; one in a ConfigMap has far fewer.
const mostLooks = 2000

// FromTrace reads the looks of a recorded release. Those of another revision, and those before the release, are none of it.
func FromTrace(in io.Reader, revision string) ([]Look, error) {
	r, err := trace.NewReader(in)
	if err != nil {
		return nil, err
	}
	h := r.Header()
	if h.Candidate.Name != revision {
		return nil, nil
	}
	var looks []Look
	for range mostLooks {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return looks, err
		}
		if l.Weight == 0 {
			continue
		}
		look := Look{At: l.Window.To, Values: map[string]Pair{}}
		for _, c := range h.Policy.Criteria {
			look.Values[c.Name] = Pair{l.Value(c, analysis.Baseline), l.Value(c, analysis.Candidate)}
		}
		looks = append(looks, look)
	}
	return looks, nil
}
