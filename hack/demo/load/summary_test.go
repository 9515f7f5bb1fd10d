package load

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// early and late are two summaries of one run.
func early() Summary {
	return Summary{
		ElapsedSeconds: 10,
		Requests: Requests{
			Counts:    Counts{Total: 100, OK: 99, FailedByPlatform: 1},
			ByStatus:  map[int]uint64{200: 99, 502: 1},
			ByVersion: map[string]*Version{"v1": {Counts: Counts{Total: 99, OK: 99}}},
			Samples:   []Sample{{Error: "502"}},
		},
		WebSockets: WebSockets{Wanted: 2, Open: 2, Messages: 20},
	}
}

func late() Summary {
	return Summary{
		ElapsedSeconds: 12,
		Requests: Requests{
			Counts:          Counts{Total: 300, OK: 290, Injected: 5, Unexpected: 2, FailedByPlatform: 3},
			TransportErrors: 2,
			ByStatus:        map[int]uint64{200: 290, 500: 5, 404: 2, 502: 1},
			ByVersion: map[string]*Version{
				"v1": {Counts: Counts{Total: 247, OK: 245, Unexpected: 2}},
				"v2": {Counts: Counts{Total: 50, OK: 45, Injected: 5}},
			},
			Samples: []Sample{{Error: "502"}, {Error: "refused"}},
		},
		WebSockets: WebSockets{
			Wanted: 2, Open: 1, Messages: 24, CleanDisconnects: 1, UncleanDisconnects: 1, FailedDials: 3,
			Samples: []Sample{{Error: "EOF"}},
		},
	}
}

func TestSince(t *testing.T) {
	want := Summary{
		ElapsedSeconds: 2,
		Requests: Requests{
			Counts:          Counts{Total: 200, OK: 191, Injected: 5, Unexpected: 2, FailedByPlatform: 2},
			TransportErrors: 2,
			ByStatus:        map[int]uint64{200: 191, 500: 5, 404: 2},
			ByVersion: map[string]*Version{
				"v1": {Counts: Counts{Total: 148, OK: 146, Unexpected: 2}},
				"v2": {Counts: Counts{Total: 50, OK: 45, Injected: 5}},
			},
			Samples: []Sample{{Error: "refused"}},
		},
		WebSockets: WebSockets{
			Wanted: 2, Open: 1, Messages: 4, CleanDisconnects: 1, UncleanDisconnects: 1, FailedDials: 3,
			Samples: []Sample{{Error: "EOF"}},
		},
	}
	if diff := cmp.Diff(want, late().Since(early())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(late(), late().Since(Summary{})); diff != "" {
		t.Errorf("since the start, -want +got:\n%s", diff)
	}
	nothing := late().Since(late())
	if nothing.Requests.Total != 0 || len(nothing.Requests.ByVersion) != 0 || len(nothing.Requests.Samples) != 0 {
		t.Errorf("since itself: %+v", nothing.Requests)
	}
}

func TestShare(t *testing.T) {
	s := late().Since(early())
	if got, want := s.Share("v2"), 50.0/198; got != want {
		t.Errorf("share %v, want %v", got, want)
	}
	if got := s.Share("v3"); got != 0 {
		t.Errorf("share of a version that never answered: %v", got)
	}
	if got := (Summary{}).Share("v1"); got != 0 {
		t.Errorf("share before any answer: %v", got)
	}
}

func TestClean(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Summary)
		want   bool
	}{
		"nothing":         {func(*Summary) {}, true},
		"injected errors": {func(s *Summary) { s.Requests.Injected = 5 }, true},
		"clean ends":      {func(s *Summary) { s.WebSockets.CleanDisconnects = 5 }, true},
		"a failed one":    {func(s *Summary) { s.Requests.FailedByPlatform = 1 }, false},
		"unclean end":     {func(s *Summary) { s.WebSockets.UncleanDisconnects = 1 }, false},
		"failed dial":     {func(s *Summary) { s.WebSockets.FailedDials = 1 }, false},
	} {
		var s Summary
		tc.change(&s)
		if got := s.Clean(); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestProgressLine(t *testing.T) {
	got := progressLine(late(), early(), map[string]float64{"v1": 0.0801, "v2": 0.1234})
	want := "  12.0s    100 req/s  | v1 74.7% p95 80ms err 1.4%  | v2 25.3% p95 123ms err 10.0%  | failed by platform 3  | ws 1/2, unclean 1"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := progressLine(Summary{}, Summary{}, nil); strings.Contains(got, "ws") || !strings.Contains(got, "0 req/s") {
		t.Errorf("before anything: %q", got)
	}
}
