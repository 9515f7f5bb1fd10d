package standin

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"github.com/serin-dev/serin/analysis"
)

func TestParse(t *testing.T) {
	const text = `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{code="200",method="get",le="0.1"} 7
http_request_duration_seconds_bucket{code="200",method="get",le="0.5"} 9
http_request_duration_seconds_bucket{code="200",method="get",le="+Inf"} 10
http_request_duration_seconds_sum{code="200",method="get"} 3
http_request_duration_seconds_count{code="200",method="get"} 10
http_request_duration_seconds_bucket{code="200",method="post",le="0.1"} 1
http_request_duration_seconds_bucket{code="200",method="post",le="0.5"} 1
http_request_duration_seconds_bucket{code="200",method="post",le="+Inf"} 1
http_request_duration_seconds_sum{code="200",method="post"} 0.1
http_request_duration_seconds_count{code="200",method="post"} 1
http_request_duration_seconds_bucket{code="500",method="get",le="0.1"} 0
http_request_duration_seconds_bucket{code="500",method="get",le="0.5"} 2
http_request_duration_seconds_bucket{code="500",method="get",le="+Inf"} 2
http_request_duration_seconds_sum{code="500",method="get"} 0.5
http_request_duration_seconds_count{code="500",method="get"} 2
# TYPE another_seconds histogram
another_seconds_bucket{code="200",le="+Inf"} 4
another_seconds_sum{code="200"} 4
another_seconds_count{code="200"} 4
`
	layout := func(counts ...float64) analysis.Histogram {
		return analysis.Histogram{{Lower: 0, Upper: .1, Count: counts[0]}, {Lower: .1, Upper: .5, Count: counts[1]}, {Lower: .5, Upper: math.Inf(1), Count: counts[2]}}
	}
	got, err := parse(strings.NewReader(text), expfmt.NewFormat(expfmt.TypeTextPlain))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reading{"200": layout(8, 2, 1), "500": layout(0, 2, 0)}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := parse(strings.NewReader("<html>"), expfmt.NewFormat(expfmt.TypeTextPlain)); err == nil {
		t.Error("a page is no exposition")
	}
}

func TestSince(t *testing.T) {
	h := func(low, high float64) analysis.Histogram {
		return analysis.Histogram{{Lower: 0, Upper: 1, Count: low}, {Lower: 1, Upper: 2, Count: high}}
	}
	other := analysis.Histogram{{Lower: 0, Upper: 3, Count: 7}}
	for name, test := range map[string]struct{ before, now, want reading }{
		"what grew is the difference":          {reading{"200": h(3, 1)}, reading{"200": h(5, 1)}, reading{"200": h(2, 0)}},
		"a status code that is new counts all": {reading{"200": h(3, 1)}, reading{"200": h(3, 1), "500": h(1, 0)}, reading{"200": h(0, 0), "500": h(1, 0)}},
		"before everything there was nothing":  {nil, reading{"200": h(5, 1)}, reading{"200": h(5, 1)}},
		"counters that fell began anew":        {reading{"200": h(9, 9)}, reading{"200": h(1, 9)}, reading{"200": h(1, 9)}},
		"other boundaries are other counters":  {reading{"200": other}, reading{"200": h(1, 2)}, reading{"200": h(1, 2)}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.now.since(test.before)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
