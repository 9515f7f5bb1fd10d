package trace_test

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/serin-dev/serin/analysis/trace"
)

// small is a trace in five lines: header, layout, two looks, end.
const small = `{"serinTrace":1,"canary":"c","namespace":"n","baseline":{"revision":"b"},"candidate":{"revision":"c"},"interval":"15s","deadline":"15m0s","onInconclusive":"RollBack","steps":[{"weight":100,"bake":"1m0s"}],"policy":{"falseRollbackRate":0.01,"minRequests":50,"warmUp":"30s"},"metrics":[{"name":"latency","quantile":0.95,"relative":0.1}]}
{"layout":1,"upTo":[0.1,"+Inf"]}
{"from":"2026-03-04T12:00:00Z","to":"2026-03-04T12:00:15Z","weight":10,"next":20,"pods":[{"pod":"p","arm":"candidate"}],"counts":[{"metric":"latency","arm":"baseline","requests":7,"errors":2,"layout":1,"buckets":[5,2]}]}
{"from":"2026-03-04T12:00:15Z","to":"2026-03-04T12:00:30Z","weight":10,"next":20,"counts":[{"metric":"latency","arm":"baseline","requests":9,"errors":2,"layout":1,"buckets":[6,3]}]}
{"end":"2026-03-04T12:00:31Z","outcome":"RolledBack","message":"worse"}
`

func TestAReaderNamesLineAndField(t *testing.T) {
	if _, _, err := read(strings.NewReader(small)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ from, to, want string }{
		"no trace":                     {`"serinTrace":1,`, ``, `line 1: this is no trace: the first line of one begins with {"serinTrace":1`},
		"a newer version":              {`"serinTrace":1,`, `"serinTrace":2,`, "line 1: serinTrace: the trace has version 2, and this kubectl-serin reads version 1: take the kubectl-serin of the Serin that wrote it"},
		"a field nobody knows":         {`"weight":10,`, `"weight":10,"wieght":10,`, `line 3: json: unknown field "wieght"`},
		"a word for a number":          {`"weight":10,`, `"weight":"ten",`, "line 3: json: cannot unmarshal string into Go struct field lookLine.weight of type int32"},
		"a weight beyond all traffic":  {`"weight":10,`, `"weight":101,`, "line 3: weight: 101 is no share in percent, 0 to 100"},
		"a next weight below":          {`"next":20`, `"next":5`, "line 3: next: 5 is no weight from 10 to 100"},
		"no length":                    {`"to":"2026-03-04T12:00:15Z"`, `"to":"2026-03-04T12:00:00Z"`, "line 3: to: the look ends at 2026-03-04T12:00:00Z, which is not after its beginning"},
		"an overlap":                   {`{"from":"2026-03-04T12:00:15Z"`, `{"from":"2026-03-04T12:00:14Z"`, "line 4: from: the look begins at 2026-03-04T12:00:14Z, before the end of the one before it"},
		"looks of no release":          {`"next":20,"counts"`, `"next":20,"looks":-1,"counts"`, "line 4: looks: a line tells of at least one look"},
		"an arm that is none":          {`"arm":"candidate"`, `"arm":"canary"`, `line 3: "canary" is no arm: write baseline or candidate`},
		"a count that sinks":           {`"requests":9`, `"requests":6`, "line 4: counts[0].requests: less than a line before it says: counts are sums since the header"},
		"errors that sink":             {`"requests":9,"errors":2`, `"requests":9`, "line 4: counts[0].errors: less than a line before it says: counts are sums since the header"},
		"a bucket that sinks":          {`[6,3]`, `[6,1]`, "line 4: counts[0].buckets[1]: less than a line before it says: counts are sums since the header"},
		"a negative count":             {`"requests":7`, `"requests":-7`, "line 3: counts[0].requests: write a number of 0 or more, without an exponent"},
		"a count with an exponent":     {`"requests":7`, `"requests":1e9`, "line 3: counts[0].requests: write a number of 0 or more, without an exponent"},
		"a count in words":             {`"requests":7`, `"requests":"7"`, "line 3: counts[0].requests: write a number of 0 or more, without an exponent"},
		"more than anybody counts":     {`"requests":7`, `"requests":10000000000000000`, "line 3: counts[0].requests: 1e+16 is no count between 0 and 1e+15"},
		"too few buckets":              {`[5,2]`, `[5]`, "line 3: counts[0].buckets: there are 1, and layout 1 has 2"},
		"a layout nobody told of":      {`"layout":1,"buckets":[5,2]`, `"layout":2,"buckets":[5,2]`, "line 3: counts[0].layout: no line before tells of layout 2"},
		"a layout told twice":          {`{"end"`, `{"layout":1,"upTo":[1]}` + "\n" + `{"end"`, "line 5: layout: 1 is taken, or below 1"},
		"a layout without buckets":     {`"upTo":[0.1,"+Inf"]`, `"upTo":[]`, "line 2: upTo: write the upper boundary of at least one bucket"},
		"a layout that overlaps":       {`"upTo":[0.1,"+Inf"]`, `"upTo":[0.1,0.05]`, "line 2: upTo: bucket (0.1, 0.05] holds nothing"},
		"lower boundaries missing":     {`"upTo":[0.1,"+Inf"]`, `"upTo":[0.1,"+Inf"],"lower":[0]`, "line 2: lower: there are 1 lower boundaries for 2 upper ones"},
		"a boundary in words":          {`"upTo":[0.1,"+Inf"]`, `"upTo":[0.1,"Inf"]`, `line 2: upTo and lower: write seconds, or "+Inf" for the last upper boundary`},
		"a line of another kind":       {`{"layout":1,`, `{"form":1,`, "line 2: the line is neither a look (from), nor a layout, nor the end"},
		"an empty line":                {"\n" + `{"layout"`, "\n\n" + `{"layout"`, "line 2: unexpected end of JSON input"},
		"a duration without its unit":  {`"interval":"15s"`, `"interval":"15"`, `line 1: "15" is no duration: write a number and its unit, such as 15s or 1m`},
		"an outcome nobody knows":      {`"RolledBack"`, `"Aborted"`, `line 5: outcome: "Aborted" is none of Promoted, RolledBack, Left and Full`},
		"an end without a time":        {`"end":"2026-03-04T12:00:31Z"`, `"end":null`, "line 5: end: write when the release ended"},
		"something after the end":      {`"message":"worse"}` + "\n", `"message":"worse"}` + "\n{}\n", "line 6: there is something after the end: delete it"},
		"a line cut short by a crash":  {`,"message":"worse"}` + "\n", ``, "line 5: the line is cut short: delete it to read the rest"},
		"a line without end":           {`"message":"worse"`, `"message":"` + strings.Repeat("x", 5<<20) + `"`, "line 5: the line is longer than 4194304 bytes, which no trace's is"},
		"a worse that is no direction": {`"quantile":0.95`, `"worse":"up"`, `line 1: "up" is no direction: write higher or lower`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(small, tc.from, tc.to, 1)
			if text == small {
				t.Fatal("nothing was changed")
			}
			_, _, err := read(strings.NewReader(text))
			if err == nil || err.Error() != tc.want {
				t.Errorf("error is\n  %v, want\n  %s", err, tc.want)
			}
		})
	}
}

func TestAnEmptyFileIsNoTrace(t *testing.T) {
	if _, _, err := read(strings.NewReader("")); err == nil || err.Error() != "the trace is empty" {
		t.Errorf("error is %v", err)
	}
}

func TestAZippedTraceThatIsCutShortIsTold(t *testing.T) {
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	zip.Write([]byte(small))
	zip.Close()
	if _, looks, err := read(bytes.NewReader(zipped.Bytes())); err != nil || len(looks) != 2 {
		t.Errorf("%d looks, error %v", len(looks), err)
	}
	if _, _, err := read(bytes.NewReader(zipped.Bytes()[:zipped.Len()-20])); err == nil || !strings.Contains(err.Error(), "the trace can't be read on: unexpected EOF") {
		t.Errorf("error is %v", err)
	}
	if _, _, err := read(strings.NewReader("H4sI!")); err == nil {
		t.Error("what is neither text nor zipped was read")
	}
}

// FuzzReader reads anything. What it takes for a trace, it writes and reads again alike.
func FuzzReader(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.ReplaceAll(small, `"requests":7`, `"requests":7.25`)))
	var text bytes.Buffer
	w, _ := trace.NewWriter(&text, header(), plenty)
	for _, l := range anything(rand.New(rand.NewPCG(5, 7))) {
		w.Look(l)
	}
	f.Add(text.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		r, looks, err := read(bytes.NewReader(in))
		if err != nil {
			return
		}
		text := write(t, r.Header(), plain(looks))
		again, got, err := read(strings.NewReader(text))
		if err != nil {
			t.Fatalf("what was written can't be read: %v\n%s", err, text)
		}
		if diff := cmp.Diff(r.Header(), again.Header()); diff != "" {
			t.Errorf("header:\n%s", diff)
		}
		if diff := cmp.Diff(plain(looks), plain(got), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("looks:\n%s", diff)
		}
		c := trace.NewCompact(r.Header())
		for _, l := range looks {
			if err := c.Look(l.Look); err != nil {
				t.Fatal(err)
			}
		}
		// Totals may be more than anybody counts, which is told.
		if packed, err := c.Pack(trace.End{At: began, Outcome: trace.Left}, plenty); err == nil {
			if _, _, err := read(bytes.NewReader(packed)); err != nil {
				t.Fatalf("what was packed can't be read: %v", err)
			}
		}
	})
}
