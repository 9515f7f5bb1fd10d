package prometheus_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
)

func bucket(pod, le, more string) string {
	return fmt.Sprintf(`http_request_duration_seconds_bucket{namespace="shop",pod=%q,instance=%q,job="pods",le=%q%s}`, pod, pod+":80", le, more)
}

func native(pod, more string) string {
	return fmt.Sprintf(`http_request_duration_seconds{namespace="shop",pod=%q,instance=%q,job="pods"%s}`, pod, pod+":80", more)
}

// sample writes a sample of a native histogram: bucket boundaries and counts.
func sample(at int, buckets ...float64) string {
	count, list := 0.0, []string{}
	for i := 0; i < len(buckets); i += 3 {
		count += buckets[i+2]
		list = append(list, fmt.Sprintf(`[0,"%v","%v","%v"]`, buckets[i], buckets[i+1], buckets[i+2]))
	}
	return fmt.Sprintf(`%d:{"count":"%v","sum":"1.5","buckets":[%s]}`, at, count, strings.Join(list, ","))
}

// TestDistributions looks from 100 to 130 seconds.
func TestDistributions(t *testing.T) {
	const pod = "api-1-aaaaa"
	inf := math.Inf(1)
	for name, test := range map[string]struct {
		series func(f *fake)
		want   analysis.Histogram
	}{
		"a classic histogram": {func(f *fake) {
			f.add(bucket(pod, "0.1", ""), "95:10", "125:15")
			f.add(bucket(pod, "0.5", ""), "95:10", "125:20")
			f.add(bucket(pod, "+Inf", ""), "95:12", "125:23")
		}, analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 5}, {Lower: 0.1, Upper: 0.5, Count: 5}, {Lower: 0.5, Upper: inf, Count: 1}}},
		"its first durations with a status are new series": {func(f *fake) {
			f.add(bucket(pod, "0.1", `,code="200"`), "95:10", "125:15")
			f.add(bucket(pod, "+Inf", `,code="200"`), "95:10", "125:15")
			f.add(bucket(pod, "0.1", `,code="500"`), "125:0")
			f.add(bucket(pod, "+Inf", `,code="500"`), "125:3")
		}, analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 5}, {Lower: 0.1, Upper: inf, Count: 3}}},
		"a reset of it": {func(f *fake) {
			f.add(bucket(pod, "0.1", ""), "95:10", "105:20", "115:1", "125:2")
			f.add(bucket(pod, "+Inf", ""), "95:10", "105:25", "115:1", "125:4")
		}, analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 12}, {Lower: 0.1, Upper: inf, Count: 7}}},
		"handlers with different boundaries": {func(f *fake) {
			f.add(bucket(pod, "0.1", `,handler="a"`), "95:0", "125:5")
			f.add(bucket(pod, "1.0", `,handler="a"`), "95:0", "125:7")
			f.add(bucket(pod, "+Inf", `,handler="a"`), "95:0", "125:7")
			f.add(bucket(pod, "0.05", `,handler="b"`), "95:0", "125:1")
			f.add(bucket(pod, "0.1", `,handler="b"`), "95:0", "125:2")
			f.add(bucket(pod, "1", `,handler="b"`), "95:0", "125:2")
			f.add(bucket(pod, "+Inf", `,handler="b"`), "95:0", "125:3")
		}, analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 7}, {Lower: 0.1, Upper: 1, Count: 2}, {Lower: 1, Upper: inf, Count: 1}}},
		"buckets that a broken client does not add up": {func(f *fake) {
			f.add(bucket(pod, "0.1", ""), "95:0", "125:9")
			f.add(bucket(pod, "0.5", ""), "95:0", "125:7")
			f.add(bucket(pod, "+Inf", ""), "95:0", "125:10")
		}, analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 9}, {Lower: 0.1, Upper: 0.5, Count: 0}, {Lower: 0.5, Upper: inf, Count: 1}}},
		"boundaries at zero": {func(f *fake) {
			f.add(bucket(pod, "0", ""), "95:0", "125:2")
			f.add(bucket(pod, "0.1", ""), "95:0", "125:5")
			f.add(bucket(pod, "+Inf", ""), "95:0", "125:5")
		}, analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 5}, {Lower: 0.1, Upper: inf, Count: 0}}},
		"a native histogram": {func(f *fake) {
			f.add(native(pod, ""), sample(95, 0.1, 0.2, 5, 0.4, 0.8, 1), sample(105, 0.1, 0.2, 5, 0.4, 0.8, 3), sample(125, 0.1, 0.2, 7, 0.4, 0.8, 3, 3.2, 6.4, 1))
		}, analysis.Histogram{{Lower: 0.1, Upper: 0.2, Count: 2}, {Lower: 0.4, Upper: 0.8, Count: 2}, {Lower: 3.2, Upper: 6.4, Count: 1}}},
		"a native one is preferred to the classic one beside it": {func(f *fake) {
			f.add(native(pod, ""), sample(95, 0.1, 0.2, 5), sample(125, 0.1, 0.2, 7))
			f.add(bucket(pod, "0.1", ""), "95:0", "125:0")
			f.add(bucket(pod, "+Inf", ""), "95:5", "125:7")
		}, analysis.Histogram{{Lower: 0.1, Upper: 0.2, Count: 2}}},
		"a new native series": {func(f *fake) {
			f.add(native(pod, `,code="200"`), sample(95, 0.1, 0.2, 5), sample(125, 0.1, 0.2, 7))
			f.add(native(pod, `,code="500"`), sample(115, 0.1, 0.2, 1), sample(125, 0.1, 0.2, 1, 0.2, 0.4, 2))
		}, analysis.Histogram{{Lower: 0.1, Upper: 0.2, Count: 3}, {Lower: 0.2, Upper: 0.4, Count: 2}}},
		"a native reset": {func(f *fake) {
			f.add(native(pod, ""), sample(95, 0.1, 0.2, 5), sample(105, 0.1, 0.2, 9), sample(115, 0.2, 0.4, 2), sample(125, 0.2, 0.4, 3))
		}, analysis.Histogram{{Lower: 0.1, Upper: 0.2, Count: 4}, {Lower: 0.2, Upper: 0.4, Count: 3}}},
		"a native reset that only one bucket shows": {func(f *fake) {
			f.add(native(pod, ""), sample(95, 0.1, 0.2, 5), sample(125, 0.1, 0.2, 1, 0.2, 0.4, 9))
		}, analysis.Histogram{{Lower: 0.1, Upper: 0.2, Count: 1}, {Lower: 0.2, Upper: 0.4, Count: 9}}},
		"a native histogram that halves its resolution": {func(f *fake) {
			f.add(native(pod, ""), sample(95, 0.1, 0.2, 5, 0.2, 0.4, 1), sample(125, 0.1, 0.4, 10))
		}, analysis.Histogram{{Lower: 0.1, Upper: 0.4, Count: 4}}},
		"zero and negative durations": {func(f *fake) {
			f.add(native(pod, ""), sample(95, 0.1, 0.2, 5), sample(125, -0.2, -0.1, 1, -0.01, 0.01, 2, 0.1, 0.2, 5))
		}, analysis.Histogram{{Lower: 0, Upper: 0.01, Count: 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			test.series(f)
			obs, err := f.count(t, 100, 130, analysis.Query{Metric: "latency", Preset: "classic", Latency: true})
			if err != nil || len(obs) != 1 {
				t.Fatalf("got %v, %v", obs, err)
			}
			if diff := cmp.Diff(test.want, obs[0].Latency); diff != "" {
				t.Error(diff)
			}
			if obs[0].Requests != test.want.Total() {
				t.Errorf("%v requests for %v durations", obs[0].Requests, test.want.Total())
			}
		})
	}
}

func TestANativeHistogramCountsRequestsOnce(t *testing.T) {
	const labels = `{namespace="shop",pod="api-2-bbbbb",http_response_status_code="500"`
	f := (&fake{}).
		add("http_server_request_duration_seconds"+labels+"}", sample(95, 0.1, 0.2, 5), sample(125, 0.1, 0.2, 7)).
		add("http_server_request_duration_seconds_count"+labels+"}", "95:5", "125:7").
		add("http_server_request_duration_seconds_bucket"+labels+`,le="+Inf"}`, "95:5", "125:7")
	obs, err := f.count(t, 100, 130, analysis.Query{Metric: "both", Errors: true, Latency: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1 api-2-bbbbb 2/2"}, short(obs)); diff != "" || obs[0].Latency.Total() != 2 {
		t.Error(diff, obs)
	}
}
