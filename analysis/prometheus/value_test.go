package prometheus_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// evaluator plays a server that evaluates any expression: answer has the result of one for an instant query, or for a range of times.
type evaluator struct {
	answer func(expression string, times []float64) string
	asked  []string
}

func (e *evaluator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number := func(name string) float64 {
		v, _ := strconv.ParseFloat(r.PostFormValue(name), 64)
		return v
	}
	times := []float64{number("time")}
	asked := fmt.Sprintf("%s at %v", r.PostFormValue("query"), times[0])
	if strings.HasSuffix(r.URL.Path, "/query_range") {
		times = nil
		for at := number("start"); at <= number("end"); at += number("step") {
			times = append(times, at)
		}
		asked = fmt.Sprintf("%s from %v to %v by %v", r.PostFormValue("query"), number("start"), number("end"), number("step"))
	}
	e.asked = append(e.asked, asked)
	result := e.answer(r.PostFormValue("query"), times)
	if status, _ := strconv.Atoi(result); status > 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"1:5: parse error"}`)
		return
	}
	fmt.Fprintf(w, `{"status":"success","data":%s}`, result)
}

// vector is the answer to an instant query, matrix that to one about several times: of single series without labels.
func vector(values ...string) string {
	var elements []string
	for i, v := range values {
		elements = append(elements, fmt.Sprintf(`{"metric":{"n":"%d"},"value":[130,%q]}`, i, v))
	}
	return `{"resultType":"vector","result":[` + strings.Join(elements, ",") + `]}`
}

func matrix(samples ...string) string {
	return `{"resultType":"matrix","result":[{"metric":{},"values":[` + strings.Join(samples, ",") + `]}]}`
}

// values asks for lag over windows that end at the given times, each from the one before it on.
func (e *evaluator) values(t *testing.T, query string, times ...float64) ([]analysis.Observation, error) {
	t.Helper()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	source, err := prometheus.New(analysis.Config{Address: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	var ws []analysis.Window
	for i := range times[1:] {
		ws = append(ws, between(times[i], times[i+1]))
	}
	return source.Count(t.Context(), release(), []analysis.Query{{Metric: "lag", Custom: &analysis.CustomQuery{Value: query}}}, ws)
}

// told are values in short: window's end, arm, value.
func told(obs []analysis.Observation) []string {
	var lines []string
	for _, o := range obs {
		lines = append(lines, fmt.Sprintf("%d %d %v/%v", o.Window.To.Unix(), o.Arm, *o.Value, o.Requests))
	}
	return lines
}

const (
	lag          = `max(lag{group="orders",$arm})`
	lagBaseline  = `max(lag{group="orders",namespace="shop",pod=~"api-1-[a-z0-9]{5}"})`
	lagCandidate = `max(lag{group="orders",namespace="shop",pod=~"api-2-[a-z0-9]{5}"})`
)

func TestAValueIsAskedOncePerArmAtTheEndOfTheWindow(t *testing.T) {
	e := &evaluator{answer: func(expression string, _ []float64) string {
		if expression == lagBaseline {
			return vector("900")
		}
		return vector("1200.5")
	}}
	obs, err := e.values(t, lag, 100, 130)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"130 0 900/0", "130 1 1200.5/0"}, told(obs)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{lagBaseline + " at 130", lagCandidate + " at 130"}, e.asked); diff != "" {
		t.Error(diff)
	}
}

func TestManyWindowsTakeFewRequests(t *testing.T) {
	e := &evaluator{answer: func(_ string, times []float64) string {
		if len(times) == 1 {
			return vector(fmt.Sprint(times[0]))
		}
		var samples []string
		for _, at := range times {
			samples = append(samples, fmt.Sprintf(`[%v,"%v"]`, at, at))
		}
		return matrix(samples...)
	}}
	obs, err := e.values(t, lag, 100, 115, 130, 145, 152, 182, 212)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, at := range []int{115, 130, 145, 152, 182, 212} {
		want = append(want, fmt.Sprintf("%d 0 %d/0", at, at), fmt.Sprintf("%d 1 %d/0", at, at))
	}
	if diff := cmp.Diff(want, told(obs)); diff != "" {
		t.Error(diff)
	}
	var asked []string
	for _, expression := range []string{lagBaseline, lagCandidate} {
		asked = append(asked, expression+" from 115 to 145 by 15", expression+" at 152", expression+" from 182 to 212 by 30")
	}
	if diff := cmp.Diff(asked, e.asked); diff != "" {
		t.Error(diff)
	}
}

// TestTimesThatTheServerMovesAreStillOfTheirWindow has what Thanos' query frontend does.
func TestTimesThatTheServerMovesAreStillOfTheirWindow(t *testing.T) {
	e := &evaluator{answer: func(string, []float64) string { return matrix(`[105,"1"]`, `[120,"2"]`, `[135,"3"]`, `[90,"9"]`) }}
	obs, err := e.values(t, lag, 100, 115, 130, 145)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"115 0 1/0", "115 1 1/0", "130 0 2/0", "130 1 2/0", "145 0 3/0", "145 1 3/0"}, told(obs)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsOneNumber(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   []string
		says   string
	}{
		"a vector of one":             {vector("7"), []string{"130 0 7/0", "130 1 7/0"}, ""},
		"a number below zero":         {vector("-7"), []string{"130 0 -7/0", "130 1 -7/0"}, ""},
		"a scalar":                    {`{"resultType":"scalar","result":[130,"0.5"]}`, []string{"130 0 0.5/0", "130 1 0.5/0"}, ""},
		"the type told last":          {`{"result":[130,"0.5"],"resultType":"scalar"}`, []string{"130 0 0.5/0", "130 1 0.5/0"}, ""},
		"nothing":                     {vector(), nil, ""},
		"nothing, as some say it":     {`{"resultType":"vector","result":null}`, nil, ""},
		"no number":                   {vector("NaN"), nil, ""},
		"two numbers":                 {vector("7", "8"), nil, "it yields 2 numbers for one version: aggregate them, such as by max(...), sum(...) or avg(...)"},
		"a number and none":           {vector("7", "NaN"), nil, "it yields 2 numbers"},
		"an infinite number":          {vector("+Inf"), nil, "it yields an infinite number"},
		"an infinite number below 0":  {vector("-Inf"), nil, "it yields an infinite number"},
		"an infinite scalar":          {`{"resultType":"scalar","result":[130,"+Inf"]}`, nil, "it yields an infinite number"},
		"samples over a range":        {matrix(`[120,"1"]`, `[125,"2"]`), nil, "it yields samples over a range of time"},
		"a histogram":                 {`{"resultType":"vector","result":[{"metric":{},"histogram":[130,{"count":"1","sum":"1","buckets":[]}]}]}`, nil, "it yields a histogram"},
		"what the server can't parse": {"400", nil, "parse error"},
		"what the server can't do":    {"422", nil, "422"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &evaluator{answer: func(string, []float64) string { return test.answer }}
			obs, err := e.values(t, lag, 100, 130)
			switch {
			case test.says == "" && err != nil:
				t.Error(err)
			case test.says != "" && (!errors.Is(err, analysis.ErrRejected) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "metric lag: ")):
				t.Errorf("got %v, want %q", err, test.says)
			}
			if diff := cmp.Diff(test.want, told(obs)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAnInfiniteNumberIsPassedOverLater has a quiet moment, in which something was divided by nothing.
func TestAnInfiniteNumberIsPassedOverLater(t *testing.T) {
	e := &evaluator{answer: func(string, []float64) string { return matrix(`[115,"+Inf"]`, `[130,"2"]`) }}
	obs, err := e.values(t, lag, 100, 115, 130)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"130 0 2/0", "130 1 2/0"}, told(obs)); diff != "" {
		t.Error(diff)
	}
}

// TestTheSecondWayToTellTheArmsApart is that of pushed series, whose labels have other names.
func TestTheSecondWayToTellTheArmsApart(t *testing.T) {
	e := &evaluator{answer: func(expression string, _ []float64) string {
		if strings.Contains(expression, "k8s_pod_name") {
			return vector("5")
		}
		return vector()
	}}
	obs, err := e.values(t, "max(lag{$arm})", 100, 130)
	if err != nil {
		t.Fatal(err)
	}
	if len(obs) != 2 || len(e.asked) != 4 || e.asked[3] != `max(lag{k8s_namespace_name="shop",k8s_pod_name=~"api-2-[a-z0-9]{5}"}) at 130` {
		t.Errorf("%d values after %q", len(obs), e.asked)
	}
}

// TestTheMatchersOfGateways has one arm of each way to know them by Service.
func TestTheMatchersOfGateways(t *testing.T) {
	for preset, want := range map[string][2]string{
		"traefik": {
			`x{service=~"(?:http|grpc)route-shop-.+-svc-shop-api-baseline-[0-9]+@kubernetesgateway|shop-api-baseline-[a-z0-9]+@kubernetes(?:crd)?"} at 130`,
			`x{service=~"(?:http|grpc)route-shop-.+-svc-shop-api-candidate-[0-9]+@kubernetesgateway|shop-api-candidate-[a-z0-9]+@kubernetes(?:crd)?"} at 130`,
		},
		"nginx": {
			`x{namespace="shop",service="api-baseline",canary=""} at 130`,
			`x{namespace="shop",service=~"api-baseline|api-candidate",canary=~"shop-api-candidate-[a-z0-9]+"} at 130`,
		},
	} {
		e := &evaluator{answer: func(string, []float64) string { return vector("5") }}
		server := httptest.NewServer(e)
		t.Cleanup(server.Close)
		source, err := prometheus.New(analysis.Config{Address: server.URL, Preset: preset})
		if err != nil {
			t.Fatal(err)
		}
		query := analysis.Query{Metric: "open", Custom: &analysis.CustomQuery{Value: "x{$arm}"}}
		if _, err := source.Count(t.Context(), release(), []analysis.Query{query}, []analysis.Window{between(100, 130)}); err != nil {
			t.Fatal(err)
		}
		for arm := range want {
			got := strings.ReplaceAll(e.asked[arm], `\\`, "")
			if got != want[arm] {
				t.Errorf("%s asks %s, want %s", preset, got, want[arm])
			}
		}
	}
}

func TestValuesBesideCountsKeepTheOrder(t *testing.T) {
	counts := &fake{}
	for _, pod := range []string{"api-1-aaaaa", "api-2-bbbbb"} {
		counts.add(`jobs_done_total{namespace="shop",pod="`+pod+`"}`, "95:10", "125:60")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.PostFormValue("query"), "max(") {
			fmt.Fprintf(w, `{"status":"success","data":%s}`, vector("5"))
			return
		}
		counts.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	source, err := prometheus.New(analysis.Config{Address: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	value := &analysis.CustomQuery{Value: "max(lag{$arm})"}
	obs, err := source.Count(t.Context(), release(), []analysis.Query{
		{Metric: "lag", Custom: value},
		{Metric: "errors", Errors: true, Custom: &analysis.CustomQuery{Requests: "jobs_done_total{$arm}", Errors: "jobs_failed_total{$arm}"}},
		{Metric: "again", Custom: value},
	}, []analysis.Window{between(100, 130)})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, o := range obs {
		order = append(order, fmt.Sprintf("%s %d %v", o.Metric, o.Arm, o.Value != nil))
	}
	if diff := cmp.Diff([]string{"lag 0 true", "lag 1 true", "errors 0 false", "errors 1 false", "again 0 true", "again 1 true"}, order); diff != "" {
		t.Error(diff)
	}
}

func TestValueQueriesThatCannotBeAskedAreRefusedWithoutAsking(t *testing.T) {
	e := &evaluator{answer: func(string, []float64) string { return vector() }}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	unnamed, baseline := release(), release()
	unnamed.Baseline, unnamed.Candidate = analysis.Target{}, analysis.Target{}
	baseline.Candidate = analysis.Target{}
	for name, test := range map[string]struct {
		query   string
		preset  string
		subject analysis.Subject
		want    string
	}{
		"a query without $arm":             {"max(lag)", "", release(), "metric lag: value query \"max(lag)\": it lacks $arm"},
		"arms that nobody can tell apart":  {lag, "", unnamed, "neither arm has a ReplicaSet"},
		"a gateway's series without route": {lag, "traefik", unnamed, "set spec.traffic"},
		"a baseline alone":                 {lag, "", baseline, ""},
		"all that it takes":                {lag, "", release(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			source, err := prometheus.New(analysis.Config{Address: server.URL, Preset: test.preset, Timeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			qs := []analysis.Query{{Metric: "lag", Custom: &analysis.CustomQuery{Value: test.query}}}
			err = source.Check(test.subject, qs)
			if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, analysis.ErrRejected) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			e.asked = nil
			_, err = source.Count(t.Context(), test.subject, qs, []analysis.Window{between(100, 130)})
			if refused := test.want != ""; refused != errors.Is(err, analysis.ErrRejected) || refused == (len(e.asked) > 0) {
				t.Errorf("Count says %v after %q", err, e.asked)
			}
		})
	}
}
