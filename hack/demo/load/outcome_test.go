package load

import (
	"net/http"
	"testing"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func TestClassify(t *testing.T) {
	own := http.Header{"X-Demo-Version": {"v1"}}
	marked := http.Header{"X-Demo-Version": {"v1"}, "X-Demo-Injected": {"true"}}
	foreign := http.Header{"Server": {"gateway"}}
	for name, tc := range map[string]struct {
		code   uint16
		header http.Header
		want   outcome
	}{
		"good answer":                       {200, own, ok},
		"redirect":                          {302, own, ok},
		"error on purpose":                  {500, marked, injected},
		"the service's own 404":             {404, own, unexpected},
		"the service's own 503":             {503, own, unexpected},
		"no answer":                         {0, nil, platform},
		"answer that broke off":             {0, own, platform},
		"the gateway's 502":                 {502, foreign, platform},
		"the gateway's 503":                 {503, foreign, platform},
		"the gateway's 504":                 {504, foreign, platform},
		"no route":                          {404, foreign, platform},
		"a good answer by somebody else":    {200, foreign, platform},
		"an error somebody else has marked": {500, http.Header{"X-Demo-Injected": {"true"}}, platform},
	} {
		t.Run(name, func(t *testing.T) {
			got := classify(&vegeta.Result{Code: tc.code, Headers: tc.header})
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			var c Counts
			c.add(got)
			if c.Total != 1 || c.OK+c.Injected+c.Unexpected+c.FailedByPlatform != 1 {
				t.Errorf("counted as %+v", c)
			}
		})
	}
}

func TestTallyKeepsTheFirstSamplesOnly(t *testing.T) {
	tally := newTally(2)
	long := make([]byte, 2*sampleBytes)
	tally.record(&vegeta.Result{Code: 500, Headers: http.Header{"X-Demo-Version": {"v1"}, "X-Demo-Injected": {"true"}}})
	for _, text := range []string{"first", "second", "third"} {
		tally.record(&vegeta.Result{Error: text, Body: long})
	}
	got := tally.snapshot()
	if len(got.Samples) != 2 || got.Samples[0].Error != "first" || got.Samples[1].Error != "second" {
		t.Errorf("samples %+v, want the first and the second failure, and no injected error", got.Samples)
	}
	if n := len(got.Samples[0].Body); n != sampleBytes {
		t.Errorf("%d bytes of the body, want %d", n, sampleBytes)
	}
	if got.FailedByPlatform != 3 || got.TransportErrors != 3 || got.Injected != 1 || got.Total != 4 {
		t.Errorf("counts %+v", got)
	}
}

func TestSnapshotIsACopy(t *testing.T) {
	tally := newTally(1)
	answer := &vegeta.Result{Code: 200, Headers: http.Header{"X-Demo-Version": {"v1"}}}
	tally.record(answer)
	before := tally.snapshot()
	tally.record(answer)
	if before.ByVersion["v1"].Total != 1 || before.ByStatus[200] != 1 || before.Total != 1 {
		t.Errorf("an earlier snapshot changed to %+v", before)
	}
}
