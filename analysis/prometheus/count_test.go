package prometheus_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
)

// short writes observations of requests and errors: "0 api-1-aaaaa 100/2".
func short(obs []analysis.Observation) []string {
	var out []string
	for _, o := range obs {
		out = append(out, fmt.Sprintf("%d %s %v/%v", o.Arm, o.Pod, o.Requests, o.Errors))
	}
	return out
}

func counter(pod, code, more string) string {
	return fmt.Sprintf(`http_requests_total{namespace="shop",pod=%q,job="pods",instance=%q,code=%q%s}`, pod, pod+":80", code, more)
}

func up(pod string) string { return fmt.Sprintf(`up{job="pods",instance="%s:80"}`, pod) }

// TestCounting gives samples, taken every ten seconds or so, and a window from 100 to 130 seconds.
func TestCounting(t *testing.T) {
	const old, fresh = "api-1-aaaaa", "api-2-bbbbb"
	for name, test := range map[string]struct {
		series func(f *fake)
		want   []string
	}{
		"nothing": {func(*fake) {}, nil},
		"growth between the last sample before the window and the last one in it": {func(f *fake) {
			f.add(counter(old, "200", ""), "85:1", "95:10", "105:20", "115:35", "125:60", "135:1000")
		}, []string{"0 api-1-aaaaa 50/0"}},
		"a sample at the beginning is before it, one at the end within": {func(f *fake) {
			f.add(counter(old, "200", ""), "90:1", "100:10", "130:17")
		}, []string{"0 api-1-aaaaa 7/0"}},
		"the same where ranges are closed": {func(f *fake) {
			f.closed = true
			f.add(counter(old, "200", ""), "90:1", "100:10", "130:17")
			f.add(counter(old, "500", ""), "100:10", "130:17")
		}, []string{"0 api-1-aaaaa 14/7"}},
		"a reset counts from zero": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:100", "105:120", "115:5", "125:8")
		}, []string{"0 api-1-aaaaa 28/0"}},
		"a store that merges two scrapers falls a little at a time": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:100000", "105:100020", "106:100015", "115:100040", "125:100039")
		}, []string{"0 api-1-aaaaa 40/0"}},
		"a counter that is young falls by a reset": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:40", "105:50", "115:49")
		}, []string{"0 api-1-aaaaa 59/0"}},
		"two resets": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:100", "105:3", "115:2", "125:2")
		}, []string{"0 api-1-aaaaa 5/0"}},
		"a missing scrape is in the next one": {func(f *fake) {
			f.add(counter(old, "200", ""), "75:10", "125:60")
		}, []string{"0 api-1-aaaaa 50/0"}},
		"a gap of two minutes at the beginning loses nothing": {func(f *fake) {
			f.add(counter(old, "200", ""), "1:10", "125:60")
		}, []string{"0 api-1-aaaaa 50/0"}},
		"only one scrape in the window and none before": {func(f *fake) {
			f.add(counter(old, "200", ""), "125:1000000")
		}, nil},
		"no scrape in the window": {func(f *fake) {
			f.add(counter(old, "200", ""), "85:1", "95:10")
		}, nil},
		"the first errors of a pod are a new series": {func(f *fake) {
			f.add(counter(fresh, "200", ""), "95:10", "105:20", "115:30", "125:40")
			f.add(counter(fresh, "500", ""), "115:4", "125:6")
		}, []string{"1 api-2-bbbbb 36/6"}},
		"the first errors come with the last scrape": {func(f *fake) {
			f.add(counter(fresh, "200", ""), "95:10", "125:10")
			f.add(counter(fresh, "503", ""), "125:3")
		}, []string{"1 api-2-bbbbb 3/3"}},
		"a new pod counts from zero": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:10", "125:20")
			f.add(counter(fresh, "200", ""), "115:7", "125:9")
		}, []string{"0 api-1-aaaaa 10/0", "1 api-2-bbbbb 9/0"}},
		"a pod that was scraped before it served counts from zero": {func(f *fake) {
			f.add(up(fresh), "85:1", "95:1", "105:1")
			f.add(counter(fresh, "200", ""), "115:7", "125:9")
		}, []string{"1 api-2-bbbbb 9/0"}},
		"a new pod that did not answer its first scrapes counts from zero": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:10", "125:20")
			f.add(up(fresh), "85:0", "95:0", "115:1")
			f.add(counter(fresh, "200", ""), "115:7", "125:9")
		}, []string{"0 api-1-aaaaa 10/0", "1 api-2-bbbbb 9/0"}},
		"an old pod that answers scrapes again does not": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:10", "125:20")
			f.add(up(fresh), "-1000:1", "-500:0", "95:0", "115:1")
			f.add(counter(fresh, "200", ""), "-1000:500000", "115:1000000", "125:1000002")
		}, []string{"0 api-1-aaaaa 10/0", "1 api-2-bbbbb 2/0"}},
		"when Prometheus itself just started, nothing counts from zero": {func(f *fake) {
			f.add(counter(old, "200", ""), "115:1000000", "125:1000010")
			f.add(counter(fresh, "200", ""), "115:1000", "125:1001")
		}, []string{"0 api-1-aaaaa 10/0", "1 api-2-bbbbb 1/0"}},
		"but what appears after its first scrape does": {func(f *fake) {
			f.add(counter(fresh, "200", ""), "105:1000", "115:1001", "125:1001")
			f.add(counter(fresh, "500", ""), "125:2")
		}, []string{"1 api-2-bbbbb 3/2"}},
		"a pod that goes away counts as far as it was scraped": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:10", "105:30")
		}, []string{"0 api-1-aaaaa 20/0"}},
		"a pod scraped by two jobs counts once": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:10", "105:30", "125:50")
			f.add(strings.Replace(counter(old, "200", `,container="app"`), `"pods"`, `"shop/api"`, 1), "94:9", "104:30", "114:40", "124:50")
		}, []string{"0 api-1-aaaaa 40/0"}},
		"a second job that begins in the window does not bring a pod's past": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:1000", "105:1030", "125:1050")
			f.add(strings.Replace(counter(old, "200", ""), `"pods"`, `"more"`, 1), "101:1010", "106:1030", "111:1030", "116:1035", "126:1050")
		}, []string{"0 api-1-aaaaa 50/0"}},
		"a pair of Prometheus servers counts once": {func(f *fake) {
			f.add(counter(old, "200", `,prometheus_replica="a"`), "95:10", "105:30", "125:50")
			f.add(counter(old, "200", `,prometheus_replica="b"`), "97:11", "107:30", "127:51")
		}, []string{"0 api-1-aaaaa 40/0"}},
		"two containers of a pod count both": {func(f *fake) {
			f.add(counter(old, "200", `,container="app"`), "95:10", "125:50")
			f.add(strings.Replace(counter(old, "200", `,container="side"`), ":80", ":81", 1), "95:10", "125:15")
		}, []string{"0 api-1-aaaaa 45/0"}},
		"a container that is new in a pod that is not": {func(f *fake) {
			f.add(counter(old, "200", `,container="app"`), "95:10", "125:50")
			f.add(strings.ReplaceAll(counter(old, "200", `,container="side"`), ":80", ":81"), "115:5", "125:15")
			f.add(`up{job="pods",instance="api-1-aaaaa:81"}`, "105:1", "115:1", "125:1")
		}, []string{"0 api-1-aaaaa 55/0"}},
		"labels add up, whatever they are": {func(f *fake) {
			f.add(counter(old, "200", `,method="get"`), "95:10", "125:50")
			f.add(counter(old, "200", `,method="post"`), "95:10", "125:20")
			f.add(counter(old, "404", `,method="get"`), "95:10", "125:20")
			f.add(counter(old, "502", `,method="get"`), "95:10", "125:20")
		}, []string{"0 api-1-aaaaa 70/10"}},
		"values that no counter has are passed over": {func(f *fake) {
			f.add(counter(old, "200", ""), "95:10", "105:NaN", "110:+Inf", "115:-3", "125:50")
		}, []string{"0 api-1-aaaaa 40/0"}},
		"pods of other workloads with like names": {func(f *fake) {
			f.add(counter("api-1-aaaaa-b", "200", ""), "95:10", "125:50")
			f.add(counter("my-api-1-aaaaa", "200", ""), "95:10", "125:50")
			f.add(counter("api-11-aaaaa", "200", ""), "95:10", "125:50")
			f.add(strings.Replace(counter(old, "200", ""), "shop", "shop2", 1), "95:10", "125:50")
		}, nil},
		"status classes": {func(f *fake) {
			f.add(counter(old, "2xx", ""), "95:10", "125:50")
			f.add(counter(old, "5xx", ""), "95:10", "125:11")
		}, []string{"0 api-1-aaaaa 41/1"}},
		"codes that are no HTTP status": {func(f *fake) {
			f.add(counter(old, "OK", ""), "95:10", "125:50")
			f.add(counter(old, "5", ""), "95:10", "125:20") // gRPC: not found
		}, []string{"0 api-1-aaaaa 50/0"}},
		"without a counter, the histogram's count": {func(f *fake) {
			f.add(strings.Replace(counter(old, "200", ""), "http_requests_total", "http_request_duration_seconds_count", 1), "95:10", "125:50")
			f.add(strings.Replace(counter(fresh, "500", ""), "http_requests_total", "http_request_duration_seconds_count", 1), "95:10", "125:12")
		}, []string{"0 api-1-aaaaa 40/0", "1 api-2-bbbbb 2/2"}},
		"the labels of older scrape configurations": {func(f *fake) {
			f.add(`http_requests_total{kubernetes_namespace="shop",kubernetes_pod_name="api-1-aaaaa",status="500"}`, "95:10", "125:50")
		}, []string{"0 api-1-aaaaa 40/40"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			test.series(f)
			obs, err := f.count(t, 100, 130, analysis.Query{Metric: "errors", Preset: "classic", Errors: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, short(obs)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrorsThatNoLabelTellsAreNotMadeUp(t *testing.T) {
	f := (&fake{}).add(`http_requests_total{namespace="shop",pod="api-1-aaaaa"}`, "95:10", "125:50")
	_, err := f.count(t, 100, 130, analysis.Query{Metric: "errors", Preset: "classic", Errors: true})
	if !errors.Is(err, analysis.ErrRejected) || !strings.Contains(err.Error(), "http_requests_total have none of the labels code, status") {
		t.Errorf("got the error %v", err)
	}
}

func TestRequestsWithoutAnAnswerAreErrors(t *testing.T) {
	const series = `http_server_request_duration_seconds_count{namespace="shop",pod="api-2-bbbbb"`
	f := (&fake{}).
		add(series+`,http_response_status_code="200"}`, "95:10", "125:50").
		add(series+`,http_response_status_code="404",error_type="404"}`, "95:10", "125:12").
		add(series+`,error_type="context canceled"}`, "125:3")
	obs, err := f.count(t, 100, 130, analysis.Query{Metric: "errors", Errors: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1 api-2-bbbbb 45/3"}, short(obs)); diff != "" {
		t.Error(diff)
	}
}

func TestOneLookCostsTwoRequests(t *testing.T) {
	f := &fake{}
	for _, pod := range []string{"api-1-aaaaa", "api-2-bbbbb"} {
		f.add(counter(pod, "200", ""), "95:10", "125:50")
		f.add(bucket(pod, "+Inf", ""), "95:10", "125:50")
	}
	if _, err := f.count(t, 100, 130, analysis.Query{Metric: "errors", Preset: "classic", Errors: true},
		analysis.Query{Metric: "latency", Preset: "classic", Latency: true}, analysis.Query{Metric: "tail", Preset: "classic", Latency: true}); err != nil {
		t.Fatal(err)
	}
	if got := f.requests.Load(); got != 2 {
		t.Errorf("three metrics of two arms took %d requests", got)
	}
}

func TestAnEmptyWindowAsksNothing(t *testing.T) {
	f := &fake{}
	if obs, err := f.count(t, 130, 130, analysis.Query{Metric: "errors", Errors: true}); err != nil || len(obs) > 0 || f.requests.Load() > 0 {
		t.Errorf("got %v, %v after %d requests", obs, err, f.requests.Load())
	}
}
