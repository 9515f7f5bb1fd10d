package prometheus_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// fake is a server that speaks the documented wire format of Prometheus' HTTP API and evaluates the few forms of expression
// that this package sends. Times are seconds after the epoch.
type fake struct {
	// closed ranges include their beginning, as those of Prometheus 2 do.
	closed   bool
	series   []*fakeSeries
	requests atomic.Int64
}

// fakeSeries is a series with its samples: text of a number, or JSON of a histogram.
type fakeSeries struct {
	labels  map[string]string
	samples []fakeSample
}

type fakeSample struct {
	at    float64
	value string
}

// add adds a series written as in PromQL, with samples "time:value".
func (f *fake) add(selector string, samples ...string) *fake {
	s := &fakeSeries{labels: map[string]string{}}
	name, rest, _ := strings.Cut(selector, "{")
	s.labels["__name__"] = name
	for _, m := range fakeMatcher.FindAllStringSubmatch(rest, -1) {
		s.labels[m[1]], _ = strconv.Unquote(m[3])
	}
	for _, sample := range samples {
		at, value, _ := strings.Cut(sample, ":")
		seconds, err := strconv.ParseFloat(at, 64)
		if err != nil {
			panic(err)
		}
		s.samples = append(s.samples, fakeSample{seconds, value})
	}
	f.series = append(f.series, s)
	return f
}

var (
	fakeMatcher = regexp.MustCompile(`([a-zA-Z_]\w*)(=~|!=|!~|=)("(?:[^"\\]|\\.)*")`)
	fakeRange   = regexp.MustCompile(`^(last_over_time\()?(\{.*?\})\[(\d+)ms\]\)?$`)
	fakeUp      = regexp.MustCompile(`^last_over_time\((\{.*?\})\[(\d+)ms\]\) == 1 or max_over_time\(\{.*?\}\[(\d+)ms\]\) - 1$`)
)

func (s *fakeSeries) matches(selector string) bool {
	for _, m := range fakeMatcher.FindAllStringSubmatch(selector, -1) {
		want, err := strconv.Unquote(m[3])
		if err != nil {
			return false
		}
		got := s.labels[m[1]]
		equal := got == want
		if strings.HasSuffix(m[2], "~") {
			equal = regexp.MustCompile("^(?s:" + want + ")$").MatchString(got)
		}
		if equal == strings.HasPrefix(m[2], "!") {
			return false
		}
	}
	return true
}

// within are the samples in (at-length, at].
func (s *fakeSeries) within(at, length float64, closed bool) []fakeSample {
	var out []fakeSample
	for _, sample := range s.samples {
		if (sample.at > at-length || closed && sample.at == at-length) && sample.at <= at {
			out = append(out, sample)
		}
	}
	return out
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests.Add(1)
	if r.Method != http.MethodPost || r.URL.Path != "/api/v1/query" || r.ParseForm() != nil {
		http.Error(w, "unexpected request", http.StatusMethodNotAllowed)
		return
	}
	at, _ := strconv.ParseFloat(r.PostForm.Get("time"), 64)
	kind, result, err := f.evaluate(r.PostForm.Get("query"), at)
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"status":"error","errorType":"bad_data","error":%q}`, err)
		return
	}
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[%s]}}`, kind, strings.Join(result, ","))
}

func (f *fake) evaluate(query string, at float64) (kind string, result []string, err error) {
	if query == "vector(1)" {
		return "vector", []string{`{"metric":{},"value":[1435781451.781,"1"]}`}, nil
	}
	if m := fakeUp.FindStringSubmatch(query); m != nil {
		return "vector", f.up(m[1], at, seconds(m[2]), seconds(m[3])), nil
	}
	m := fakeRange.FindStringSubmatch(query)
	if m == nil {
		return "", nil, fmt.Errorf("parse error: %s", query)
	}
	kind = "matrix"
	if m[1] != "" {
		kind = "vector"
	}
	for _, s := range f.series {
		samples := s.within(at, seconds(m[3]), f.closed)
		if len(samples) == 0 || !s.matches(m[2]) {
			continue
		}
		labels, _ := json.Marshal(s.labels)
		if kind == "vector" {
			key, pair := samples[len(samples)-1].json()
			result = append(result, fmt.Sprintf(`{"metric":%s,%q:%s}`, labels, key, pair))
			continue
		}
		lists := map[string][]string{}
		for _, sample := range samples {
			key, pair := sample.json()
			lists[key+"s"] = append(lists[key+"s"], pair)
		}
		text := `{"metric":` + string(labels)
		for key, pairs := range lists {
			text += fmt.Sprintf(`,%q:[%s]`, key, strings.Join(pairs, ","))
		}
		result = append(result, text+"}")
	}
	return kind, result, nil
}

func (f *fake) up(selector string, at, short, long float64) (result []string) {
	for _, s := range f.series {
		recent, past := s.within(at, short, f.closed), s.within(at, long, f.closed)
		if !s.matches(selector) || len(past) == 0 {
			continue
		}
		value := -1
		for _, sample := range past {
			if sample.value == "1" {
				value = 0
			}
		}
		if len(recent) > 0 && recent[len(recent)-1].value == "1" {
			value = 1
		}
		labels, _ := json.Marshal(s.labels)
		result = append(result, fmt.Sprintf(`{"metric":%s,"value":[%v,"%d"]}`, labels, at, value))
	}
	return result
}

func (s fakeSample) json() (key, pair string) {
	if strings.HasPrefix(s.value, "{") {
		return "histogram", fmt.Sprintf(`[%v,%s]`, s.at, s.value)
	}
	return "value", fmt.Sprintf(`[%v,%q]`, s.at, s.value)
}

func seconds(millis string) float64 {
	v, _ := strconv.ParseFloat(millis, 64)
	return v / 1000
}

// count counts with the fake between two times, in seconds.
func (f *fake) count(t *testing.T, from, to float64, qs ...analysis.Query) ([]analysis.Observation, error) {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	source, err := prometheus.New(analysis.Config{Address: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return source.Count(t.Context(), release(), qs, []analysis.Window{between(from, to)})
}

// release is the subject of tests.
func release() analysis.Subject {
	return analysis.Subject{
		Namespace: "shop",
		Baseline:  analysis.Target{ReplicaSet: "api-1", Service: "api-baseline", Port: 80, Route: "api"},
		Candidate: analysis.Target{ReplicaSet: "api-2", Service: "api-candidate", Port: 80, Route: "api"},
	}
}

func between(from, to float64) analysis.Window {
	at := func(s float64) time.Time { return time.UnixMilli(int64(s * 1000)) }
	return analysis.Window{From: at(from), To: at(to)}
}
