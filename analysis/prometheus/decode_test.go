package prometheus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/serin-dev/serin/analysis"
)

// read decodes an answer and keeps its series.
func read(r io.Reader) (answer, []series, error) {
	var all []series
	a, err := decode(r, func(s *series) error {
		kept := *s
		kept.Labels = map[string]string{}
		for k, v := range s.Labels {
			kept.Labels[k] = v
		}
		kept.Values, kept.Histograms = slices.Clone(s.Values), slices.Clone(s.Histograms)
		all = append(all, kept)
		return nil
	})
	return a, all, err
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func compared() cmp.Options {
	return cmp.Options{
		cmp.AllowUnexported(series{}, float{}, histogram{}, answer{}), cmpopts.EquateNaNs(), cmpopts.EquateEmpty(),
	}
}

func TestDecodeMatrix(t *testing.T) {
	a, got, err := read(bytes.NewReader(golden(t, "matrix.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := []series{
		{
			Labels: map[string]string{"__name__": "http_requests_total", "code": "200", "pod": "api-1-aaaaa", "path": `/a"b\cé`},
			Values: floats{{1435781430781, 1}, {1435781445781, 1500}, {1435781460000, math.NaN()}, {1435781475007, math.Inf(1)}},
		},
		{
			Labels: map[string]string{"__name__": "http_request_duration_seconds", "pod": "api-1-aaaaa"},
			Histograms: histograms{
				{1435781430781, 42, analysis.Histogram{
					{Lower: -0.25, Upper: 0.25, Count: 3},
					{Lower: 0.25, Upper: 0.5, Count: 12},
					{Lower: 0.5, Upper: 1, Count: 21},
					{Lower: 2, Upper: math.Inf(1), Count: 6},
				}},
				{1435781445781, 0, nil},
			},
		},
		{Labels: map[string]string{}},
	}
	if diff := cmp.Diff(want, got, compared()); diff != "" {
		t.Error(diff)
	}
	if a.status != "success" || a.resultType != "matrix" || len(a.warnings) != 1 {
		t.Errorf("got %+v", a)
	}
}

func TestDecodeVector(t *testing.T) {
	_, got, err := read(bytes.NewReader(golden(t, "vector.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := []series{
		{Labels: map[string]string{"__name__": "up", "job": "prometheus", "instance": "localhost:9090"}, Value: &float{1435781451781, 1}},
		{
			Labels:    map[string]string{"__name__": "h", "job": "node"},
			Histogram: &histogram{1435781451781, 3, analysis.Histogram{{Lower: 0.1, Upper: 0.2, Count: 3}}},
		},
	}
	if diff := cmp.Diff(want, got, compared()); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeError(t *testing.T) {
	a, got, err := read(bytes.NewReader(golden(t, "error.json")))
	if err != nil || len(got) > 0 || a.status != "error" || a.errorType != "bad_data" || !strings.Contains(a.err, "parse error") {
		t.Errorf("got %+v, %v, %v", a, got, err)
	}
}

func TestDecodeRefusesOtherForms(t *testing.T) {
	const frame = `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},%s}]}}`
	for _, text := range []string{
		`"values":[[1]]`, `"values":[[1,"2","3"]]`, `"values":[["x","2"]]`, `"values":[[1,"x"]]`, `"values":[[1,null]]`, `"values":{}`,
		`"values":[[1,{}]]`, `"values":"1"`, `"values":[1,"2"]`, `"values":[[1e300,"2"]]`, `"values":[[1,"\u0031"]]`,
		`"histograms":[[1,{"count":"x"}]]`, `"histograms":[[1,[]]]`, `"histograms":[[1,{"count":"1","buckets":[[0,"1","2"]]}]]`,
		`"histograms":[[1,{"count":"1","buckets":[["1","2","3","4","5"]]}]]`, `"histogram":[1]`, `"value":[]`,
	} {
		if _, got, err := read(strings.NewReader(fmt.Sprintf(frame, text))); err == nil {
			t.Errorf("%s is read as %+v", text, got)
		}
	}
}

func TestDecodeTellsAnAnswerThatBrokeOff(t *testing.T) {
	whole := golden(t, "matrix.json")
	whole = bytes.TrimSpace(whole)
	for n := range whole {
		if _, _, err := read(bytes.NewReader(whole[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("after %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// plain decodes samples as encoding/json does, for comparison.
func plain(data []byte) ([]float, error) {
	var pairs [][]any
	if !json.Valid(data) {
		return nil, errShape
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&pairs); err != nil {
		return nil, err
	}
	var out []float
	for _, p := range pairs {
		if len(p) != 2 {
			return nil, errShape
		}
		var v [2]float64
		for i := range p {
			var text string
			switch x := p[i].(type) {
			case json.Number:
				text = x.String()
			case string:
				text = x
			default:
				return nil, errShape
			}
			var err error
			if v[i], err = strconv.ParseFloat(text, 64); err != nil && !errors.Is(err, strconv.ErrRange) {
				return nil, err
			}
		}
		if at := math.Round(v[0] * 1000); math.Abs(at) < 1<<53 {
			out = append(out, float{int64(at), v[1]})
		} else {
			return nil, errShape
		}
	}
	return out, nil
}

// FuzzDecode has no input panic, and samples be read as encoding/json reads them.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"matrix.json", "vector.json", "error.json"} {
		f.Add(golden(f, name))
	}
	f.Add([]byte(`[[1435781451.781,"1"],[2,"NaN"]]`))
	f.Add([]byte(" [ [ 1 , \"2\" ] , [ 3 , 4 ] ] "))
	f.Add([]byte(`[1435781451.781,{"count":"42","buckets":[[0,"1","2","3"]]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, _ = read(bytes.NewReader(data))
		var h histogram
		_ = json.Unmarshal(data, &h)
		var got floats
		err := json.Unmarshal(data, &got)
		if bytes.ContainsRune(data, '\\') || bytes.Contains(data, []byte("null")) {
			return // numbers with escapes are refused, though they are valid
		}
		want, wantErr := plain(data)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v, but encoding/json: %v", data, err, wantErr)
		}
		if diff := cmp.Diff(want, []float(got), compared()); err == nil && diff != "" {
			t.Errorf("%q:\n%s", data, diff)
		}
	})
}

// BenchmarkDecode reads classic buckets of 100 series with 60 samples each, as a minute at one scrape a second.
func BenchmarkDecode(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"status":"success","data":{"resultType":"matrix","result":[`)
	for i := range 100 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"metric":{"__name__":"http_request_duration_seconds_bucket","namespace":"shop","pod":"api-1-aaaaa","le":"%d"},"values":[`, i)
		for j := range 60 {
			if j > 0 {
				text.WriteByte(',')
			}
			fmt.Fprintf(&text, `[17957810%d.781,"%d"]`, j+10, 100000+37*j)
		}
		text.WriteString("]}")
	}
	text.WriteString("]}}")
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(strings.NewReader(text.String()), func(*series) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
